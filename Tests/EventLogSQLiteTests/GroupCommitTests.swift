// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Dispatch
import NodeRuntime
import NodeRuntimeTesting
import Synchronization
import Testing

@testable import EventLogSQLite

/// A disk that does what a test says, one group at a time.
private final class ScriptedDisk: Sendable {
    struct Record {
        var groups: [Int] = []
        var isClosedAfterFailure: Bool?
    }

    let record = Mutex(Record())
    let mayCommit = DispatchSemaphore(value: 0)
    let hasBegun = DispatchSemaphore(value: 0)
    private let failures: Mutex<[EventLogError?]>

    /// Each commit takes one of these, and succeeds where there are none left.
    init(_ failures: [EventLogError?]) { self.failures = Mutex(failures) }

    func nextFailure() -> EventLogError? {
        failures.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }
}

private struct ScriptedStore: GroupStore {
    let disk: ScriptedDisk

    mutating func commit(
        _ group: ArraySlice<Submission>
    ) throws(EventLogError) -> [EventLogError?] {
        disk.hasBegun.signal()
        disk.mayCommit.wait()
        disk.record.withLock { $0.groups.append(group.count) }
        if let failure = disk.nextFailure() { throw failure }
        return group.map { _ in nil }
    }

    mutating func settle(isIdle: Bool) {}

    mutating func close(afterFailure: Bool) {
        disk.record.withLock { $0.isClosedAfterFailure = afterFailure }
    }
}

private final class Answers: Sendable {
    private let answers = Mutex<[EventLogError.Code?]>([])
    var all: [EventLogError.Code?] { answers.withLock { $0 } }
    func note(_ error: EventLogError?) { answers.withLock { $0.append(error?.code) } }
}

@Suite("Group commit") struct GroupCommitTests {
    private func submission(_ answers: Answers, byteCount: Int = 1) -> Submission {
        Submission(
            operations: [.value(name: "x", bytes: [UInt8](repeating: 1, count: byteCount))],
            completion: { answers.note($0) })
    }

    private func failure(_ code: EventLogError.Code) -> EventLogError {
        EventLogError(code: code, operation: "write", detail: "scripted")
    }

    @Test("All that gathers while a group is written becomes the next group")
    func gathering() async {
        let disk = ScriptedDisk([])
        let commits = GroupCommit { ScriptedStore(disk: disk) }
        let answers = Answers()
        commits.submit(submission(answers))
        disk.hasBegun.wait()
        for _ in 0..<100 { commits.submit(submission(answers)) }
        disk.mayCommit.signal()
        disk.mayCommit.signal()
        await commits.close()
        #expect(disk.record.withLock { $0.groups } == [1, 100])
        #expect(answers.all == Array(repeating: nil, count: 101))
    }

    @Test("A group is bounded by operations and bytes, but one submission always fits")
    func bounds() {
        let answers = Answers()
        let small = Array(repeating: submission(answers), count: 5_000)
        #expect(GroupCommit.group(from: small[...]).count == 4_096)
        let large = Array(repeating: submission(answers, byteCount: 1 << 20), count: 9)
        #expect(GroupCommit.group(from: large[2...]).count == 4)
        let huge = Array(repeating: submission(answers, byteCount: 5 << 20), count: 2)
        #expect(GroupCommit.group(from: huge[...]).count == 1)
    }

    @Test("A full disk fails what was submitted by then, and the log goes on")
    func fullDisk() async throws {
        let disk = ScriptedDisk([failure(.diskFull)])
        let commits = GroupCommit { ScriptedStore(disk: disk) }
        let answers = Answers()
        commits.submit(submission(answers))
        disk.hasBegun.wait()
        for _ in 0..<3 { commits.submit(submission(answers)) }
        disk.mayCommit.signal()
        try await eventually { answers.all.count == 4 }
        commits.submit(submission(answers))
        disk.mayCommit.signal()
        await commits.close()
        #expect(answers.all == [.diskFull, .diskFull, .diskFull, .diskFull, nil])
        #expect(disk.record.withLock { $0.groups } == [1, 1])
    }

    @Test("A failed sync is fatal once: nothing is written after it")
    func failedSync() async throws {
        let disk = ScriptedDisk([nil, failure(.inputOutput)])
        let commits = GroupCommit { ScriptedStore(disk: disk) }
        let answers = Answers()
        commits.submit(submission(answers))
        disk.hasBegun.wait()
        disk.mayCommit.signal()
        try await eventually { answers.all.count == 1 }
        commits.submit(submission(answers))
        disk.hasBegun.wait()
        for _ in 0..<2 { commits.submit(submission(answers)) }
        disk.mayCommit.signal()
        try await eventually { answers.all.count == 4 }
        commits.submit(submission(answers))
        await commits.close()
        try await eventually { answers.all.count == 5 }
        #expect(answers.all == [nil] + Array(repeating: .inputOutput, count: 4))
        #expect(disk.record.withLock { $0.groups } == [1, 1])
        #expect(disk.record.withLock { $0.isClosedAfterFailure } == true)
    }
}
