// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import ClusterSigning
import WireFormat

/// The people of the cluster and the records they sign: what the CLI does for a real one.
final class Registry {
    private static let names = ["alice", "bob", "carol"]
    /// A year.
    private static let term: UInt64 = 10 * 365 * 86_400_000

    let cluster: ClusterID
    /// The cluster, and the first user's key.
    let pin: ClusterPin
    /// Everybody; the first one founded the cluster and administers it.
    let users: [SimulatedUser]
    /// The accounts, which every node gets at its login.
    let accounts: [VerifiedRecord]
    /// Whose grant each hash names, for checkers.
    private(set) var grants: [Digest: (user: String, node: NodeID, scopes: Scopes)] = [:]
    /// What stays valid of nodes that were removed, for checkers.
    private var covers: [NodeID: [EpochHead]] = [:]
    private let sealer: RecordSealer

    init(cluster: ClusterID, random: inout SimulationRandom) throws {
        self.cluster = cluster
        sealer = RecordSealer(cluster: cluster)
        var users: [SimulatedUser] = []
        for name in Self.names {
            let key = try Self.signingKey(&random)
            guard let userKey = UserKey(bytes: key.verificationKey.bytes) else { continue }
            users.append(SimulatedUser(name: name, signingKey: key, key: userKey))
        }
        self.users = users
        let root = users[0]
        pin = ClusterPin(cluster: cluster, root: root.key)
        var accounts: [VerifiedRecord] = []
        for user in users {
            let account = Account(
                name: user.name, email: "\(user.name)@example.com", fullName: user.name,
                key: user.key, scopes: .all, serial: 1, credential: nil)
            accounts.append(try sealer.seal(.account(account), with: root.signingKey))
        }
        self.accounts = accounts
    }

    /// New keys for a machine.
    static func identity(_ random: inout SimulationRandom) throws -> NodeIdentity {
        var curve = random.bytes(32)
        return try NodeIdentity(
            signingKey: signingKey(&random), curveSecret: SecretBytes(moving: &curve))
    }

    private static func signingKey(_ random: inout SimulationRandom) throws -> SigningKey {
        var seed = random.bytes(32)
        return try SigningKey(seed: SecretBytes(moving: &seed))
    }

    /// A user's word that a host may speak for him.
    func grant(for host: Host, _ scopes: Scopes) throws -> VerifiedRecord {
        let grant = Grant(
            user: host.user.key, nodeKey: host.identity.nodeKey, node: host.node,
            curveKey: host.identity.curveKey, scopes: scopes,
            notBefore: WallTime(milliseconds: 0),
            notAfter: WallTime(milliseconds: 1_767_225_600_000 + Self.term), serial: 1)
        let record = try sealer.seal(.grant(grant), with: host.user.signingKey)
        grants[record.hash] = (host.user.name, host.node, scopes)
        return record
    }

    /// The end of a host's membership; batches up to `covers` stay valid.
    func removal(of host: Host, covers: [EpochHead]) throws -> VerifiedRecord {
        self.covers[host.node] = covers
        return try sealer.seal(
            .revocation(Revocation(subject: .node(host.node), covers: covers)),
            with: users[0].signingKey)
    }

    /// Whether a batch counts in spite of every removal.
    func counts(_ batch: VerifiedBatch) -> Bool {
        guard let covers = covers[batch.header.log.origin] else { return true }
        return covers.contains { $0.log == batch.header.log && batch.header.last <= $0.last }
    }

    /// The administrator's word that a stamp is bad.
    func void(_ id: EventID) throws -> VerifiedRecord {
        try sealer.seal(.void(id), with: users[0].signingKey)
    }
}
