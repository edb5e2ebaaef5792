// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// The nodes' keys that signatures are checked with, by node ID.
///
/// Law: each key stands under its own hash, so whoever brings a key cannot choose its place.
public struct NodeKeyRing: Sendable {
    private var keys: [NodeID: VerificationKey] = [:]

    /// A ring without keys.
    public init() {}

    /// Adds a key; adding it twice changes nothing.
    ///
    /// - Throws: ``CryptographyError`` with `malformedEncoding` or `unsafeKey` for bytes which are
    ///   no key that can prove anything.
    @discardableResult
    public mutating func insert(_ key: NodeKey) throws(CryptographyError) -> NodeID {
        let node = NodeID(of: key)
        if keys[node] == nil { keys[node] = try VerificationKey(key.bytes) }
        return node
    }

    /// Forgets a node's key.
    public mutating func remove(_ node: NodeID) {
        keys[node] = nil
    }

    /// The key of a node; `nil` where it is not known.
    public subscript(node: NodeID) -> VerificationKey? { keys[node] }
}

extension NodeID {
    /// The ID that belongs to a key: BLAKE2b-256 of its 32 bytes.
    public init(of key: NodeKey) {
        self.init(Digest(hashing: key.bytes).raw)
    }
}
