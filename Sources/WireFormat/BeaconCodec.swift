// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
import SwiftProtobuf

/// The exact bytes of a beacon, as signed and sent; not yet believed.
public struct SealedBeacon: Hashable, Sendable {
    /// Whose key is said to check it.
    public let sender: NodeID
    /// Ed25519 over a domain word, the cluster ID and the body.
    ///
    /// Unit: 64 bytes.
    public let signature: [UInt8]
    /// The beacon.
    public let body: [UInt8]

    /// Joins the parts as they came.
    public init(sender: NodeID, signature: [UInt8], body: [UInt8]) {
        self.sender = sender
        self.signature = signature
        self.body = body
    }

    /// The four frames to publish: `H | sender | signature | body`.
    public var frames: [[UInt8]] { [WireTopic.head.frame, sender.bytes, signature, body] }

    /// Reads four frames from a SUB socket; only their number and lengths are checked.
    ///
    /// - Throws: ``WireError`` with `wrongCount`, `unknownWord`, `wrongLength`, `missing` or
    ///   `aboveLimit`.
    public init(frames: [[UInt8]]) throws(WireError) {
        let operation = "beacon frames"
        guard frames.count == 4 else {
            throw WireError(
                .wrongCount, operation, expected: "4 frames", found: "\(frames.count)")
        }
        guard frames[0] == WireTopic.head.frame else {
            throw WireError(.unknownWord, operation, expected: "topic H", found: "another")
        }
        guard let sender = NodeID(bytes: frames[1]) else {
            throw .length("beacon sender", 32, found: frames[1].count)
        }
        self.init(sender: sender, signature: frames[2], body: frames[3])
        try checkLengths()
    }

    /// Checks the lengths of signature and body.
    ///
    /// - Throws: ``WireError`` with `wrongLength`, `missing` or `aboveLimit`.
    public func checkLengths() throws(WireError) {
        guard signature.count == WireLimits.signature else {
            throw .length("beacon signature", WireLimits.signature, found: signature.count)
        }
        try Bounds.check(
            count: body.count, upTo: WireLimits.beacon, "beacon", "bytes of body", from: 1)
    }
}

/// The body of a beacon.
public enum BeaconCodec {
    private static let operation = "beacon"

    /// The bytes to sign.
    ///
    /// - Throws: ``WireError`` with `aboveLimit`, `outOfRange` or `notAscending`.
    public static func encode(_ beacon: Beacon) throws(WireError) -> [UInt8] {
        try check(beacon)
        var wire = ProtoBeacon()
        wire.sender = beacon.sender.wire
        wire.instance = beacon.instance.wire
        wire.number = beacon.number
        wire.wall = beacon.wall.milliseconds
        wire.heads = try EpochHead.wire(
            beacon.heads, upTo: WireLimits.vectorEntries, operation, isAscending: true)
        wire.allHeads = beacon.allHeads.wire
        wire.records = beacon.records.wire
        wire.allowed = beacon.allowed.wire
        if beacon.applied.count > 0 { wire.applied = try beacon.applied.wire(operation) }
        wire.isReady = beacon.isReady
        return try Protobuf.encode(wire, upTo: WireLimits.beacon, operation)
    }

    /// Reads the body of a beacon whose signature holds.
    ///
    /// - Throws: ``WireError`` with `malformed`, `wrongLength`, and what `encode` throws.
    public static func decode(_ bytes: [UInt8]) throws(WireError) -> Beacon {
        let wire = try Protobuf.talk(
            ProtoBeacon.self, from: bytes, upTo: WireLimits.beacon, operation)
        let beacon = Beacon(
            sender: try NodeID(wire: wire.sender, operation, "sender"),
            instance: try InstanceID(wire: wire.instance, operation), number: wire.number,
            wall: WallTime(milliseconds: wire.wall),
            heads: try EpochHead.list(
                wire.heads, upTo: WireLimits.vectorEntries, operation, isAscending: true),
            allHeads: try Digest(wire: wire.allHeads, operation, "digest of all heads"),
            records: try Digest(wire: wire.records, operation, "digest of records"),
            allowed: try Digest(wire: wire.allowed, operation, "digest of what is allowed"),
            applied: try VersionVector(wire: wire.applied, operation), isReady: wire.isReady)
        try check(beacon)
        return beacon
    }

    private static func check(_ beacon: Beacon) throws(WireError) {
        try Bounds.check(beacon.number, in: 1...UInt64.max, operation, "number")
        try Bounds.check(beacon.wall, operation)
    }
}
