// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import Foundation
internal import GRDB
internal import NodeRuntime

/// What the writer knows without asking the tables.
struct WriterMemory: Sendable {
    var epochs: [EpochID: EpochRow]
    var nextEpochID: Int64
    var nextPosition: Int64

    /// Remembers what became durable.
    mutating func absorb(_ changes: WriterChanges) {
        for row in changes.epochs { epochs[row.log] = row }
        nextEpochID = changes.nextEpochID
        nextPosition = changes.nextPosition
    }
}

/// What one transaction did to the writer's memory: as much as it touched, not all there is.
struct WriterChanges {
    let epochs: [EpochRow]
    let nextEpochID: Int64
    let nextPosition: Int64
}

/// The operations of one transaction, on their way into the tables.
///
/// Rows of `epoch` are changed in memory and written once, by `finish`.
struct LogTransaction {
    let database: Database
    let statements: LogStatements
    let memory: WriterMemory
    var changed: [EpochID: EpochRow] = [:]
    private(set) var nextEpochID: Int64
    private(set) var nextPosition: Int64

    init(database: Database, statements: LogStatements, memory: WriterMemory) {
        self.database = database
        self.statements = statements
        self.memory = memory
        nextEpochID = memory.nextEpochID
        nextPosition = memory.nextPosition
    }

    /// Does one operation.
    ///
    /// - Throws: `.conflict` for what the log's law forbids, and whatever SQLite says.
    mutating func perform(_ operation: LogOperation) throws {
        switch operation {
        case .append(let batch, let disposition): try append(batch, disposition)
        case .applied(let log, let through, let outcomes):
            try apply(log, through: through, outcomes)
        case .receipt(let receipt): try record(receipt)
        case .dispose(let log, let position, let disposition):
            try dispose(log, position, disposition)
        case .epoch(let epoch):
            try run(
                "INSERT INTO own_epoch (counter, nonce) VALUES (?, ?)",
                [epoch.counterColumn, epoch.nonceColumn])
        case .records(let records): for record in records { try add(record) }
        case .pin(let pin):
            try run(
                "INSERT OR REPLACE INTO pin (identifier, key) VALUES (?, ?)",
                [pin.identifier, pin.key.column])
        case .blob(let reference, let bytes):
            try run(
                "INSERT OR IGNORE INTO blob (digest, bytes) VALUES (?, ?)",
                [reference.digest.column, Data(bytes)])
        case .truncate(let head): try truncate(head)
        case .floor(let head): try jump(head)
        case .keepState(let batch, let disposition): try keep(batch, disposition)
        case .stateComplete(let log, let through): completeState(of: log, through: through)
        case .value(let name, let bytes): try set(name, bytes)
        }
    }

    /// Writes the rows of the epochs that changed.
    mutating func finish() throws {
        for row in changed.values.sorted(by: { $0.id < $1.id }) { try statements.write(row) }
    }

    /// What the writer has to remember once this transaction is durable.
    var changes: WriterChanges {
        WriterChanges(
            epochs: Array(changed.values), nextEpochID: nextEpochID, nextPosition: nextPosition)
    }

    mutating func row(of log: EpochID) -> EpochRow {
        if let row = changed[log] ?? memory.epochs[log] { return row }
        defer { nextEpochID += 1 }
        let row = EpochRow(id: nextEpochID, log: log)
        changed[log] = row
        return row
    }

    func run(_ sql: String, _ arguments: StatementArguments) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    func conflict(_ operation: String, _ detail: String) -> EventLogError {
        EventLogError(code: .conflict, operation: operation, detail: detail)
    }
}

// Batches.
extension LogTransaction {
    private mutating func append(_ batch: VerifiedBatch, _ disposition: Disposition) throws {
        let header = batch.header
        var row = row(of: header.log)
        guard header.first > row.last else { return try compare(batch, with: row) }
        guard header.first == row.last.next, let first = header.first.column,
            first < Int64.max - Int64(header.count)
        else {
            throw conflict(
                "append \(header.log)-\(header.first)",
                "expected position \(row.last.next), found \(header.first)")
        }
        row.last = header.last
        row.chain = batch.hash
        try store(batch, disposition, at: first, &row)
        changed[header.log] = row
    }

    mutating func store(
        _ batch: VerifiedBatch, _ disposition: Disposition, at first: Int64, _ row: inout EpochRow
    ) throws {
        let header = batch.header
        let newest = max(header.timestamp, batch.events.last?.timestamp ?? .zero)
        var hasState = false
        for (index, event) in batch.events.enumerated() {
            if event.content.isState { hasState = true }
            guard case .application(let said) = event.content,
                case .blob(let reference) = said.payload
            else { continue }
            try run(
                """
                INSERT INTO blob_reference (epoch_id, sequence, digest, byte_count, position)
                VALUES (?, ?, ?, ?, ?)
                """,
                [
                    row.id, first + Int64(index), reference.digest.column, reference.byteCount,
                    nextPosition,
                ])
        }
        try statements.write(
            batch, disposition, hasState: hasState, newest: newest, at: nextPosition,
            first: first, of: row.id)
        nextPosition += 1
        row.eventCount += header.count
        row.byteCount += batch.storedByteCount
        if disposition != .held { row.newest = max(row.newest, newest) }
    }

    /// Accepts a batch that is there already, or was; refuses another one in its place.
    private func compare(_ batch: VerifiedBatch, with row: EpochRow) throws {
        let header = batch.header
        if header.last <= row.floor { return }
        let stored = try Row.fetchOne(
            database.cachedStatement(
                sql: "SELECT hash, count FROM batch WHERE epoch_id = ? AND first = ?"),
            arguments: [row.id, header.first.boundColumn])
        guard let stored, try stored.identifier("hash") == batch.hash else {
            throw conflict(
                "append \(header.log)-\(header.first)",
                "the log holds another content through \(row.last)")
        }
    }

    private mutating func dispose(
        _ log: EpochID, _ position: SequenceNumber, _ disposition: Disposition
    ) throws {
        guard let position = position.column else { return }
        var row = row(of: log)
        let stored = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    UPDATE batch SET disposition = :disposition
                    WHERE epoch_id = :epoch AND first + count > :position AND first = (
                        SELECT max(first) FROM batch
                        WHERE epoch_id = :epoch AND first <= :position)
                    RETURNING newest
                    """),
            arguments: [
                "disposition": Int(disposition.rawValue), "epoch": row.id, "position": position,
            ])
        guard let stored, disposition != .held else { return }
        let newest = HybridTimestamp(raw: UInt64(bitPattern: stored["newest"]))
        row.newest = max(row.newest, newest)
        changed[log] = row
    }
}

// What was said and known of them.
extension LogTransaction {
    private mutating func apply(
        _ log: EpochID, through: SequenceNumber, _ outcomes: [RecordedOutcome]
    ) throws {
        guard through.column != nil else {
            throw conflict("apply \(log) through \(through)", "expected a position below 2^63")
        }
        var row = row(of: log)
        if through > row.applied {
            row.applied = through
            changed[log] = row
        }
        for outcome in outcomes { try record(outcome) }
    }

    private mutating func record(_ outcome: RecordedOutcome) throws {
        let subject = outcome.subject
        guard let first = subject.first.column, let last = subject.last.column, first <= last
        else {
            throw conflict(
                "record an outcome of \(subject.log)-\(subject.first)",
                "expected a run of positions below 2^63, found one to \(subject.last)")
        }
        let id = row(of: subject.log).id
        let overlapping = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT first, last, attempt, outcome, reason FROM outcome
                    WHERE epoch_id = ? AND first <= ? AND last >= ?
                    """),
            arguments: [id, last, first])
        for old in overlapping {
            let (oldFirst, oldLast): (Int64, Int64) = (old["first"], old["last"])
            try run("DELETE FROM outcome WHERE epoch_id = ? AND first = ?", [id, oldFirst])
            let (word, reason): (String, String?) = (old["outcome"], old["reason"])
            // What the new one does not speak of stays as it was.
            if oldFirst < first {
                try insert(id, oldFirst, first - 1, old["attempt"], word, reason)
            }
            if oldLast > last {
                try insert(id, last + 1, oldLast, old["attempt"], word, reason)
            }
        }
        guard outcome.outcome != .applied else { return }
        try insert(
            id, first, last, outcome.attempt, outcome.outcome.word, outcome.outcome.reason)
    }

    private func insert(
        _ id: Int64, _ first: Int64, _ last: Int64, _ attempt: Int, _ word: String,
        _ reason: String?
    ) throws {
        try run(
            """
            INSERT INTO outcome (epoch_id, first, last, attempt, outcome, reason)
            VALUES (?, ?, ?, ?, ?, ?)
            """, [id, first, last, attempt, word, reason])
    }

    private mutating func record(_ stored: StoredReceipt) throws {
        let receipt = stored.receipt
        let subject = receipt.subject
        // No log reaches such positions, so nobody can ever ask for it.
        guard let first = subject.first.column, let last = subject.last.column, first <= last
        else { return }
        try run(
            """
            INSERT OR IGNORE INTO receipt (epoch_id, first, last, node, timestamp, attempt,
                outcome, reason, steps) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                row(of: subject.log).id, first, last, stored.node.column, stored.timestamp.column,
                receipt.attempt, receipt.outcome.word, receipt.outcome.reason,
                try StepColumn.encode(receipt.steps),
            ])
    }

    private func add(_ record: VerifiedRecord) throws {
        try run(
            """
            INSERT INTO record (hash, signer, signature, body, credential)
            VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (hash) DO UPDATE SET credential = excluded.credential
            WHERE credential IS NULL
            """,
            [
                record.hash.column, record.signer.column, Data(record.sealed.signature),
                Data(record.sealed.body), record.sealed.credential.map { Data($0) },
            ])
    }

    private func set(_ name: String, _ bytes: [UInt8]) throws {
        if bytes.isEmpty {
            try run("DELETE FROM value WHERE name = ?", [name])
        } else {
            try run(
                "INSERT OR REPLACE INTO value (name, bytes) VALUES (?, ?)", [name, Data(bytes)])
        }
    }
}
