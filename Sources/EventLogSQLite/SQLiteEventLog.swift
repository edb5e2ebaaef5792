// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
internal import GRDB
public import NodeRuntime

/// The event log in one SQLite file.
///
/// One row a batch, write-ahead log, `synchronous=FULL`. One thread of its own writes, and commits
/// in groups; reads run on a few connections beside it and never make it wait. An I/O error while
/// writing closes the log for good: the process has to start again and look at what is there.
/// The format of a database belongs to SQLite: it is never trusted further than to find batches,
/// whose signatures are checked by whoever believes them.
///
/// Law: see ``EventLog``. Completions of submissions that come after the end run on a queue of
/// their own, never on the caller's stack. After an `.inputOutput` it is unknown whether the
/// transaction happened; the next start tells.
/// Source: docs/internals/data-model.md.
public final class SQLiteEventLog: EventLog {
    private let file: LogFile
    private let commits: GroupCommit

    /// Opens the log in a directory, or makes both.
    ///
    /// Blocks while it looks for damage; call it before anything else runs.
    ///
    /// - Parameters:
    ///   - directory: The state directory; gets `events.sqlite` and `events.lock`, mode 0600.
    ///   - checkLimit: Files up to this size are searched for damage whole. Unit: bytes.
    /// - Throws: `.busy` while another log holds the directory, `.schemaTooNew`, `.corrupt` for a
    ///   damaged or foreign file, `.diskFull`, `.inputOutput`.
    public init(directory: String, checkLimit: Int = 256 << 20) throws(EventLogError) {
        let file = try LogFile(directory: directory, checkLimit: checkLimit)
        let memory = try file.writerMemory()
        self.file = file
        commits = GroupCommit { LogWriter(file: file, memory: memory) }
    }

    deinit { commits.requestClose() }

    /// Puts operations into the writer's mailbox.
    ///
    /// What is not yet committed stays in memory: bounding it is the caller's.
    public func submit(
        _ operations: [LogOperation],
        completion: @escaping @Sendable (EventLogError?) -> Void
    ) {
        commits.submit(Submission(operations: operations, completion: completion))
    }

    /// Reads what a start needs.
    public func recover() async throws(EventLogError) -> RecoveredEventLog {
        try await read("recover the event log") { try LogReader.recover(in: $0) }
    }

    /// Reads batches of one log.
    public func batches(
        of log: EpochID, from first: SequenceNumber, through last: SequenceNumber, byteLimit: Int
    ) async throws(EventLogError) -> [StoredBatch] {
        try await read("read batches of \(log)") { database in
            try LogReader.batches(
                in: database, of: log, from: first, through: last, byteLimit: byteLimit)
        }
    }

    /// Reads batches that hold state.
    public func stateBatches(
        of log: EpochID, from first: SequenceNumber, through last: SequenceNumber, byteLimit: Int
    ) async throws(EventLogError) -> [StoredBatch] {
        try await read("read state of \(log)") { database in
            try LogReader.stateBatches(
                in: database, of: log, from: first, through: last, byteLimit: byteLimit)
        }
    }

    /// Reads batches in this node's log order.
    public func batches(
        afterPosition position: Int64, limit: Int
    ) async throws(EventLogError) -> [StoredBatch] {
        try await read("read batches after position \(position)") { database in
            try LogReader.batches(in: database, afterPosition: position, limit: limit)
        }
    }

    /// Finds the batch of an event.
    public func batch(
        holding reference: EventReference
    ) async throws(EventLogError) -> StoredBatch? {
        try await read("find an event") { try LogReader.batch(in: $0, holding: reference) }
    }

    /// Reads the heads of all epochs.
    public func heads() async throws(EventLogError) -> [EpochHead] {
        try await read("read the heads") { try LogReader.epochs(in: $0).map(\.head) }
    }

    /// Reads receipts.
    public func receipts(about range: EventRange) async throws(EventLogError) -> [StoredReceipt] {
        try await read("read receipts about \(range.log)-\(range.first)") { database in
            try LogReader.receipts(in: database, about: range)
        }
    }

    /// Reads part of a blob.
    public func blob(
        _ digest: Digest, offset: Int, count: Int
    ) async throws(EventLogError) -> [UInt8]? {
        try await read("read blob \(digest.short)") { database in
            try LogReader.blob(in: database, digest, offset: offset, count: count)
        }
    }

    /// Reads the figures.
    public func statistics() async throws(EventLogError) -> LogStatistics {
        let byteCount = file.byteCount
        return try await read("count the event log") { database in
            try LogReader.statistics(in: database, byteCount: byteCount)
        }
    }

    /// Commits, moves everything into one file, and lets go of it.
    public func close() async { await commits.close() }

    /// Runs on a reading connection's queue: neither the writer nor a task's thread waits.
    private func read<Value: Sendable>(
        _ operation: String, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(EventLogError) -> Value {
        let pool = file.pool
        let result = await withCheckedContinuation { continuation in
            pool.asyncRead { connection in
                do throws(EventLogError) {
                    let value = try translating(operation) { try body(connection.get()) }
                    continuation.resume(returning: Result<Value, EventLogError>.success(value))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}
