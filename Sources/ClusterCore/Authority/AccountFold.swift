// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel

/// Which accounts count, and which keys may sign what.
///
/// Accounts are placed in ranks. The founder, whose version the root key signed for itself,
/// has rank 0; an account has the rank after the most senior administrator who vouches for it. A
/// rank is decided by those before it, then by one simultaneous round of its own members: an
/// administrator may change, remove and revoke whoever is not his senior. So nobody's standing
/// hangs on himself, and every order of arrival gives the same result. Two of one rank who end
/// each other are both ended.
///
/// Only live keys vouch: what a replaced, removed or revoked key signed counts no more, and
/// whoever ends a key signs again what should outlive it (`Authority.renewals`). Otherwise an old
/// password, whose key can still be unsealed, would be an administrator for ever. The founder's
/// removal by a junior is the exception: it ends his account, but what he signed stays, as there
/// is nobody above him.
struct AccountFold: Sendable {
    /// A live key of an administrator and his rank.
    private var administrators: [UserKey: Int] = [:]
    /// Keys whose denials (revocations and voids) count: administrators' keys, past ones too,
    /// unless revoked.
    private(set) var deniers: Set<UserKey> = []
    /// The accounts by name.
    private(set) var trees: [String: AccountTree] = [:]
    /// The names in order.
    private(set) var names: [String] = []
    /// Which account a key belongs or belonged to; of several the one found first.
    private(set) var owners: [UserKey: String] = [:]
    /// Records of revocation of user keys that count.
    private(set) var revocations: Set<Digest> = []
    /// The founder's accounts that others have removed, and the records which say so.
    private(set) var removedFounders: [String: Digest] = [:]

    private let versions: [String: [AccountVersion]]
    private let keyRevocations: [KeyRevocation]
    private let root: UserKey

    private struct KeyRevocation {
        let hash: Digest
        let signer: UserKey
        let key: UserKey
    }

    /// Folds the records, given in the order of their hashes.
    init(root: UserKey, records: [VerifiedRecord]) {
        self.root = root
        var versions: [String: [AccountVersion]] = [:]
        var revocations: [KeyRevocation] = []
        for record in records {
            switch record.record {
            case .account(let account):
                versions[account.name, default: []].append(
                    AccountVersion(hash: record.hash, account: account, signer: record.signer))
            case .revocation(let revocation):
                if case .user(let key) = revocation.subject {
                    revocations.append(
                        KeyRevocation(hash: record.hash, signer: record.signer, key: key))
                }
            case .grant, .void, .client: break
            }
        }
        self.versions = versions
        keyRevocations = revocations
        placeAll()
    }

    /// The account that a key belongs or belonged to.
    func tree(owning key: UserKey) -> AccountTree? {
        owners[key].flatMap { trees[$0] }
    }

    /// Whether the key speaks for its account now.
    func isLive(_ key: UserKey) -> Bool {
        guard let name = owners[key], removedFounders[name] == nil, let tree = trees[name] else {
            return false
        }
        return tree.tips.contains { $0.account.key == key }
    }

    /// Whether the key may make accounts and clients now.
    func isAdministrator(_ key: UserKey) -> Bool { administrators[key] != nil }

    private mutating func placeAll() {
        var left = versions.keys.sorted()
        var rank = 0
        while true {
            let candidates = left.filter { !founding(of: $0, rank: rank, by: nil).isEmpty }
            guard !candidates.isEmpty || rank == 0 else { break }
            place(candidates, rank: rank)
            left.removeAll { candidates.contains($0) }
            rank += 1
            if left.isEmpty { break }
        }
        names = trees.keys.sorted()
        removeFounders()
    }

    /// The versions of a name that its seniors, or peers too, have signed.
    private func founding(of name: String, rank: Int, by peers: Peers?) -> [AccountVersion] {
        (versions[name] ?? []).filter { version in
            if rank == 0 {
                return version.signer == root && version.account.key == root
                    && !version.account.isRemoved
            }
            if administrators[version.signer] != nil { return true }
            guard let peer = peers?.owners[version.signer] else { return false }
            return peer.isAdministrator && peer.name != name
        }
    }

    /// The live keys of one rank before its members have had their say about one another.
    private struct Peers {
        var owners: [UserKey: (name: String, isAdministrator: Bool)] = [:]
    }

    private mutating func place(_ names: [String], rank: Int) {
        var peers = Peers()
        for name in names {
            for tip in tree(of: name, rank: rank, peers: nil)?.tips ?? [] {
                peers.owners[tip.account.key] = (name, tip.account.scopes.contains(.admin))
            }
        }
        let placed = names.compactMap { tree(of: $0, rank: rank, peers: peers) }
        for tree in placed {
            trees[tree.name] = tree
            for key in tree.keys where owners[key] == nil { owners[key] = tree.name }
            deniers.formUnion(tree.privileged.subtracting(tree.revoked))
        }
        for tip in placed.flatMap(\.tips)
        where tip.account.scopes.contains(.admin) && administrators[tip.account.key] == nil {
            administrators[tip.account.key] = rank
        }
    }

    /// The account of a name as its seniors see it, or as its peers do too.
    private mutating func tree(of name: String, rank: Int, peers: Peers?) -> AccountTree? {
        let founding = founding(of: name, rank: rank, by: peers)
        let signed = Set(founding.map(\.hash))
        let own = (versions[name] ?? []).filter { !signed.contains($0.hash) }
        let allowed = keyRevocations.filter { revocation in
            if administrators[revocation.signer] != nil { return true }
            guard let peer = peers?.owners[revocation.signer] else { return false }
            return peer.isAdministrator || peer.name == name
        }
        let tree = AccountTree(
            name: name, founding: founding, own: own, isFounder: rank == 0,
            revocations: allowed.map { (signer: $0.signer, key: $0.key) })
        guard let tree, peers != nil else { return tree }
        let keys = Set(tree.keys)
        revocations.formUnion(allowed.filter { keys.contains($0.key) }.map(\.hash))
        return tree
    }

    /// Ends the accounts of founders whom a live administrator has removed at a higher serial.
    private mutating func removeFounders() {
        for name in names {
            guard let tree = trees[name], tree.base.signer == root,
                tree.base.account.key == root,
                let newest = tree.tips.map(\.account.serial).max()
            else { continue }
            let removals = (versions[name] ?? []).filter {
                $0.account.isRemoved && $0.account.serial > newest
                    && administrators[$0.signer] != nil && !tree.keys.contains($0.signer)
            }
            removedFounders[name] = removals.map(\.hash).min()
        }
    }
}
