// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import Dispatch
internal import Foundation
internal import NodeRuntime
internal import Synchronization

/// What makes groups of submissions durable; lives on one thread.
protocol GroupStore {
    /// Commits all submissions in one transaction.
    ///
    /// - Returns: for each of them `nil`, or why it alone was refused.
    /// - Throws: where nothing of the whole group happened.
    mutating func commit(_ group: ArraySlice<Submission>) throws(EventLogError) -> [EventLogError?]
    /// Does upkeep between two groups.
    mutating func settle(isIdle: Bool) throws(EventLogError)
    /// Ends it; nothing is called afterwards.
    ///
    /// After a fatal failure nothing more may be written.
    mutating func close(afterFailure: Bool)
}

/// Operations which belong together, and whom to tell.
struct Submission: Sendable {
    let operations: [LogOperation]
    let completion: @Sendable (EventLogError?) -> Void

    /// How much it adds to a transaction.
    ///
    /// Unit: bytes, roughly.
    var byteCount: Int {
        operations.reduce(0) { sum, operation in
            switch operation {
            case .append(let batch, _), .keepState(let batch, _): sum + batch.sealed.byteCount
            case .blob(_, let bytes), .value(_, let bytes): sum + bytes.count
            case .records(let records):
                records.reduce(sum) {
                    $0 + $1.sealed.body.count + ($1.sealed.credential?.count ?? 0) + 128
                }
            case .applied, .receipt, .dispose, .epoch, .pin, .truncate, .floor,
                .stateComplete:
                sum + 128
            }
        }
    }
}

/// The writer's thread and its mailbox.
///
/// While one transaction is being synced, submissions gather; the next transaction takes all of
/// them, up to a bound. So the number of syncs follows the disk, not the number of submissions.
///
/// Law: a submission succeeds only if everything submitted before it succeeded or was refused for
/// its own sake. Therefore a failed transaction also fails what had been submitted by then: it was
/// built on what was lost.
final class GroupCommit: Sendable {
    /// Bounds of one transaction; a single submission may exceed them.
    ///
    /// They keep completions coming while a long queue is worked off.
    static let groupOperationLimit = 4_096
    /// Unit: bytes.
    static let groupByteLimit = 4 << 20

    private struct Mailbox {
        var waiting: [Submission] = []
        var isWriterAsleep = false
        var refusal: EventLogError?
        var isFinished = false
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private let mailbox = Mutex(Mailbox())
    private let wakeUp = DispatchSemaphore(value: 0)
    private let refusals = DispatchQueue(label: "event log refusals")

    /// Starts the thread, which makes its store first.
    init(makeStore: @escaping @Sendable () -> any GroupStore) {
        Thread {
            // For top(1) and perf(1).
            Thread.current.name = "event-log"
            self.run(makeStore())
        }.start()
    }

    /// Puts operations into the mailbox.
    func submit(_ submission: Submission) {
        let (refusal, mustWake) = mailbox.withLock { mailbox -> (EventLogError?, Bool) in
            if let refusal = mailbox.refusal { return (refusal, false) }
            mailbox.waiting.append(submission)
            defer { mailbox.isWriterAsleep = false }
            return (nil, mailbox.isWriterAsleep)
        }
        if mustWake { wakeUp.signal() }
        if let refusal {
            // Never on the caller's stack: it may hold what its completion needs.
            refusals.async { submission.completion(refusal) }
        }
    }

    /// Lets the thread finish what is in the mailbox, and refuses everything else.
    func requestClose() {
        let mustWake = mailbox.withLock { mailbox in
            if mailbox.refusal == nil {
                mailbox.refusal = EventLogError(
                    code: .closed, operation: "write to the event log", detail: "it was closed")
            }
            defer { mailbox.isWriterAsleep = false }
            return mailbox.isWriterAsleep
        }
        if mustWake { wakeUp.signal() }
    }

    /// Requests the end and returns when the thread has come to it.
    func close() async {
        requestClose()
        await withCheckedContinuation { continuation in
            let isFinished = mailbox.withLock { mailbox in
                if !mailbox.isFinished { mailbox.closers.append(continuation) }
                return mailbox.isFinished
            }
            if isFinished { continuation.resume() }
        }
    }

    private func run(_ made: any GroupStore) {
        var store = made
        var failure: EventLogError?
        while failure == nil, let backlog = take() {
            failure = write(backlog, to: &store)
        }
        if let failure { failWaiting(failure) }
        store.close(afterFailure: failure != nil)
        let closers = mailbox.withLock { mailbox in
            mailbox.isFinished = true
            defer { mailbox.closers = [] }
            return mailbox.closers
        }
        for closer in closers { closer.resume() }
    }

    /// Everything in the mailbox; waits for it, and returns `nil` at the end.
    private func take() -> [Submission]? {
        while true {
            let (taken, isEnding) = mailbox.withLock { mailbox -> ([Submission], Bool) in
                defer { mailbox.waiting = [] }
                mailbox.isWriterAsleep = mailbox.waiting.isEmpty && mailbox.refusal == nil
                return (mailbox.waiting, mailbox.refusal != nil)
            }
            if !taken.isEmpty { return taken }
            if isEnding { return nil }
            wakeUp.wait()
        }
    }

    /// Commits a backlog group by group; returns what ends the log, if something does.
    private func write(
        _ backlog: [Submission], to store: inout some GroupStore
    ) -> EventLogError? {
        var rest = backlog[...]
        while !rest.isEmpty {
            let group = Self.group(from: rest)
            rest = rest[group.endIndex...]
            do throws(EventLogError) {
                let results = try store.commit(group)
                for (submission, result) in zip(group, results) { submission.completion(result) }
            } catch {
                for submission in group + rest { submission.completion(error) }
                if error.isFatal { return error }
                for submission in takeWaiting() { submission.completion(error) }
                return nil
            }
            do throws(EventLogError) {
                try store.settle(isIdle: rest.isEmpty && isQuiet)
            } catch {
                guard error.isFatal else { continue }
                for submission in rest { submission.completion(error) }
                return error
            }
        }
        return nil
    }

    /// The longest beginning that is within the bounds, and at least one submission.
    static func group(from backlog: ArraySlice<Submission>) -> ArraySlice<Submission> {
        var operations = 0
        var bytes = 0
        var end = backlog.startIndex
        for submission in backlog {
            operations += submission.operations.count
            bytes += submission.byteCount
            let isWithin = operations <= groupOperationLimit && bytes <= groupByteLimit
            guard isWithin || end == backlog.startIndex else { break }
            end += 1
        }
        return backlog[..<end]
    }

    private var isQuiet: Bool { mailbox.withLock { $0.waiting.isEmpty } }

    private func takeWaiting() -> [Submission] {
        mailbox.withLock { mailbox in
            defer { mailbox.waiting = [] }
            return mailbox.waiting
        }
    }

    /// Ends the log: what waits and what still comes gets the error.
    private func failWaiting(_ error: EventLogError) {
        let waiting = mailbox.withLock { mailbox in
            mailbox.refusal = error
            defer { mailbox.waiting = [] }
            return mailbox.waiting
        }
        for submission in waiting { submission.completion(error) }
    }
}
