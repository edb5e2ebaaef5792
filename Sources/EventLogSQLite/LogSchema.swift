// SPDX-License-Identifier: Apache-2.0
internal import GRDB
internal import Glibc
internal import NodeRuntime

/// The tables, and which version of them a file has.
///
/// Numbers: SQLite's integers are signed. Positions are below 2^63 by law. Epoch counters and
/// stamps are 64 bits without sign and stored bit by bit as signed ones, so that no number of a
/// hostile peer traps; in practice they are positive and read as they are. Nonces, hashes, keys
/// and identifiers are blobs in the order of the wire. Source: docs/internals/data-model.md.
enum LogSchema {
    /// Counts the versions of the tables; stands in `PRAGMA user_version`.
    static let version = 3
    /// Marks a file as an event log, "siEL"; stands in `PRAGMA application_id`.
    static let applicationID = 0x7369_454C

    /// Looks at the marks in a file's header before SQLite does.
    ///
    /// Opening is not free of writing, and what is newer, or not ours, stays as it is.
    /// Source: sqlite.org/fileformat2.html, 1.3.
    ///
    /// - Throws: `.schemaTooNew`, `.schemaTooOld` for another version, `.corrupt` for what is no
    ///   event log.
    static func checkHeader(
        ofDescriptor descriptor: CInt, path: String
    ) throws(EventLogError) {
        var header = [UInt8](repeating: 0, count: 100)
        let count = pread(descriptor, &header, header.count, 0)
        guard count >= 0 else { throw .lastSystemError("read \(path)") }
        // Just made, or made and never written to: the creation is one transaction.
        if count == 0 { return }
        guard count == header.count, header.starts(with: Array("SQLite format 3\0".utf8)) else {
            throw EventLogError(
                code: .corrupt, operation: "open \(path)",
                detail: "expected a database, found another kind of file")
        }
        func number(at offset: Int) -> Int {
            Int(header[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) })
        }
        try check(version: number(at: 60), mark: number(at: 68), path: path)
    }

    private static func check(
        version found: Int, mark: Int, path: String
    ) throws(EventLogError) {
        // A new file whose tables are still in the write-ahead log.
        if found == 0, mark == 0 { return }
        guard mark == applicationID else {
            throw EventLogError(
                code: .corrupt, operation: "open \(path)",
                detail: "expected an event log, found a database with application_id \(mark)")
        }
        guard found <= version else {
            throw EventLogError(
                code: .schemaTooNew, operation: "open \(path)",
                detail: "expected schema \(version) or older, found \(found)")
        }
        // Records of schema 1 do not verify any more: their accounts carried the credential.
        guard found >= version else {
            throw EventLogError(
                code: .schemaTooOld, operation: "open \(path)",
                detail: "expected schema \(version), found \(found)")
        }
    }

    /// Brings an empty file to this version, and refuses what it cannot use.
    ///
    /// - Throws: `.schemaTooNew`, `.schemaTooOld` for another version, `.corrupt` for another
    ///   program's file.
    static func establish(in database: Database) throws {
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        let mark = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        if found == 0, mark == 0, try isEmpty(database) {
            try database.inTransaction(.immediate) {
                try database.execute(sql: tables)
                try database.execute(sql: "PRAGMA application_id = \(applicationID)")
                try database.execute(sql: "PRAGMA user_version = \(version)")
                return .commit
            }
        } else if found == 0 {
            throw EventLogError(
                code: .corrupt, operation: "open the event log",
                detail: "expected an event log, found another program's tables")
        } else {
            try check(version: found, mark: mark, path: "the event log")
        }
    }

    private static func isEmpty(_ database: Database) throws -> Bool {
        try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") == 0
    }

    /// The large columns stand last, so that the small ones are read without their overflow pages.
    private static let tables = """
        CREATE TABLE epoch (
            id          INTEGER PRIMARY KEY,
            origin      BLOB    NOT NULL,
            counter     INTEGER NOT NULL,
            nonce       BLOB    NOT NULL,
            last        INTEGER NOT NULL,
            chain       BLOB    NOT NULL,
            applied     INTEGER NOT NULL,
            floor       INTEGER NOT NULL,
            floor_chain BLOB    NOT NULL,
            newest      INTEGER NOT NULL,
            event_count INTEGER NOT NULL,
            missing_first INTEGER NOT NULL,
            missing_last  INTEGER NOT NULL,
            byte_count  INTEGER NOT NULL,
            UNIQUE (origin, counter, nonce)
        ) STRICT;
        CREATE TABLE batch (
            position    INTEGER PRIMARY KEY,
            epoch_id    INTEGER NOT NULL,
            first       INTEGER NOT NULL,
            count       INTEGER NOT NULL,
            disposition INTEGER NOT NULL,
            has_state   INTEGER NOT NULL,
            newest      INTEGER NOT NULL,
            hash        BLOB    NOT NULL,
            header      BLOB    NOT NULL,
            signature   BLOB    NOT NULL,
            body        BLOB    NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX batch_place ON batch (epoch_id, first);
        CREATE INDEX batch_state ON batch (position) WHERE has_state = 1;
        CREATE TABLE outcome (
            epoch_id    INTEGER NOT NULL,
            first       INTEGER NOT NULL,
            last        INTEGER NOT NULL,
            attempt     INTEGER NOT NULL,
            outcome     TEXT    NOT NULL,
            reason      TEXT,
            PRIMARY KEY (epoch_id, first)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE receipt (
            id          INTEGER PRIMARY KEY,
            epoch_id    INTEGER NOT NULL,
            first       INTEGER NOT NULL,
            last        INTEGER NOT NULL,
            node        BLOB    NOT NULL,
            timestamp   INTEGER NOT NULL,
            attempt     INTEGER NOT NULL,
            outcome     TEXT    NOT NULL,
            reason      TEXT,
            steps       TEXT
        ) STRICT;
        CREATE UNIQUE INDEX receipt_subject
            ON receipt (epoch_id, last, first, node, timestamp, attempt);
        CREATE TABLE record (
            id          INTEGER PRIMARY KEY,
            hash        BLOB    NOT NULL UNIQUE,
            signer      BLOB    NOT NULL,
            signature   BLOB    NOT NULL,
            body        BLOB    NOT NULL,
            credential  BLOB
        ) STRICT;
        CREATE TABLE pin (
            identifier  TEXT    PRIMARY KEY,
            key         BLOB    NOT NULL
        ) STRICT;
        CREATE TABLE blob (
            id          INTEGER PRIMARY KEY,
            digest      BLOB    NOT NULL UNIQUE,
            bytes       BLOB    NOT NULL
        ) STRICT;
        CREATE TABLE blob_reference (
            epoch_id    INTEGER NOT NULL,
            sequence    INTEGER NOT NULL,
            digest      BLOB    NOT NULL,
            byte_count  INTEGER NOT NULL,
            position    INTEGER NOT NULL,
            PRIMARY KEY (epoch_id, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX blob_reference_digest ON blob_reference (digest);
        CREATE TABLE value (
            name        TEXT    PRIMARY KEY,
            bytes       BLOB    NOT NULL
        ) STRICT;
        CREATE TABLE own_epoch (
            id          INTEGER PRIMARY KEY,
            counter     INTEGER NOT NULL,
            nonce       BLOB    NOT NULL
        ) STRICT;
        CREATE TABLE truncated_position (
            id          INTEGER PRIMARY KEY CHECK (id = 1),
            position    INTEGER NOT NULL
        ) STRICT;
        """
}
