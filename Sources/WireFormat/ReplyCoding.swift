// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import SwiftProtobuf

// The bodies of replies.

extension Pong {
    private static let operation = "ping reply"

    init(wire: ProtoPingReply) throws(WireError) {
        self.init(
            instance: try InstanceID(wire: wire.instance, Self.operation),
            wall: WallTime(milliseconds: wire.wall))
        try Bounds.check(wall, Self.operation)
    }

    func wire() throws(WireError) -> ProtoPingReply {
        try Bounds.check(wall, Self.operation)
        var wire = ProtoPingReply()
        wire.instance = instance.wire
        wire.wall = wall.milliseconds
        return wire
    }
}

extension ReplayEnd {
    private static let operation = "replay reply"

    init(wire: ProtoReplayReply) throws(WireError) {
        guard wire.hasFloor == (wire.end == .truncated) else {
            throw WireError(
                .mismatch, Self.operation, expected: "a floor with a truncated log only",
                found: "end \(wire.end.rawValue)")
        }
        switch wire.end {
        case .served: self = .served
        case .notHeld: self = .notHeld
        case .truncated:
            self = .truncated(try EpochHead(wire: wire.floor, Self.operation))
        case .unspecified, .UNRECOGNIZED:
            throw WireError(
                .outOfRange, Self.operation, expected: "an end from 1 to 3",
                found: "\(wire.end.rawValue)")
        }
    }

    func wire() throws(WireError) -> ProtoReplayReply {
        var wire = ProtoReplayReply()
        switch self {
        case .served: wire.end = .served
        case .notHeld: wire.end = .notHeld
        case .truncated(let floor):
            wire.end = .truncated
            wire.floor = try floor.wire(Self.operation)
        }
        return wire
    }
}

extension HeadsPage {
    private static let operation = "heads reply"

    init(wire: ProtoHeadsReply) throws(WireError) {
        self.init(
            heads: try EpochHead.list(
                wire.heads, upTo: WireLimits.headsInReply, Self.operation, isAscending: true),
            isLast: wire.isLast)
    }

    func wire() throws(WireError) -> ProtoHeadsReply {
        var wire = ProtoHeadsReply()
        wire.heads = try EpochHead.wire(
            heads, upTo: WireLimits.headsInReply, Self.operation, isAscending: true)
        wire.isLast = isLast
        return wire
    }
}

extension RecordsPage {
    private static let operation = "records reply"

    init(wire: ProtoRecordsReply) throws(WireError) {
        try Self.check(count: wire.records.count)
        var records: [SealedRecord] = []
        records.reserveCapacity(wire.records.count)
        for record in wire.records { records.append(try SealedRecord(wire: record)) }
        self.init(records: records, isLast: wire.isLast)
    }

    func wire() throws(WireError) -> ProtoRecordsReply {
        try Self.check(count: records.count)
        var wire = ProtoRecordsReply()
        for record in records { wire.records.append(try record.wire()) }
        wire.isLast = isLast
        return wire
    }

    private static func check(count: Int) throws(WireError) {
        try Bounds.check(count: count, upTo: WireLimits.recordsInReply, operation, "records")
    }
}

extension BlobChunk {
    private static let operation = "blob reply"

    init(wire: ProtoBlobReply, bytes: [UInt8]) throws(WireError) {
        self.init(blobByteCount: Int(wire.size), offset: Int(wire.offset), bytes: bytes)
        try check()
    }

    func wire() throws(WireError) -> ProtoBlobReply {
        try check()
        var wire = ProtoBlobReply()
        wire.size = UInt32(blobByteCount)
        wire.offset = UInt32(offset)
        return wire
    }

    private func check() throws(WireError) {
        try Bounds.check(blobByteCount, in: 1...WireLimits.blob, Self.operation, "size")
        try Bounds.check(bytes.count, in: 1...WireLimits.chunk, Self.operation, "length")
        try Bounds.check(
            offset, in: 0...max(0, blobByteCount - bytes.count), Self.operation, "offset")
        guard offset + bytes.count <= blobByteCount else {
            throw WireError(
                .mismatch, Self.operation, expected: "a chunk inside the blob",
                found: "\(bytes.count) bytes at \(offset) of \(blobByteCount)")
        }
    }
}

extension Refusal {
    func check() throws(WireError) {
        guard status != .done else {
            throw WireError(
                .mismatch, "refusal", expected: "a status of failure", found: "done")
        }
    }
}
