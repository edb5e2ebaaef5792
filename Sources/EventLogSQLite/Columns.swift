// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import Foundation
internal import GRDB
internal import NodeRuntime

/// What the tables hold of one epoch.
struct EpochRow {
    let id: Int64
    let log: EpochID
    var last: SequenceNumber
    var chain: Digest
    var applied: SequenceNumber
    var floor: SequenceNumber
    var floorChain: Digest
    /// Where state may be missing below the floor; zeros where it is nowhere.
    var missingFirst: SequenceNumber
    var missingLast: SequenceNumber
    var newest: HybridTimestamp
    var eventCount: Int
    /// What its batches weigh.
    ///
    /// Unit: bytes, with the blobs that they name.
    var byteCount: Int

    /// A row for an epoch of which nothing is known yet.
    init(id: Int64, log: EpochID) {
        self.id = id
        self.log = log
        last = 0
        chain = .none
        applied = 0
        floor = 0
        floorChain = .none
        missingFirst = 0
        missingLast = 0
        newest = .zero
        eventCount = 0
        byteCount = 0
    }

    /// Reads a row of `epoch`.
    ///
    /// - Throws: `.corrupt` where an identifier has not its length.
    init(_ row: Row) throws {
        id = row["id"]
        log = EpochID(
            origin: try row.identifier("origin"),
            epoch: LogEpoch(
                counter: UInt64(bitPattern: row["counter"]), nonce: try row.nonce("nonce")))
        last = row.sequence("last")
        chain = try row.identifier("chain")
        applied = row.sequence("applied")
        floor = row.sequence("floor")
        floorChain = try row.identifier("floor_chain")
        missingFirst = row.sequence("missing_first")
        missingLast = row.sequence("missing_last")
        newest = HybridTimestamp(raw: UInt64(bitPattern: row["newest"]))
        eventCount = row["event_count"]
        byteCount = row["byte_count"]
    }

    /// Its durable end.
    var head: EpochHead { EpochHead(log: log, last: last, chain: chain) }
    /// What was truncated or jumped over.
    var floorHead: EpochHead? {
        floor == 0 ? nil : EpochHead(log: log, last: floor, chain: floorChain)
    }
    /// Where state may be missing below the floor.
    var missingState: EventRange? {
        missingLast == 0 ? nil : EventRange(log: log, first: missingFirst, last: missingLast)
    }
}

extension Row {
    /// Thirty-two bytes as the identifier they are.
    func identifier<ID: Identifier32>(_ column: String) throws -> ID {
        guard let identifier = ID(bytes: bytes(column)) else { throw damaged(column) }
        return identifier
    }

    /// A position; stored ones are never negative.
    func sequence(_ column: String) -> SequenceNumber {
        SequenceNumber(UInt64(bitPattern: self[column] as Int64))
    }

    /// Eight bytes, most significant first.
    func nonce(_ column: String) throws -> UInt64 {
        let bytes = bytes(column)
        guard bytes.count == 8 else { throw damaged(column) }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A blob.
    func bytes(_ column: String) -> [UInt8] { Array(self[column] as Data) }

    func optionalBytes(_ column: String) -> [UInt8]? { (self[column] as Data?).map(Array.init) }

    /// Says which column cannot be what was written.
    func damaged(_ column: String) -> EventLogError {
        EventLogError(
            code: .corrupt, operation: "read the event log",
            detail: "column \(column) holds what was never written")
    }

    /// A row of `batch`, with its columns `position`, `disposition` and the three parts.
    func storedBatch() throws -> StoredBatch {
        guard let disposition = Disposition(rawValue: self["disposition"]) else {
            throw damaged("disposition")
        }
        return StoredBatch(
            position: self["position"],
            sealed: SealedBatch(
                header: bytes("header"), signature: bytes("signature"), body: bytes("body")),
            disposition: disposition)
    }

    /// The columns `outcome` and `reason`.
    func outcome() throws -> ApplyOutcome {
        let reason: String = self["reason"] ?? ""
        switch self["outcome"] as String {
        case "applied": return .applied
        case "superseded": return .superseded
        case "failed": return .failed(reason: reason)
        case "parked": return .parked(reason: reason)
        case "refused": return .refused(reason: reason)
        default: throw damaged("outcome")
        }
    }
}

extension ApplyOutcome {
    /// The column `outcome`.
    var word: String {
        switch self {
        case .applied: "applied"
        case .superseded: "superseded"
        case .failed: "failed"
        case .parked: "parked"
        case .refused: "refused"
        }
    }

    /// The column `reason`.
    var reason: String? {
        switch self {
        case .applied, .superseded: nil
        case .failed(let reason), .parked(let reason), .refused(let reason): reason
        }
    }
}

extension LogEpoch {
    /// The column `counter`.
    var counterColumn: Int64 { Int64(bitPattern: counter) }
    /// The column `nonce`: eight bytes, most significant first, as in an event ID.
    var nonceColumn: Data { Data(nonceBytes) }
    /// The bytes of that column.
    var nonceBytes: [UInt8] { withUnsafeBytes(of: nonce.bigEndian) { Array($0) } }
}

extension SequenceNumber {
    /// The number for SQLite; `nil` beyond what a log may reach.
    var column: Int64? { Int64(exactly: value) }
    /// The number for SQLite, or the greatest there is: for bounds of searches.
    var boundColumn: Int64 { Int64(clamping: value) }
}

extension HybridTimestamp {
    /// The stamp bit by bit.
    var column: Int64 { Int64(bitPattern: raw) }
}

extension Identifier32 {
    /// The bytes for SQLite.
    var column: Data { Data(bytes) }
}
