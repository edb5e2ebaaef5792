// SPDX-License-Identifier: Apache-2.0

/// A name made of thirty-two bytes; each conforming type is a name of one kind of thing.
///
/// The kinds are types, so that a user's key cannot be passed where a node's is meant.
public protocol Identifier32: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The bytes themselves.
    var raw: Bytes32 { get }
    /// Names the thing that these bytes name.
    init(_ raw: Bytes32)
}

extension Identifier32 {
    /// Takes exactly thirty-two bytes; `nil` for any other number.
    public init?(bytes: some Collection<UInt8>) {
        guard let raw = Bytes32(bytes) else { return nil }
        self.init(raw)
    }

    /// Takes sixty-four hexadecimal digits; `nil` for anything else.
    public init?(hex: some StringProtocol) {
        guard let raw = Bytes32(hex: hex) else { return nil }
        self.init(raw)
    }

    /// The bytes, most significant first.
    public var bytes: [UInt8] { raw.bytes }

    /// The first sixteen hexadecimal digits: how the thing is shown to people.
    public var short: String { Hexadecimal.encode(raw.prefix) }

    /// All sixty-four hexadecimal digits.
    public var description: String { raw.description }

    /// Compares the bytes as unsigned big-endian numbers.
    public static func < (left: Self, right: Self) -> Bool { left.raw < right.raw }
}

/// A cluster: thirty-two random bytes made once by `init`, inside every signed header.
public struct ClusterID: Identifier32 {
    /// The bytes themselves.
    public let raw: Bytes32
    /// Names the cluster that these bytes name.
    public init(_ raw: Bytes32) { self.raw = raw }
}

/// A node: the BLAKE2b-256 hash of its signing key.
///
/// Law: a node ID and a node key determine each other, so nobody can claim another's ID.
public struct NodeID: Identifier32 {
    /// The bytes themselves.
    public let raw: Bytes32
    /// Names the node that these bytes name.
    public init(_ raw: Bytes32) { self.raw = raw }
}

/// A node's public Ed25519 key, which verifies its batches and beacons.
public struct NodeKey: Identifier32 {
    /// The bytes themselves.
    public let raw: Bytes32
    /// Wraps the bytes of a public key.
    public init(_ raw: Bytes32) { self.raw = raw }
}

/// A node's or client's public CURVE key (X25519), which its sockets prove.
public struct CurveKey: Identifier32 {
    /// The bytes themselves.
    public let raw: Bytes32
    /// Wraps the bytes of a public key.
    public init(_ raw: Bytes32) { self.raw = raw }
}

/// A user's public Ed25519 key, which verifies grants and the other records of authority.
public struct UserKey: Identifier32 {
    /// The bytes themselves.
    public let raw: Bytes32
    /// Wraps the bytes of a public key.
    public init(_ raw: Bytes32) { self.raw = raw }
}

/// A BLAKE2b-256 hash.
public struct Digest: Identifier32 {
    /// The bytes themselves.
    public let raw: Bytes32
    /// Wraps the bytes of a hash.
    public init(_ raw: Bytes32) { self.raw = raw }
    /// Thirty-two zero bytes: no hash, as in the `prev` of the very first batch.
    public static let none = Digest(.zero)
}

/// One run of one node: sixteen random bytes made at each start.
///
/// Tells a node which talks to itself (same instance) from a clone (same node ID, other instance).
public struct InstanceID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The first eight bytes.
    public let high: UInt64
    /// The last eight bytes.
    public let low: UInt64

    /// Wraps two random words.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Thirty-two hexadecimal digits.
    public var description: String { Hexadecimal.encode(high) + Hexadecimal.encode(low) }

    /// Compares as unsigned numbers.
    public static func < (left: InstanceID, right: InstanceID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}
