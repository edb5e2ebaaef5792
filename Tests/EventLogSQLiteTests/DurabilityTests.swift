// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import EventLogSQLite
import Foundation
import Glibc
import NodeRuntime
import NodeRuntimeTesting
import Synchronization
import Testing

@Suite("Durability") struct DurabilityTests {
    /// Counts what was promised.
    private final class Promises: Sendable {
        private let counts = Mutex((kept: 0, failures: [EventLogError]()))
        var kept: Int { counts.withLock { $0.kept } }
        var failures: [EventLogError] { counts.withLock { $0.failures } }
        func settle(_ error: EventLogError?) {
            counts.withLock { counts in
                if let error { counts.failures.append(error) } else { counts.kept += 1 }
            }
        }
    }

    @Test(
        "A copy taken at any moment holds all that was promised before it", arguments: [3, 90, 700])
    func killedWhileWriting(promisedBeforeTheCopy: Int) async throws {
        let directory = try TemporaryDirectory()
        let log = try await directory.open()
        let batches = Sample.batches(
            of: Sample.log(1), count: 2_000, size: 3, bodyByteCount: 5_000)
        let promises = Promises()
        for batch in batches {
            log.submit([.append(batch, .accepted)]) { promises.settle($0) }
        }
        try await eventually { promises.kept >= promisedBeforeTheCopy }

        let copy = try TemporaryDirectory()
        var promised = 0
        repeat {
            promised = promises.kept
        } while try !copyAsKilled(directory, to: copy)
        let survivor = try await copy.open()
        let stored = try await survivor.batches(afterPosition: 0, limit: 10_000)
        #expect(stored.count >= promised)
        #expect(stored.map(\.sealed) == batches.prefix(stored.count).map(\.sealed))
        let last = try #require(stored.indices.last)
        #expect(try await survivor.heads() == [Sample.head(batches[last])])
        try await survivor.append(Array(batches.dropFirst(stored.count)))
        await survivor.close()
        await log.close()
        #expect(promises.kept == 2_000)
    }

    @Test(
        "A full disk fails what waits, keeps what was, and mends itself",
        .enabled(if: geteuid() == 0, "mounting a small disk takes root"))
    func fullDisk() async throws {
        let directory = try TemporaryDirectory()
        guard mount(directory.path, byteCount: 4 << 20) else { return }
        defer { unmount(directory.path) }
        let log = try await directory.open()
        let ballast = directory.path + "/ballast"
        // More than the log will hold: its journal and its file take that twice for a while.
        try Data(count: 2_560 << 10).write(to: URL(filePath: ballast))
        let batches = Sample.batches(
            of: Sample.log(1), count: 200, size: 1, bodyByteCount: 20_000)
        let promises = Promises()
        for batch in batches {
            log.submit([.append(batch, .accepted)]) { promises.settle($0) }
        }
        try await eventually { promises.kept + promises.failures.count == 200 }
        let kept = promises.kept
        #expect(promises.failures.map(\.code) == Array(repeating: .diskFull, count: 200 - kept))
        #expect(!promises.failures.isEmpty)
        #expect(promises.failures.allSatisfy { $0.isRetryable })
        #expect(try await log.batches(afterPosition: 0, limit: 1_000).count == kept)

        try FileManager.default.removeItem(atPath: ballast)
        let next = batches[kept..<(kept + 5)]
        for batch in next { try await append(batch, to: log) }
        await log.close()
        let again = try await directory.open()
        let stored = try await again.batches(afterPosition: 0, limit: 1_000)
        #expect(stored.map(\.sealed) == batches.prefix(kept + 5).map(\.sealed))
        await again.close()
    }

    /// Takes what a killed process leaves: both files as they are, and no shared memory.
    ///
    /// Unlike a killed process this one goes on: `false` where it began the journal anew meanwhile,
    /// so that the two copies do not belong together.
    private func copyAsKilled(
        _ original: TemporaryDirectory, to copy: TemporaryDirectory
    ) throws -> Bool {
        let journal = URL(filePath: original.file + "-wal")
        // Its header has a salt that changes each time. Source: sqlite.org/fileformat2.html, 4.1.
        let header = try Data(contentsOf: journal).prefix(32)
        try original.contents().write(to: URL(filePath: copy.file))
        let taken = try Data(contentsOf: journal)
        try taken.write(to: URL(filePath: copy.file + "-wal"))
        return taken.prefix(32) == header
    }

    /// Appends, once more where it came so early that it was refused with a full disk's backlog.
    private func append(_ batch: VerifiedBatch, to log: any EventLog) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            do throws(EventLogError) {
                return try await log.append([batch])
            } catch {
                guard error.code == .diskFull, ContinuousClock.now < deadline else { throw error }
                await Task.yield()
            }
        }
    }

    /// Puts a small memory disk on a directory; `false` where this process may not.
    private func mount(_ path: String, byteCount: Int) -> Bool {
        Glibc.mount("tmpfs", path, "tmpfs", 0, "size=\(byteCount)") == 0
    }

    private func unmount(_ path: String) {
        // Lazily, so that a failed test leaves nothing behind either.
        #expect(umount2(path, CInt(MNT_DETACH)) == 0)
    }
}
