// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// The secrets that make a node this node: its signing key and its CURVE key.
///
/// Law: the node ID is the hash of the signing key's public half. Descriptions are redacted.
public struct NodeIdentity: Sendable, CustomStringConvertible {
    /// Signs batches, beacons, hellos and status reports.
    public let signingKey: SigningKey
    /// The secret half of the key that the node's sockets prove.
    public let curveSecret: SecretBytes
    /// The public half of the signing key.
    public let nodeKey: NodeKey
    /// The public half of the CURVE key.
    public let curveKey: CurveKey
    /// The node's ID.
    public let node: NodeID

    /// Makes a new node: both keys from random bytes.
    ///
    /// - Throws: ``CryptographyError`` with `libraryFailure`.
    public init() throws(CryptographyError) {
        try self.init(
            signingKey: SigningKey(), curveSecret: SecretBytes(randomCount: Curve25519.keyLength))
    }

    /// Makes the node of two secret keys.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength` for a CURVE secret of other than 32
    ///   bytes.
    public init(signingKey: SigningKey, curveSecret: SecretBytes) throws(CryptographyError) {
        let curve = try Curve25519.publicKey(fromSecret: curveSecret)
        guard let nodeKey = NodeKey(bytes: signingKey.verificationKey.bytes),
            let curveKey = CurveKey(bytes: curve)
        else { preconditionFailure("public keys have 32 bytes") }
        self.signingKey = signingKey
        self.curveSecret = curveSecret
        self.nodeKey = nodeKey
        self.curveKey = curveKey
        node = NodeID(of: nodeKey)
    }

    /// The node's ID; never a secret.
    public var description: String { "node \(node.short) (keys redacted)" }
}
