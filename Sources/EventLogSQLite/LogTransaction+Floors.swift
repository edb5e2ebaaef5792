// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import Foundation
internal import GRDB
internal import NodeRuntime

// What is forgotten, jumped over, and kept all the same.
extension LogTransaction {
    mutating func truncate(_ head: EpochHead) throws {
        var row = row(of: head.log)
        guard head.last <= row.last else {
            throw conflict(
                "truncate \(head.log) through \(head.last)", "the log ends at \(row.last)")
        }
        guard head.last > row.floor else { return }
        let last = head.last.boundColumn
        let doomed = """
            FROM batch WHERE epoch_id = :epoch AND first + count - 1 <= :last AND has_state = 0
            """
        let arguments: StatementArguments = ["epoch": row.id, "last": last]
        let weight = try Int.fetchOne(
            database,
            sql: """
                SELECT (SELECT coalesce(sum(length(header) + length(signature) + length(body)), 0)
                    \(doomed))
                    + (SELECT coalesce(sum(byte_count), 0) FROM blob_reference
                        WHERE position IN (SELECT position \(doomed)))
                """,
            arguments: arguments)
        let digests = try Data.fetchAll(
            database,
            sql: """
                SELECT DISTINCT digest FROM blob_reference
                WHERE position IN (SELECT position \(doomed))
                """,
            arguments: arguments)
        try run(
            """
            DELETE FROM blob_reference WHERE epoch_id = :epoch AND sequence <= :last
                AND position IN (SELECT position \(doomed))
            """, arguments)
        let freed = try Int.fetchOne(
            database, sql: "SELECT coalesce(sum(count), 0) \(doomed)", arguments: arguments)
        try run("DELETE \(doomed)", arguments)
        for digest in digests {
            try run(
                """
                DELETE FROM blob WHERE digest = :digest
                    AND NOT EXISTS (SELECT 1 FROM blob_reference WHERE digest = :digest)
                """, ["digest": digest])
        }
        try run(
            """
            DELETE FROM receipt WHERE epoch_id = :epoch AND last <= :last AND NOT EXISTS (
                SELECT 1 FROM batch WHERE batch.epoch_id = receipt.epoch_id
                    AND batch.first <= receipt.last
                    AND batch.first + batch.count > receipt.first)
            """, arguments)
        // Positions never come again, even where the newest batch is among the forgotten.
        try run(
            "INSERT OR REPLACE INTO truncated_position (id, position) VALUES (1, ?)",
            [nextPosition - 1])
        row.eventCount -= freed ?? 0
        row.byteCount -= weight ?? 0
        row.floor = head.last
        row.floorChain = head.chain
        changed[head.log] = row
    }

    mutating func jump(_ head: EpochHead) throws {
        guard head.last.column != nil else {
            throw conflict("jump to \(head.log)-\(head.last)", "expected a position below 2^63")
        }
        var row = row(of: head.log)
        guard head.last > row.last else { return }
        if row.missingLast == 0 { row.missingFirst = row.last.next }
        row.missingLast = head.last
        row.last = head.last
        row.chain = head.chain
        row.floor = head.last
        row.floorChain = head.chain
        changed[head.log] = row
    }

    mutating func keep(_ batch: VerifiedBatch, _ disposition: Disposition) throws {
        let range = batch.header.range
        var row = row(of: range.log)
        guard let missing = row.missingState, range.first >= missing.first,
            range.last <= missing.last, let first = range.first.column
        else { return }
        let overlapping = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT hash FROM batch
                    WHERE epoch_id = ? AND first <= ? AND first + count > ?
                    """),
            arguments: [row.id, range.last.boundColumn, first])
        if let overlapping {
            guard try overlapping.identifier("hash") == batch.hash else {
                throw conflict(
                    "keep \(range.log)-\(range.first)", "the log holds another content there")
            }
            return
        }
        try store(batch, disposition, at: first, &row)
        changed[range.log] = row
    }

    mutating func completeState(of log: EpochID, through: SequenceNumber) {
        var row = row(of: log)
        guard let missing = row.missingState, through >= missing.first else { return }
        let isOver = through >= missing.last
        row.missingFirst = isOver ? 0 : through.next
        row.missingLast = isOver ? 0 : missing.last
        changed[log] = row
    }
}
