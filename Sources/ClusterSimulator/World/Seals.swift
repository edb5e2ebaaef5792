// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel
import ClusterSigning
import WireFormat

/// Seals and verifies for all nodes of a run, with the production codec and Ed25519.
///
/// Verifying is pure, so in most runs bytes that a node of this run has sealed are known by their
/// signature and believed without doing the sums again; bytes that differ anywhere, and forged
/// ones, always go to the real verifier. Where `isExact` is set, so does everything.
final class Seals {
    /// The cluster.
    let cluster: ClusterID
    /// Whether every signature is checked every time.
    let isExact: Bool
    private var batches: [[UInt8]: VerifiedBatch] = [:]
    private var beacons: [[UInt8]: (sealed: SealedBeacon, beacon: Beacon)] = [:]

    init(cluster: ClusterID, isExact: Bool) {
        self.cluster = cluster
        self.isExact = isExact
    }

    func seal(
        _ draft: BatchDraft, as identity: NodeIdentity
    ) throws(WireError) -> VerifiedBatch {
        let batch = try BatchSealer(cluster: cluster, policy: 0, identity: identity).seal(draft)
        batches[batch.sealed.signature] = batch
        return batch
    }

    func seal(_ beacon: Beacon, as identity: NodeIdentity) throws(WireError) -> SealedBeacon {
        let sealed = try BeaconSealer(cluster: cluster, identity: identity).seal(beacon)
        beacons[sealed.signature] = (sealed, beacon)
        return sealed
    }

    func verify(
        _ sealed: SealedBatch, keys: NodeKeyRing
    ) -> Result<VerifiedBatch, Rejection> {
        if !isExact, let known = batches[sealed.signature], known.sealed == sealed,
            keys[known.header.log.origin] != nil
        {
            return .success(known)
        }
        return BatchVerifier(cluster: cluster).verify(sealed) { keys[$0] }
    }

    func verify(_ sealed: SealedBeacon, keys: NodeKeyRing) -> Result<Beacon, Rejection> {
        if !isExact, let known = beacons[sealed.signature], known.sealed == sealed,
            keys[sealed.sender] != nil
        {
            return .success(known.beacon)
        }
        return BeaconVerifier(cluster: cluster).verify(sealed) { keys[$0] }
    }
}
