// SPDX-License-Identifier: Apache-2.0
import ClusterCore
@_spi(Verification) import ClusterModel

/// Makes records as if they had been signed and checked: keys and hashes are made from words.
struct Notary {
    static let cluster = ClusterID(bytes32(1))
    static let root = key("alice 1")
    static let pin = ClusterPin(cluster: cluster, root: root)
    static let year: UInt64 = 365 * 86_400_000

    /// Thirty-two bytes that depend on a number.
    static func bytes32(_ seed: UInt64) -> Bytes32 {
        var jitter = Jitter(seed: seed)
        let bytes = (0..<32).map { _ in UInt8(truncatingIfNeeded: jitter.next()) }
        return Bytes32(bytes) ?? .zero
    }

    /// Thirty-two bytes that depend on a text.
    static func bytes32(_ text: String) -> Bytes32 {
        bytes32(
            text.utf8.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 })
    }

    static func key(_ name: String) -> UserKey { UserKey(bytes32("user \(name)")) }
    static func node(_ name: String) -> NodeID { NodeID(bytes32("node \(name)")) }
    static func curve(_ name: String) -> CurveKey { CurveKey(bytes32("curve \(name)")) }
    static func wall(_ milliseconds: UInt64) -> WallTime { WallTime(milliseconds: milliseconds) }

    static func log(_ name: String, epoch: UInt64 = 1) -> EpochID {
        EpochID(origin: node(name), epoch: LogEpoch(counter: epoch, nonce: epoch))
    }

    /// A record as its signer made it; equal contents have equal hashes.
    static func sign(
        _ record: AuthorityRecord, credential: [UInt8]? = nil, by signer: UserKey
    ) -> VerifiedRecord {
        let hash = Digest(bytes32("\(signer) \(record)"))
        return VerifiedRecord(
            hash: hash, record: record, signer: signer,
            sealed: SealedRecord(
                body: hash.bytes, signer: signer, signature: [], credential: credential))
    }

    /// A version of an account, whose key is named `NAME SERIAL` unless another is given.
    static func account(
        _ name: String, _ serial: UInt64 = 1, key: UserKey? = nil, scopes: Scopes = .all,
        email: String? = nil, isRemoved: Bool = false, credential: Digest? = nil,
        beside: [UInt8]? = nil, by signer: UserKey
    ) -> VerifiedRecord {
        sign(
            .account(
                Account(
                    name: name, email: email ?? "\(name)@example.com", fullName: name,
                    key: key ?? Notary.key("\(name) \(serial)"), scopes: scopes, serial: serial,
                    credential: credential, isRemoved: isRemoved)),
            credential: beside, by: signer)
    }

    /// A grant for a node, valid from its serial's number unless told otherwise, for a year.
    static func grant(
        _ node: String, serial: UInt64 = 1, scopes: Scopes = .all, notAfter: UInt64 = year,
        covers: [EpochHead] = [], curve: String? = nil, from: UInt64? = nil, by user: UserKey
    ) -> VerifiedRecord {
        sign(
            .grant(
                Grant(
                    user: user, nodeKey: NodeKey(bytes32("node key \(node)")),
                    node: Notary.node(node), curveKey: Notary.curve(curve ?? node),
                    scopes: scopes, notBefore: wall(from ?? serial - 1), notAfter: wall(notAfter),
                    serial: serial, covers: covers)),
            by: user)
    }

    static func revoke(
        _ subject: Revocation.Subject, covers: [EpochHead] = [], by signer: UserKey
    ) -> VerifiedRecord {
        sign(.revocation(Revocation(subject: subject, covers: covers)), by: signer)
    }

    /// The header of a batch of a node, one event long, and its hash.
    static func batch(
        _ node: String, _ sequence: UInt64, under grant: VerifiedRecord, epoch: UInt64 = 1
    ) -> (header: BatchHeader, hash: Digest) {
        let header = BatchHeader(
            cluster: cluster, log: log(node, epoch: epoch), first: SequenceNumber(sequence),
            count: 1, bodyByteCount: 1, timestamp: .zero, previous: .none, bodyHash: .none,
            grant: grant.hash, policy: 0)
        return (header, chain(node, sequence, epoch: epoch))
    }

    static func chain(_ node: String, _ sequence: UInt64, epoch: UInt64 = 1) -> Digest {
        Digest(bytes32("chain \(node) \(epoch) \(sequence)"))
    }

    static func head(_ node: String, _ sequence: UInt64, epoch: UInt64 = 1) -> EpochHead {
        EpochHead(
            log: log(node, epoch: epoch), last: SequenceNumber(sequence),
            chain: chain(node, sequence, epoch: epoch))
    }

    /// The first cluster: alice founded it, bob may publish and invalidate, both have a node.
    static var first: [VerifiedRecord] {
        [
            account("alice", key: root, by: root),
            account("bob", scopes: [.publish, .invalidate], by: root),
            grant("web1", by: root),
            grant("web2", by: key("bob 1")),
        ]
    }

    /// This node's view (web1) of a cluster with those records and users.
    static func authority(
        _ records: [VerifiedRecord] = first, users: [AllowedUser] = [allow("alice"), allow("bob")],
        pins: [PinnedUser] = [], own: String = "web1", joinedAs ownUser: String? = nil
    ) -> Authority {
        var authority = Authority(
            pin: pin, own: node(own), joinedAs: ownUser, records: records, users: users, pins: pins)
        _ = authority.setUsers(users)
        return authority
    }

    static func allow(_ identifier: String, _ scopes: Scopes = .all) -> AllowedUser {
        AllowedUser(identifier: identifier, scopes: scopes)
    }
}

extension Authority {
    /// Judges the batch of a node at a position, seen at 1000 unless told otherwise.
    func judge(
        _ node: String, _ sequence: UInt64 = 1, under grant: VerifiedRecord,
        requiring scopes: Scopes = .publish, seen: UInt64 = 1_000, epoch: UInt64 = 1
    ) -> Judgement {
        let batch = Notary.batch(node, sequence, under: grant, epoch: epoch)
        return judge(
            batch.header, hash: batch.hash, requiring: scopes, firstSeen: Notary.wall(seen))
    }

    /// What people can tell about the fold, for comparison.
    var summary: [String] {
        let members = members.map { "\($0.node.short) \($0.user) \($0.grantHash.short)" }
        let accounts = accounts.map { "\($0.account.name) \($0.keys) \($0.isRemoved)" }
        let keys = admission.map { "\($0.key.short) \($0.admitted)" }
        let records = hashes.map { "\($0.short) \(standing(of: $0))" }
        return members + accounts + keys + records + ["\(digest)", "\(allowed)"]
    }
}

extension Judgement {
    /// The code of a refusal, `held CODE`, or `allowed`.
    var code: String {
        switch self {
        case .allowed: "allowed"
        case .held(let refusal): "held \(refusal.code.rawValue)"
        case .refused(let refusal): refusal.code.rawValue
        }
    }
}

/// A shuffle that a seed repeats.
func shuffled<Element>(_ elements: [Element], _ jitter: inout Jitter) -> [Element] {
    var result = elements
    for index in result.indices.reversed() where index > 0 {
        result.swapAt(index, Int(jitter.next() % UInt64(index + 1)))
    }
    return result
}
