// SPDX-License-Identifier: Apache-2.0
internal import Foundation
internal import GRDB
internal import NodeRuntime

/// Makes groups of submissions durable, one transaction a group.
struct LogWriter: GroupStore {
    /// Written since the last checkpoint, from where on an idle writer makes one.
    ///
    /// Unit: bytes.
    private static let idleCheckpointByteCount = 4 << 20
    /// Written since the last checkpoint, from where on a busy writer makes one too.
    private static let busyCheckpointByteCount = 16 << 20
    /// Size of the write-ahead log from where on readers are waited for, so that it starts anew.
    private static let truncateByteCount = 64 << 20

    /// What each transaction writes beside its batches: pages of the indexes and of `epoch`.
    private static let transactionByteCount = 16 << 10

    private let file: LogFile
    private var memory: WriterMemory
    /// Made with the first transaction.
    private var statements: LogStatements?
    private var byteCountSinceCheckpoint = 0

    /// A writer for an open file.
    init(file: LogFile, memory: WriterMemory) {
        self.file = file
        self.memory = memory
    }

    mutating func commit(
        _ group: ArraySlice<Submission>
    ) throws(EventLogError) -> [EventLogError?] {
        let results: [EventLogError?]
        do throws(EventLogError) {
            results = try transact(group, isolating: false)
        } catch {
            guard error.code == .conflict else { throw error }
            // Once more, and this time whoever conflicts is left out alone.
            results = try transact(group, isolating: true)
        }
        byteCountSinceCheckpoint += group.reduce(Self.transactionByteCount) { $0 + $1.byteCount }
        return results
    }

    private mutating func transact(
        _ group: ArraySlice<Submission>, isolating: Bool
    ) throws(EventLogError) -> [EventLogError?] {
        var results: [EventLogError?] = []
        results.reserveCapacity(group.count)
        let changes = try translating("write to the event log") {
            try file.pool.writeWithoutTransaction { database in
                let statements = try self.statements ?? LogStatements(database)
                self.statements = statements
                var transaction = LogTransaction(
                    database: database, statements: statements, memory: memory)
                try statements.transaction(in: database) {
                    for submission in group {
                        results.append(
                            isolating
                                ? try isolated(submission, in: &transaction)
                                : try whole(submission, in: &transaction))
                    }
                    try transaction.finish()
                }
                return transaction.changes
            }
        }
        memory.absorb(changes)
        return results
    }

    private func whole(
        _ submission: Submission, in transaction: inout LogTransaction
    ) throws -> EventLogError? {
        for operation in submission.operations { try transaction.perform(operation) }
        return nil
    }

    private func isolated(
        _ submission: Submission, in transaction: inout LogTransaction
    ) throws -> EventLogError? {
        let database = transaction.database
        let before = transaction
        try database.execute(sql: "SAVEPOINT submission")
        let refusal: EventLogError?
        do throws(EventLogError) {
            refusal = try translating("write to the event log") {
                try whole(submission, in: &transaction)
            }
        } catch {
            guard error.code == .conflict else { throw error }
            transaction = before
            try database.execute(sql: "ROLLBACK TO submission")
            refusal = error
        }
        try database.execute(sql: "RELEASE submission")
        return refusal
    }

    mutating func settle(isIdle: Bool) throws(EventLogError) {
        let due = isIdle ? Self.idleCheckpointByteCount : Self.busyCheckpointByteCount
        guard byteCountSinceCheckpoint >= due else { return }
        byteCountSinceCheckpoint = 0
        let isTooLong = file.writeAheadByteCount >= Self.truncateByteCount
        try checkpoint(isTooLong ? .truncate : .passive)
    }

    /// Moves what is in the write-ahead log into the tables' file.
    private func checkpoint(_ mode: Database.CheckpointMode) throws(EventLogError) {
        try translating("make a checkpoint of the event log") {
            _ = try file.pool.writeWithoutTransaction { try $0.checkpoint(mode) }
        }
    }

    mutating func close(afterFailure: Bool) {
        statements = nil
        // After a failure the file is left as it is, for the next start to look at.
        guard !afterFailure else { return }
        file.close()
    }
}
