// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
public import WireFormat

/// Signs beacons in a node's name.
public struct BeaconSealer: Sendable {
    private let cluster: ClusterID
    private let identity: NodeIdentity

    /// Signs for one cluster.
    public init(cluster: ClusterID, identity: NodeIdentity) {
        self.cluster = cluster
        self.identity = identity
    }

    /// Encodes and signs a beacon.
    ///
    /// - Throws: ``WireError`` with `mismatch` for another sender, else what the codec throws.
    public func seal(_ beacon: Beacon) throws(WireError) -> SealedBeacon {
        guard beacon.sender == identity.node else {
            throw WireError(
                .mismatch, "sealing a beacon", expected: "sender \(identity.node.short)",
                found: "sender \(beacon.sender.short)")
        }
        let body = try BeaconCodec.encode(beacon)
        return SealedBeacon(
            sender: identity.node,
            signature: identity.signingKey.sign(
                SigningDomain.beacon.bytes, cluster.bytes, body),
            body: body)
    }
}

/// Decides whether bytes are a beacon of the node which they name.
public struct BeaconVerifier: Sendable {
    private let cluster: ClusterID

    /// Verifies beacons of one cluster; another's has another signature.
    public init(cluster: ClusterID) {
        self.cluster = cluster
    }

    /// Checks lengths, that the key is known, the signature, and then parses the body.
    public func verify(
        _ sealed: SealedBeacon, key: (NodeID) -> VerificationKey?
    ) -> Result<Beacon, Rejection> {
        do {
            try sealed.checkLengths()
        } catch {
            return .failure(.malformed(error))
        }
        guard let key = key(sealed.sender) else {
            return .failure(.unknownSigner(sealed.sender))
        }
        let message = SigningDomain.beacon.bytes + cluster.bytes + sealed.body
        guard key.verifies(sealed.signature, of: message) else {
            return .failure(.badSignature(signer: "node \(sealed.sender.short)"))
        }
        do {
            let beacon = try BeaconCodec.decode(sealed.body)
            guard beacon.sender == sealed.sender else {
                return .failure(.mismatch("a beacon signed by another node than its sender"))
            }
            return .success(beacon)
        } catch {
            return .failure(.malformedContent(error))
        }
    }
}
