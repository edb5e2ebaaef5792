// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// Who may do what: a fold over the records of the cluster, and this node's own users file.
///
/// The records decide who belongs to the cluster, equally on every node; the users file decides
/// whose events have effects on this node, and nothing else.
/// Law: the state depends on the *set* of records that were added, not on order or repetition.
/// Source: docs/adr/0011-authority.md.
public struct Authority: Sendable {
    /// The cluster and the key that everything descends from; `nil` before the first login.
    public private(set) var pin: ClusterPin?
    /// This node.
    public let own: NodeID
    /// As whom this node has joined; `nil` where it takes anybody's word for itself.
    ///
    /// Without it any user of the cluster could put a grant of his before the own one: grants for
    /// a node's keys need no consent of that node.
    public private(set) var ownUser: String?
    /// How messages name the users file.
    let usersFile: String
    var recordSet: RecordSet
    var allowList: AllowList
    var dating = Dating()
    private(set) var accountFold: AccountFold?
    private(set) var grantFold: GrantFold?
    private(set) var keys: [CurveKey: AdmittedKey] = [:]
    private(set) var memberNodes: Set<NodeID> = []
    /// The hash of the grant that own batches name; `nil` where this node is not logged in.
    public private(set) var ownGrant: Digest?

    /// Starts from what the disk holds; pins that come of it are returned by the next change.
    public init(
        pin: ClusterPin?, own: NodeID, joinedAs ownUser: String? = nil,
        records: [VerifiedRecord] = [], users: [AllowedUser] = [], pins: [PinnedUser] = [],
        usersFile: String = "~/.sitestacker/users"
    ) {
        self.pin = pin
        self.ownUser = ownUser
        self.own = own
        self.usersFile = usersFile
        recordSet = RecordSet(root: pin?.root)
        allowList = AllowList(users: users, pins: pins)
        _ = recordSet.add(records)
        unreported = refold().filter { $0 != .members && $0 != .standing }
    }

    /// Pins that were made while starting and have not been reported yet.
    private var unreported: [AuthorityChange] = []

    /// Pins the cluster at login, or forgets it.
    ///
    /// Records of another cluster go; what waited is looked at again.
    public mutating func setClusterPin(_ pin: ClusterPin?) -> [AuthorityChange] {
        guard pin != self.pin else { return takeUnreported() }
        let known = recordSet.ordered + recordSet.waitingInOrder
        self.pin = pin
        recordSet = RecordSet(root: pin?.root)
        dating = Dating()
        let addition = recordSet.add(known)
        return takeUnreported() + stored(addition) + refold()
    }

    /// Takes the user as whom this node joins.
    public mutating func setOwnUser(_ name: String) -> [AuthorityChange] {
        guard name != ownUser else { return takeUnreported() }
        ownUser = name
        return takeUnreported() + refold()
    }

    /// Adds records whose signatures hold; those known already change nothing.
    public mutating func add(_ records: [VerifiedRecord]) -> [AuthorityChange] {
        let addition = recordSet.add(records)
        guard !addition.kept.isEmpty else { return takeUnreported() + stored(addition) }
        return takeUnreported() + stored(addition) + refold()
    }

    /// Takes a users file that was read anew.
    public mutating func setUsers(_ users: [AllowedUser]) -> [AuthorityChange] {
        allowList.setUsers(users)
        return takeUnreported() + resolve()
    }

    /// Binds a line of the users file to a key because a person says so (`user pin`).
    public mutating func pinUser(_ identifier: String, key: UserKey) -> [AuthorityChange] {
        allowList.pin(identifier, to: key)
        return takeUnreported() + [.pin(PinnedUser(identifier: identifier, key: key))] + resolve()
    }

    /// Takes a member's checkpoint event, which dates batches of other members.
    ///
    /// Law: like records, in any order and any number of times; fed again at each start.
    public mutating func note(
        _ checkpoint: Checkpoint, by member: NodeID
    ) -> [AuthorityChange] {
        dating.note(checkpoint, by: member)
        let origins = Set(checkpoint.heads.map(\.log.origin))
        let mayDate = (grantFold?.hashes ?? []).contains { hash in
            guard let grant = grantFold?.grants[hash]?.grant else { return false }
            return grant.notAfter < dating.newest && origins.contains(grant.node)
        }
        return takeUnreported() + (mayDate ? [.standing] : [])
    }

    private mutating func takeUnreported() -> [AuthorityChange] {
        defer { unreported = [] }
        return unreported
    }

    private func stored(_ addition: RecordSet.Addition) -> [AuthorityChange] {
        let durable = addition.kept + addition.completed
        return (durable.isEmpty ? [] : [.store(durable)])
            + (addition.dropped == 0 ? [] : [.dropped(count: addition.dropped)])
    }

    /// Folds the whole set anew: records are few and seldom, and a fold from nothing cannot
    /// depend on what came before.
    private mutating func refold() -> [AuthorityChange] {
        let records = recordSet.ordered
        let before = (keys, members)
        if let root = pin?.root {
            let accounts = AccountFold(root: root, records: records)
            accountFold = accounts
            grantFold = GrantFold(
                records: records, accounts: accounts, own: own, joinedAs: ownUser)
        } else {
            accountFold = nil
            grantFold = nil
        }
        findKeys()
        let isSame = before == (keys, members)
        let pins = allowList.resolve(accountFold).map { AuthorityChange.pin($0) }
        return pins + (isSame ? [] : [.members]) + [.standing]
    }

    private mutating func resolve() -> [AuthorityChange] {
        let before = allowList.lines
        let pins = allowList.resolve(accountFold).map { AuthorityChange.pin($0) }
        return pins + (before == allowList.lines ? [] : [.standing])
    }

    /// Nodes come before clients; of two nodes that claim one key the one has it that an
    /// administrator vouches for, then the earlier grant: when it begins its user says himself.
    private mutating func findKeys() {
        keys = [:]
        memberNodes = Set((grantFold?.members ?? []).map(\.node))
        ownGrant = ownMember?.grantHash
        let effective = (grantFold?.hashes ?? []).compactMap { grantFold?.grants[$0] }
            .filter(\.isEffective)
            .sorted {
                let isAdministrator = $0.accountScopes.contains(.admin)
                guard isAdministrator == $1.accountScopes.contains(.admin) else {
                    return isAdministrator
                }
                return ($0.grant.notBefore, $0.hash) < ($1.grant.notBefore, $1.hash)
            }
        for standing in effective where keys[standing.grant.curveKey] == nil {
            keys[standing.grant.curveKey] = .node(standing.grant.node)
        }
        for client in grantFold?.clients ?? [] where keys[client.curveKey] == nil {
            keys[client.curveKey] = .client(name: client.name, scopes: client.scopes)
        }
    }
}
