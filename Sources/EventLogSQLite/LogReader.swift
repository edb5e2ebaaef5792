// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import Foundation
internal import GRDB
internal import NodeRuntime

/// The questions that the tables answer.
enum LogReader {
    private static let batchColumns = "position, disposition, header, signature, body"

    static func lastPosition(in database: Database) throws -> Int64 {
        try Int64.fetchOne(
            database,
            sql: """
                SELECT max(coalesce((SELECT max(position) FROM batch), 0),
                    coalesce((SELECT position FROM truncated_position), 0))
                """) ?? 0
    }

    /// The rows of all epochs that have an end, in order.
    static func epochs(in database: Database) throws -> [EpochRow] {
        try Row.fetchAll(database, sql: "SELECT * FROM epoch WHERE last > 0")
            .map { try EpochRow($0) }
            .sorted { $0.log < $1.log }
    }

    static func batches(
        in database: Database, of log: EpochID, from first: SequenceNumber,
        through last: SequenceNumber, byteLimit: Int
    ) throws -> [StoredBatch] {
        guard let id = try identifier(of: log, in: database) else { return [] }
        let rows = try Row.fetchCursor(
            database.cachedStatement(
                sql: """
                    SELECT \(batchColumns) FROM batch
                    WHERE epoch_id = :epoch AND first <= :last AND first + count > :first
                        AND first >= coalesce((SELECT max(first) FROM batch
                            WHERE epoch_id = :epoch AND first <= :first), 0)
                    ORDER BY first
                    """),
            arguments: ["epoch": id, "first": first.boundColumn, "last": last.boundColumn])
        return try prefix(of: rows, byteLimit: byteLimit)
    }

    static func stateBatches(
        in database: Database, of log: EpochID, from first: SequenceNumber,
        through last: SequenceNumber, byteLimit: Int
    ) throws -> [StoredBatch] {
        guard let id = try identifier(of: log, in: database) else { return [] }
        let rows = try Row.fetchCursor(
            database.cachedStatement(
                sql: """
                    SELECT \(batchColumns) FROM batch
                    WHERE epoch_id = :epoch AND first <= :last AND first + count > :first
                        AND has_state = 1
                    ORDER BY first
                    """),
            arguments: ["epoch": id, "first": first.boundColumn, "last": last.boundColumn])
        return try prefix(of: rows, byteLimit: byteLimit)
    }

    private static func prefix(of rows: RowCursor, byteLimit: Int) throws -> [StoredBatch] {
        var batches: [StoredBatch] = []
        var byteCount = 0
        while let row = try rows.next() {
            let batch = try row.storedBatch()
            byteCount += batch.sealed.byteCount
            guard byteCount <= byteLimit || batches.isEmpty else { break }
            batches.append(batch)
        }
        return batches
    }

    static func batches(
        in database: Database, afterPosition position: Int64, limit: Int
    ) throws -> [StoredBatch] {
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT \(batchColumns) FROM batch WHERE position > ?
                    ORDER BY position LIMIT ?
                    """),
            arguments: [position, max(limit, 0)]
        ).map { try $0.storedBatch() }
    }

    static func batch(
        in database: Database, holding reference: EventReference
    ) throws -> StoredBatch? {
        guard let sequence = reference.sequence.column else { return nil }
        let prefix = withUnsafeBytes(of: reference.originPrefix.bigEndian) { Data($0) }
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT \(batchColumns) FROM batch JOIN epoch ON epoch.id = batch.epoch_id
                WHERE counter = ? AND nonce = ? AND substr(origin, 1, 8) = ?
                    AND first <= ? AND first + count > ?
                ORDER BY origin, first DESC LIMIT 1
                """,
            arguments: [
                reference.epoch.counterColumn, reference.epoch.nonceColumn, prefix, sequence,
                sequence,
            ])
        return try row?.storedBatch()
    }

    static func receipts(
        in database: Database, about range: EventRange
    ) throws -> [StoredReceipt] {
        guard let id = try identifier(of: range.log, in: database) else { return [] }
        return try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT * FROM receipt WHERE epoch_id = ? AND last >= ? AND first <= ?
                    ORDER BY id
                    """),
            arguments: [id, range.first.boundColumn, range.last.boundColumn]
        ).map { row in
            let subject = EventRange(
                log: range.log, first: row.sequence("first"), last: row.sequence("last"))
            return StoredReceipt(
                node: try row.identifier("node"),
                receipt: Receipt(
                    subject: subject, outcome: try row.outcome(),
                    steps: try StepColumn.decode(row["steps"]), attempt: row["attempt"]),
                timestamp: HybridTimestamp(raw: UInt64(bitPattern: row["timestamp"])))
        }
    }

    static func blob(
        in database: Database, _ digest: Digest, offset: Int, count: Int
    ) throws -> [UInt8]? {
        guard offset >= 0, offset < Int.max, count >= 0 else { return nil }
        let part = try Data.fetchOne(
            database.cachedStatement(sql: "SELECT substr(bytes, ?, ?) FROM blob WHERE digest = ?"),
            arguments: [offset + 1, count, digest.column])
        return part.map { Array($0) }
    }

    static func statistics(in database: Database, byteCount: Int) throws -> LogStatistics {
        let events = try Int.fetchOne(
            database, sql: "SELECT coalesce(sum(event_count), 0) FROM epoch")
        return LogStatistics(
            eventCount: events ?? 0, byteCount: byteCount,
            lastPosition: try lastPosition(in: database))
    }

    private static func identifier(of log: EpochID, in database: Database) throws -> Int64? {
        try Int64.fetchOne(
            database.cachedStatement(
                sql: "SELECT id FROM epoch WHERE origin = ? AND counter = ? AND nonce = ?"),
            arguments: [log.origin.column, log.epoch.counterColumn, log.epoch.nonceColumn])
    }
}

// What a start needs.
extension LogReader {
    static func recover(in database: Database) throws -> RecoveredEventLog {
        let rows = try epochs(in: database)
        let outcomes = try outcomes(in: database, rows)
        let quarantined = try Int64.fetchSet(
            database, sql: "SELECT DISTINCT epoch_id FROM batch WHERE disposition = ?",
            arguments: [Int(Disposition.quarantined.rawValue)])
        let own = try Row.fetchOne(
            database, sql: "SELECT counter, nonce FROM own_epoch ORDER BY id DESC LIMIT 1")
        let records = try Row.fetchAll(database, sql: "SELECT * FROM record ORDER BY id")
        let pins = try Row.fetchAll(database, sql: "SELECT * FROM pin ORDER BY identifier")
        let values = try Row.fetchAll(database, sql: "SELECT name, bytes FROM value")
        let state = try Row.fetchAll(
            database,
            sql: """
                SELECT \(batchColumns) FROM batch WHERE has_state = 1 AND disposition = ?
                ORDER BY position
                """, arguments: [Int(Disposition.accepted.rawValue)])
        return RecoveredEventLog(
            epochs: rows.map { row in
                RecoveredEpoch(
                    head: row.head, applied: row.applied, floor: row.floorHead,
                    missingState: row.missingState, outcomes: outcomes[row.id] ?? [],
                    newestTimestamp: row.newest, byteCount: row.byteCount,
                    isQuarantined: quarantined.contains(row.id))
            },
            ownEpoch: try own.map { row in
                LogEpoch(
                    counter: UInt64(bitPattern: row["counter"]), nonce: try row.nonce("nonce"))
            },
            records: try records.map { row in
                SealedRecord(
                    body: row.bytes("body"), signer: try row.identifier("signer"),
                    signature: row.bytes("signature"),
                    credential: row.optionalBytes("credential"))
            },
            pins: try pins.map { row in
                PinnedUser(identifier: row["identifier"], key: try row.identifier("key"))
            },
            values: Dictionary(
                values.map { ($0["name"], $0.bytes("bytes")) }, uniquingKeysWith: { $1 }),
            stateBatches: try state.map { try $0.storedBatch() },
            unstoredBlobs: try unstoredBlobs(in: database, rows),
            newestTimestamp: rows.map(\.newest).max() ?? .zero)
    }

    private static func outcomes(
        in database: Database, _ epochs: [EpochRow]
    ) throws -> [Int64: [RecordedOutcome]] {
        let logs = Dictionary(epochs.map { ($0.id, $0.log) }, uniquingKeysWith: { $1 })
        var outcomes: [Int64: [RecordedOutcome]] = [:]
        let rows = try Row.fetchAll(database, sql: "SELECT * FROM outcome ORDER BY first")
        for row in rows {
            let id: Int64 = row["epoch_id"]
            guard let log = logs[id] else { continue }
            let subject = EventRange(
                log: log, first: row.sequence("first"), last: row.sequence("last"))
            outcomes[id, default: []].append(
                RecordedOutcome(
                    subject: subject, outcome: try row.outcome(), attempt: row["attempt"]))
        }
        return outcomes
    }

    private static func unstoredBlobs(
        in database: Database, _ epochs: [EpochRow]
    ) throws -> [UnstoredBlob] {
        let statement = try database.makeStatement(
            sql: """
                SELECT sequence, digest, byte_count FROM blob_reference
                WHERE epoch_id = ? AND NOT EXISTS (
                    SELECT 1 FROM blob WHERE blob.digest = blob_reference.digest)
                ORDER BY sequence
                """)
        return try epochs.flatMap { epoch in
            try Row.fetchAll(statement, arguments: [epoch.id]).map { row in
                UnstoredBlob(
                    event: EventID(log: epoch.log, sequence: row.sequence("sequence")),
                    reference: BlobReference(
                        digest: try row.identifier("digest"), byteCount: row["byte_count"]))
            }
        }
    }
}
