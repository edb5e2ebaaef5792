// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import SwiftProtobuf

// The bodies of requests that have fields to check.

extension ReplayRequest {
    private static let operation = "replay request"

    init(wire: ProtoReplayRequest) throws(WireError) {
        self.init(
            log: try EpochID(wire: wire.log, Self.operation), first: SequenceNumber(wire.first),
            last: SequenceNumber(wire.last), credit: Int(wire.credit),
            isStateOnly: wire.stateOnly)
        try check()
    }

    func wire() throws(WireError) -> ProtoReplayRequest {
        try check()
        var wire = ProtoReplayRequest()
        wire.log = try log.wire(Self.operation)
        wire.first = first.value
        wire.last = last.value
        wire.credit = UInt32(credit)
        wire.stateOnly = isStateOnly
        return wire
    }

    private func check() throws(WireError) {
        try Bounds.check(last, Self.operation, "last sequence number")
        try Bounds.check(
            first.value, in: 1...last.value, Self.operation, "first sequence number")
        try Bounds.check(credit, in: 1...WireLimits.replayCredit, Self.operation, "credit")
    }
}

extension RecordsRequest {
    private static let operation = "records request"

    init(wire: ProtoRecordsRequest) throws(WireError) {
        try Self.check(count: wire.known.count)
        var known: [Digest] = []
        known.reserveCapacity(wire.known.count)
        for hash in wire.known {
            known.append(try Digest(wire: hash, Self.operation, "hash"))
        }
        self.init(
            digest: try Digest(wire: wire.digest, Self.operation, "digest"), known: known)
        try Bounds.checkAscending(known, Self.operation, "hashes", by: <)
    }

    func wire() throws(WireError) -> ProtoRecordsRequest {
        try Self.check(count: known.count)
        try Bounds.checkAscending(known, Self.operation, "hashes", by: <)
        var wire = ProtoRecordsRequest()
        wire.digest = digest.wire
        wire.known = known.map(\.wire)
        return wire
    }

    private static func check(count: Int) throws(WireError) {
        try Bounds.check(count: count, upTo: WireLimits.knownRecords, operation, "hashes")
    }
}

extension Acknowledgement {
    private static let operation = "acknowledgement"

    init(wire: ProtoAcknowledgement) throws(WireError) {
        self.init(
            log: try EpochID(wire: wire.log, Self.operation),
            durable: SequenceNumber(wire.durable), applied: SequenceNumber(wire.applied))
        try check()
    }

    func wire() throws(WireError) -> ProtoAcknowledgement {
        try check()
        var wire = ProtoAcknowledgement()
        wire.log = try log.wire(Self.operation)
        wire.durable = durable.value
        wire.applied = applied.value
        return wire
    }

    /// What is applied is on disk.
    private func check() throws(WireError) {
        try Bounds.check(durable, Self.operation, "durable position")
        try Bounds.check(
            applied.value, in: 0...durable.value, Self.operation, "applied position")
    }
}

extension BlobRequest {
    private static let operation = "blob request"

    init(wire: ProtoBlobRequest) throws(WireError) {
        self.init(
            digest: try Digest(wire: wire.digest, Self.operation, "digest"),
            offset: Int(wire.offset), length: Int(wire.length))
        try check()
    }

    func wire() throws(WireError) -> ProtoBlobRequest {
        try check()
        var wire = ProtoBlobRequest()
        wire.digest = digest.wire
        wire.offset = UInt32(offset)
        wire.length = UInt32(length)
        return wire
    }

    private func check() throws(WireError) {
        try Bounds.check(offset, in: 0...(WireLimits.blob - 1), Self.operation, "offset")
        try Bounds.check(length, in: 1...WireLimits.chunk, Self.operation, "length")
    }
}
