// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
public import WireFormat

/// Signs status reports in a node's name.
public struct StatusSealer: Sendable {
    private let cluster: ClusterID
    private let identity: NodeIdentity

    /// Signs for one cluster.
    public init(cluster: ClusterID, identity: NodeIdentity) {
        self.cluster = cluster
        self.identity = identity
    }

    /// Encodes and signs a report as the answer to one request.
    ///
    /// - Throws: ``WireError`` with `mismatch` for another node, else what ``StatusCodec`` throws.
    public func seal(
        _ report: StatusReport, answering request: RequestID
    ) throws(WireError) -> SealedStatus {
        guard report.node == identity.node else {
            throw WireError(
                .mismatch, "sealing a status report",
                expected: "node \(identity.node.short)", found: "node \(report.node.short)")
        }
        let body = try StatusCodec.encode(report)
        return SealedStatus(
            body: body,
            signature: identity.signingKey.sign(
                SigningDomain.status.bytes, cluster.bytes, request.bytes, body))
    }
}

/// Decides whether bytes are a node's answer to one status request.
public struct StatusVerifier: Sendable {
    private let cluster: ClusterID

    /// Verifies reports of one cluster; another's has another signature.
    public init(cluster: ClusterID) {
        self.cluster = cluster
    }

    /// Checks the signature of the node that was asked, and then parses the body.
    ///
    /// The request's ID is signed too, so an old answer is not one to a new question.
    public func verify(
        _ sealed: SealedStatus, answering request: RequestID, from node: NodeID,
        key: VerificationKey
    ) -> Result<StatusReport, Rejection> {
        let message =
            SigningDomain.status.bytes + cluster.bytes + request.bytes + sealed.body
        guard sealed.body.count <= WireLimits.reply, key.verifies(sealed.signature, of: message)
        else { return .failure(.badSignature(signer: "node \(node.short)")) }
        do {
            let report = try StatusCodec.decode(sealed.body)
            guard report.node == node else {
                return .failure(.mismatch("a report of another node than the one asked"))
            }
            return .success(report)
        } catch {
            return .failure(.malformedContent(error))
        }
    }
}
