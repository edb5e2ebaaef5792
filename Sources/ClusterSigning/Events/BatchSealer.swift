// SPDX-License-Identifier: Apache-2.0
@_spi(Verification) public import ClusterModel
public import WireFormat

/// Turns drafts of batches into signed bytes.
///
/// Law: what it makes, ``BatchVerifier`` accepts on every node that knows the key.
public struct BatchSealer: Sendable {
    private let cluster: ClusterID
    private let policy: UInt64
    private let identity: NodeIdentity

    /// Seals in a node's name; `policy` is the beginning of its policy's hash.
    public init(cluster: ClusterID, policy: UInt64, identity: NodeIdentity) {
        self.cluster = cluster
        self.policy = policy
        self.identity = identity
    }

    /// Encodes, hashes and signs a draft.
    ///
    /// - Throws: ``WireError`` where no receiver would accept the batch: `mismatch` for a log of
    ///   another node, else what ``EventBodyCodec`` and ``BatchHeaderCodec`` throw.
    public func seal(_ draft: BatchDraft) throws(WireError) -> VerifiedBatch {
        guard draft.log.origin == identity.node else {
            throw WireError(
                .mismatch, "sealing a batch", expected: "log of node \(identity.node.short)",
                found: "log of node \(draft.log.origin.short)")
        }
        let body = try EventBodyCodec.encode(draft.events)
        let header = BatchHeader(
            cluster: cluster, log: draft.log, first: draft.first, count: draft.events.count,
            bodyByteCount: body.count, timestamp: draft.events[0].timestamp,
            previous: draft.previous, bodyHash: Digest(hashing: body, key: SigningDomain.bodyHash),
            grant: draft.grant, policy: policy, isAwaited: draft.isAwaited)
        let bytes = try BatchHeaderCodec.encode(header)
        let sealed = SealedBatch(
            header: bytes, signature: identity.signingKey.sign(bytes), body: body)
        return VerifiedBatch(
            header: header, hash: Digest(hashing: bytes), events: draft.events, sealed: sealed)
    }
}
