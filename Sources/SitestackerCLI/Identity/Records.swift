// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterModel
import ClusterSigning
import Glibc
import WireFormat

// Between the documents of the daemon and the nouns of the cluster.

extension SealedRecordDocument {
    init(_ record: SealedRecord) {
        self.init(
            body: Hexadecimal.encode(record.body), signer: record.signer.description,
            signature: Hexadecimal.encode(record.signature),
            credential: record.credential.map { Hexadecimal.encode($0) })
    }
}

extension EpochHead {
    init(_ document: HeadDocument) throws(ErrorDocument) {
        guard let origin = NodeID(hex: document.origin),
            let nonce = Hexadecimal.decodeWord(document.nonce),
            let chain = Digest(hex: document.chain)
        else { throw .unexpected("the head of a log", "hexadecimal digits") }
        self.init(
            log: EpochID(
                origin: origin, epoch: LogEpoch(counter: document.epoch, nonce: nonce)),
            last: SequenceNumber(document.last), chain: chain)
    }
}

extension ClusterPin {
    /// The cluster of a node that is logged in.
    init(_ identity: IdentityDocument) throws(ErrorDocument) {
        guard let pin = try ClusterPin.known(identity) else { throw .notLoggedIn }
        self = pin
    }

    /// The cluster of a node; `nil` where it never was logged in.
    static func known(_ identity: IdentityDocument) throws(ErrorDocument) -> ClusterPin? {
        guard let cluster = identity.cluster, let root = identity.root else { return nil }
        guard let cluster = ClusterID(hex: cluster), let root = UserKey(hex: root) else {
            throw .unexpected("this node's identity", "a cluster ID and a root key")
        }
        return ClusterPin(cluster: cluster, root: root)
    }
}

extension Scopes {
    /// Scopes as documents write them.
    init(listed text: String) throws(ErrorDocument) {
        var scopes: Scopes = []
        for word in text.split(separator: ",") {
            guard let scope = Scopes(name: word) else {
                throw .unexpected("the scopes \(text)", "scopes out of \(Scopes.all)")
            }
            scopes.formUnion(scope)
        }
        self = scopes
    }
}

extension SigningKey {
    /// The public half as the cluster names it.
    var user: UserKey {
        guard let key = UserKey(bytes: verificationKey.bytes) else {
            preconditionFailure("public keys have 32 bytes")
        }
        return key
    }
}

/// What the wall clock shows.
func wallTime() -> WallTime {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let seconds = UInt64(max(0, now.tv_sec))
    return WallTime(milliseconds: seconds * 1_000 + UInt64(now.tv_nsec) / 1_000_000)
}
