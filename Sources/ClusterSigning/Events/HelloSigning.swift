// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
public import WireFormat

/// Signs answers to `hello` in a node's name.
public struct HelloSealer: Sendable {
    private let identity: NodeIdentity

    /// Signs with a node's key.
    public init(identity: NodeIdentity) {
        self.identity = identity
    }

    /// Encodes and signs an answer.
    ///
    /// - Throws: ``WireError`` with `mismatch` for another node's keys, else what ``HelloCodec``
    ///   throws.
    public func seal(_ hello: Hello) throws(WireError) -> SealedHello {
        guard hello.node == identity.node, hello.nodeKey == identity.nodeKey else {
            throw WireError(
                .mismatch, "sealing a hello", expected: "node \(identity.node.short)",
                found: "node \(hello.node.short)")
        }
        let body = try HelloCodec.encodeBody(hello)
        return SealedHello(
            nodeKey: identity.nodeKey, body: body,
            signature: identity.signingKey.sign(SigningDomain.hello.bytes, body))
    }
}

/// Decides whether bytes are the answer to a question just asked, by the node that they name.
///
/// The answer proves itself: its key is in it, and the node ID is the key's hash. Whether this is
/// a node to talk to is decided by grants, and by the asker, who knows which cluster he wants.
public struct HelloVerifier: Sendable {
    /// Makes a verifier.
    public init() {}

    /// Checks lengths, the key, the signature, and then the content: nonce, key and node ID.
    public func verify(_ sealed: SealedHello, nonce: Bytes32) -> Result<Hello, Rejection> {
        let claimed = NodeID(of: sealed.nodeKey)
        guard (1...WireLimits.hello).contains(sealed.body.count), isSigned(sealed) else {
            return .failure(.badSignature(signer: "node \(claimed.short)"))
        }
        do {
            let hello = try HelloCodec.decodeBody(sealed.body)
            guard hello.nonce == nonce else {
                return .failure(.mismatch("an answer to another question: the nonce differs"))
            }
            guard hello.nodeKey == sealed.nodeKey, hello.node == claimed else {
                return .failure(.mismatch("a node ID that is not the hash of the signing key"))
            }
            return .success(hello)
        } catch {
            return .failure(.malformedContent(error))
        }
    }

    private func isSigned(_ sealed: SealedHello) -> Bool {
        do {
            let key = try VerificationKey(sealed.nodeKey.bytes)
            return key.verifies(sealed.signature, of: SigningDomain.hello.bytes + sealed.body)
        } catch {
            // With such a key any signature could be made to hold.
            return false
        }
    }
}
