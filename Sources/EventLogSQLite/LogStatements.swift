// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import GRDB
internal import GRDBSQLite
internal import NodeRuntime

/// The statements of nearly every transaction, prepared once.
///
/// The library would look each up by its text, box what is bound and ask its observers: half of
/// what a small transaction costs.
struct LogStatements {
    private static let insertBatch = """
        INSERT INTO batch (position, epoch_id, first, count, disposition, has_state, newest,
            hash, header, signature, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    private static let putEpoch = """
        INSERT INTO epoch (id, origin, counter, nonce, last, chain, applied, floor,
            floor_chain, missing_first, missing_last, newest, event_count, byte_count)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET last = excluded.last, chain = excluded.chain,
            applied = excluded.applied, floor = excluded.floor,
            floor_chain = excluded.floor_chain, missing_first = excluded.missing_first,
            missing_last = excluded.missing_last, newest = excluded.newest,
            event_count = excluded.event_count, byte_count = excluded.byte_count
        """

    private let begin: Statement
    private let commit: Statement
    private let batch: PlainStatement
    private let epoch: PlainStatement

    /// Prepares them.
    init(_ database: Database) throws {
        begin = try database.makeStatement(sql: "BEGIN IMMEDIATE TRANSACTION")
        commit = try database.makeStatement(sql: "COMMIT TRANSACTION")
        batch = try PlainStatement(database, sql: Self.insertBatch)
        epoch = try PlainStatement(database, sql: Self.putEpoch)
    }

    /// Runs the body in a transaction, which is undone where it throws.
    func transaction(in database: Database, _ body: () throws -> Void) throws {
        try begin.execute()
        do {
            try body()
            try commit.execute()
        } catch {
            if database.isInsideTransaction { try database.rollback() }
            throw error
        }
    }

    /// Writes a row of `batch`.
    func write(
        _ stored: VerifiedBatch, _ disposition: Disposition, hasState: Bool,
        newest: HybridTimestamp, at position: Int64, first: Int64, of epochID: Int64
    ) throws {
        batch.bind(1, position)
        batch.bind(2, epochID)
        batch.bind(3, first)
        batch.bind(4, Int64(stored.header.count))
        batch.bind(5, Int64(disposition.rawValue))
        batch.bind(6, hasState ? 1 : 0)
        batch.bind(7, newest.column)
        batch.bind(8, stored.hash.bytes)
        batch.bind(9, stored.sealed.header)
        batch.bind(10, stored.sealed.signature)
        batch.bind(11, stored.sealed.body)
        try batch.run()
    }

    /// Writes a row of `epoch`, or what has changed of it.
    func write(_ row: EpochRow) throws {
        epoch.bind(1, row.id)
        epoch.bind(2, row.log.origin.bytes)
        epoch.bind(3, row.log.epoch.counterColumn)
        epoch.bind(4, row.log.epoch.nonceBytes)
        epoch.bind(5, row.last.boundColumn)
        epoch.bind(6, row.chain.bytes)
        epoch.bind(7, row.applied.boundColumn)
        epoch.bind(8, row.floor.boundColumn)
        epoch.bind(9, row.floorChain.bytes)
        epoch.bind(10, row.missingFirst.boundColumn)
        epoch.bind(11, row.missingLast.boundColumn)
        epoch.bind(12, row.newest.column)
        epoch.bind(13, Int64(row.eventCount))
        epoch.bind(14, Int64(row.byteCount))
        try epoch.run()
    }
}

/// A statement without rows, bound and run by SQLite's own calls.
///
/// A value that could not be bound, for want of memory, makes `run` fail: what was bound before it
/// is forgotten after each run, and every column of both tables wants a value.
/// Source: sqlite.org/c3ref/bind_blob.html.
private struct PlainStatement {
    /// Has SQLite copy what is bound.
    private static let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    private let database: Database
    private let statement: Statement

    init(_ database: Database, sql: String) throws {
        self.database = database
        statement = try database.makeStatement(sql: sql)
    }

    func bind(_ index: CInt, _ number: Int64) {
        sqlite3_bind_int64(statement.sqliteStatement, index, number)
    }

    func bind(_ index: CInt, _ bytes: [UInt8]) {
        sqlite3_bind_blob(
            statement.sqliteStatement, index, bytes, CInt(bytes.count), Self.copies)
    }

    func run() throws {
        let status = sqlite3_step(statement.sqliteStatement)
        let message =
            status == SQLITE_DONE
            ? "" : sqlite3_errmsg(database.sqliteConnection).map { String(cString: $0) }
        sqlite3_reset(statement.sqliteStatement)
        sqlite3_clear_bindings(statement.sqliteStatement)
        guard status == SQLITE_DONE else {
            throw DatabaseError(resultCode: ResultCode(rawValue: status), message: message)
        }
    }
}
