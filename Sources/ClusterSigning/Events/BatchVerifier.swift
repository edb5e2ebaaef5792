// SPDX-License-Identifier: Apache-2.0
@_spi(Verification) public import ClusterModel
import WireFormat

/// Decides whether bytes are a batch which the node it names has signed.
///
/// The only way from bytes to a `VerifiedBatch`. Whether the signer was allowed to say what is in
/// it is decided later, by grants, revocations and the users file.
public struct BatchVerifier: Sendable {
    private let cluster: ClusterID

    /// Verifies batches of one cluster.
    public init(cluster: ClusterID) {
        self.cluster = cluster
    }

    /// Checks lengths, magic, cluster, zero fields and ranges, then that the key is known, then the
    /// signature, then the body's hash, and only then parses the body.
    ///
    /// Pure and total: the answer depends on the bytes and the key alone.
    public func verify(
        _ sealed: SealedBatch, key: (NodeID) -> VerificationKey?
    ) -> Result<VerifiedBatch, Rejection> {
        let header: BatchHeader
        do {
            header = try decodeHeader(sealed)
        } catch {
            return .failure(.malformed(error))
        }
        let origin = header.log.origin
        guard let key = key(origin) else { return .failure(.unknownSigner(origin)) }
        guard key.verifies(sealed.signature, of: sealed.header) else {
            return .failure(.badSignature(signer: "node \(origin.short)"))
        }
        guard Digest(hashing: sealed.body, key: SigningDomain.bodyHash) == header.bodyHash else {
            return .failure(.wrongBodyHash(origin))
        }
        do {
            let events = try EventBodyCodec.decode(sealed.body, count: header.count)
            guard events[0].timestamp == header.timestamp else {
                return .failure(.mismatch("the header's stamp is not that of its first event"))
            }
            return .success(
                VerifiedBatch(
                    header: header, hash: Digest(hashing: sealed.header), events: events,
                    sealed: sealed))
        } catch {
            return .failure(.malformedContent(error))
        }
    }

    private func decodeHeader(_ sealed: SealedBatch) throws(WireError) -> BatchHeader {
        try BatchFrames.checkLengths(sealed)
        let header = try BatchHeaderCodec.decode(sealed.header, cluster: cluster)
        guard header.bodyByteCount == sealed.body.count else {
            throw WireError(
                .wrongLength, "batch", expected: "body of \(header.bodyByteCount) bytes",
                found: "\(sealed.body.count) bytes")
        }
        return header
    }
}
