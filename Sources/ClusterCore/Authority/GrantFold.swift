// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel

/// A grant, and what the other records make of it.
struct GrantStanding: Sendable {
    /// Whether the grant's user stands behind it.
    enum Backing: Hashable, Sendable {
        /// These live keys of his do: the grant's own, or those that granted the same node.
        case live([UserKey])
        /// His key was replaced, and no live one has granted the node.
        case retired
        /// The account was removed, or nobody alive vouches for it.
        case removed
        /// No account has that key.
        case unknown
    }

    let hash: Digest
    let grant: Grant
    /// The user's name, where an account has or had the key.
    let user: String?
    let backing: Backing
    /// What the account includes.
    let accountScopes: Scopes
    /// Whether the key that signed it is its user's present one.
    let isOfLiveKey: Bool
    /// What each revocation that ends the grant still covers.
    ///
    /// Law: a batch stays valid only where every one covers it; so of two the lower wins.
    let endings: [[EpochHead]]
    /// What later grants of the same user for the same node vouch for.
    var successorCovers: [EpochHead] = []

    /// What the grant can confer.
    var scopes: Scopes { grant.scopes.intersection(accountScopes) }
    /// Whether the grant makes its node a member.
    var isEffective: Bool {
        guard case .live = backing else { return false }
        return endings.isEmpty
    }
}

/// Which grants, revocations, clients and voids count, given the accounts.
struct GrantFold: Sendable {
    /// Every kept grant by its hash.
    private(set) var grants: [Digest: GrantStanding] = [:]
    /// The hashes of all grants, in order.
    private(set) var hashes: [Digest] = []
    /// The members in the order of their nodes.
    private(set) var members: [Member] = []
    /// The clients that count, in the order of their keys.
    private(set) var clients: [ClientKey] = []
    /// Events that an administrator has voided.
    private(set) var voided: Set<EventID> = []
    /// Revocations, voids and client keys that count.
    private(set) var effective: Set<Digest> = []

    private struct Denial {
        let hash: Digest
        let signer: UserKey
        let covers: [EpochHead]
    }
    private var byGrant: [Digest: [Denial]] = [:]
    private var byNode: [NodeID: [Denial]] = [:]
    private var byUser: [UserKey: [Denial]] = [:]
    private var endedClients: Set<CurveKey> = []

    /// Folds the records, given in the order of their hashes.
    ///
    /// - Parameters:
    ///   - own: The node whose view this is.
    ///   - ownUser: As whom it joined: it takes no other user's word for itself; `nil`: anybody's.
    init(
        records: [VerifiedRecord], accounts: AccountFold, own: NodeID, joinedAs ownUser: String?
    ) {
        sortDenials(records, accounts)
        let live = liveGrants(records, accounts)
        for record in records {
            switch record.record {
            case .grant(let grant):
                hashes.append(record.hash)
                grants[record.hash] = standing(of: grant, record.hash, accounts, live)
            case .client(let client):
                guard accounts.isAdministrator(record.signer),
                    !endedClients.contains(client.curveKey),
                    !clients.contains(where: { $0.curveKey == client.curveKey })
                else { continue }
                clients.append(client)
                effective.insert(record.hash)
            case .void(let event):
                guard accounts.deniers.contains(record.signer) else { continue }
                voided.insert(event)
                effective.insert(record.hash)
            case .account, .revocation: continue
            }
        }
        clients.sort { $0.curveKey < $1.curveKey }
        linkSuccessors()
        findMembers(own: own, joinedAs: ownUser)
    }

    private mutating func sortDenials(_ records: [VerifiedRecord], _ accounts: AccountFold) {
        for record in records {
            guard case .revocation(let revocation) = record.record else { continue }
            let denial = Denial(
                hash: record.hash, signer: record.signer, covers: revocation.covers)
            let isDenier = accounts.deniers.contains(record.signer)
            switch revocation.subject {
            case .grant(let hash):
                byGrant[hash, default: []].append(denial)
                if isDenier { effective.insert(record.hash) }
            case .node(let node):
                byNode[node, default: []].append(denial)
                if isDenier { effective.insert(record.hash) }
            case .user(let key):
                guard accounts.revocations.contains(record.hash) else { continue }
                byUser[key, default: []].append(denial)
                effective.insert(record.hash)
            case .client(let key):
                guard isDenier else { continue }
                endedClients.insert(key)
                effective.insert(record.hash)
            }
        }
    }

    /// Which live keys have granted a node in a grant that nobody has ended.
    private func liveGrants(
        _ records: [VerifiedRecord], _ accounts: AccountFold
    ) -> [NodeID: [UserKey]] {
        var result: [NodeID: [UserKey]] = [:]
        for record in records {
            guard case .grant(let grant) = record.record, accounts.isLive(grant.user),
                !(result[grant.node] ?? []).contains(grant.user),
                denials(of: grant, record.hash, accounts).isEmpty
            else { continue }
            result[grant.node, default: []].append(grant.user)
        }
        return result
    }

    /// What ends a grant: an administrator's word, or the user's own.
    private func denials(
        of grant: Grant, _ hash: Digest, _ accounts: AccountFold
    ) -> [Denial] {
        let counting = ((byGrant[hash] ?? []) + (byNode[grant.node] ?? [])).filter {
            accounts.deniers.contains($0.signer)
                || accounts.isLive($0.signer)
                    && accounts.owners[$0.signer] == accounts.owners[grant.user]
        }
        return counting + (byUser[grant.user] ?? [])
    }

    private mutating func standing(
        of grant: Grant, _ hash: Digest, _ accounts: AccountFold, _ live: [NodeID: [UserKey]]
    ) -> GrantStanding {
        let tree = accounts.tree(owning: grant.user)
        let denials = denials(of: grant, hash, accounts)
        effective.formUnion(denials.map(\.hash))
        let backing = Self.backing(of: grant, tree, accounts, live)
        let tips = tree?.tips ?? []
        let vouching: [UserKey] = if case .live(let keys) = backing { keys } else { [] }
        let tip = tips.first { vouching.contains($0.account.key) } ?? tips.first ?? tree?.base
        return GrantStanding(
            hash: hash, grant: grant, user: tree?.name, backing: backing,
            accountScopes: tip?.account.scopes ?? [],
            isOfLiveKey: accounts.isLive(grant.user), endings: denials.map(\.covers))
    }

    private static func backing(
        of grant: Grant, _ tree: AccountTree?, _ accounts: AccountFold,
        _ live: [NodeID: [UserKey]]
    ) -> GrantStanding.Backing {
        guard let tree else { return .unknown }
        if accounts.isLive(grant.user) { return .live([grant.user]) }
        guard !tree.isRemoved, accounts.removedFounders[tree.name] == nil, !tree.tips.isEmpty
        else { return .removed }
        let heirs = tree.descendants(of: grant.user)
        let vouching = (live[grant.node] ?? []).filter {
            heirs.contains($0) && accounts.owners[$0] == tree.name
        }
        return vouching.isEmpty ? .retired : .live(vouching)
    }

    /// Hands each grant what its effective successors cover.
    private mutating func linkSuccessors() {
        var byNode: [NodeID: [GrantStanding]] = [:]
        for hash in hashes {
            guard let standing = grants[hash], standing.isEffective else { continue }
            byNode[standing.grant.node, default: []].append(standing)
        }
        for hash in hashes {
            guard let standing = grants[hash] else { continue }
            let successors = (byNode[standing.grant.node] ?? []).filter {
                $0.user == standing.user && $0.grant.serial > standing.grant.serial
            }
            grants[hash]?.successorCovers = successors.flatMap(\.grant.covers)
        }
    }

    /// Takes one grant for each node: which one is shown, and for the own node is spoken under.
    private mutating func findMembers(own: NodeID, joinedAs ownUser: String?) {
        var byNode: [NodeID: [GrantStanding]] = [:]
        for hash in hashes {
            guard let standing = grants[hash], standing.isEffective else { continue }
            guard standing.grant.node != own || ownUser == nil || standing.user == ownUser else {
                continue
            }
            byNode[standing.grant.node, default: []].append(standing)
        }
        members = byNode.keys.sorted().compactMap { node in
            let standings = byNode[node] ?? []
            return Self.current(of: standings).map {
                Member(
                    node: node, grant: $0.grant, grantHash: $0.hash, user: $0.user ?? "",
                    curveKeys: Set(standings.map(\.grant.curveKey)))
            }
        }
    }

    /// Which of several grants for one node is meant.
    ///
    /// Of one user that of a live key, then the highest serial: a retired key outranks nothing. Of
    /// several users an administrator, since anybody can date his grant as he likes; of equals the
    /// newest. Ties by the lower hash, as all come in the order of their hashes.
    private static func current(of standings: [GrantStanding]) -> GrantStanding? {
        var byUser: [String: GrantStanding] = [:]
        for standing in standings {
            let user = standing.user ?? ""
            if let other = byUser[user], !supersedes(standing, other) { continue }
            byUser[user] = standing
        }
        var current: GrantStanding?
        for user in byUser.keys.sorted() {
            guard let standing = byUser[user] else { continue }
            if let other = current, !outranks(standing, other) { continue }
            current = standing
        }
        return current
    }

    private static func supersedes(_ left: GrantStanding, _ right: GrantStanding) -> Bool {
        guard left.isOfLiveKey == right.isOfLiveKey else { return left.isOfLiveKey }
        return (left.grant.serial, left.grant.notBefore)
            > (right.grant.serial, right.grant.notBefore)
    }

    private static func outranks(_ left: GrantStanding, _ right: GrantStanding) -> Bool {
        let isAdministrator = left.accountScopes.contains(.admin)
        guard isAdministrator == right.accountScopes.contains(.admin) else {
            return isAdministrator
        }
        return left.grant.notBefore > right.grant.notBefore
    }

    /// The highest serial that a user's present key has given a node; `nil` for none.
    ///
    /// Of ended grants, too: what follows must be above them.
    func highestSerial(of user: String, for node: NodeID) -> UInt64? {
        hashes.compactMap { grants[$0] }.filter {
            $0.grant.node == node && $0.user == user && $0.isOfLiveKey
        }.map(\.grant.serial).max()
    }
}
