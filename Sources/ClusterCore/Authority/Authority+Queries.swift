// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// A user of the cluster, as the records make him.
public struct AccountStanding: Hashable, Sendable {
    /// The current version; of a disputed account the one with the lowest key.
    public let account: Account
    /// The hash of its record.
    public let hash: Digest
    /// The keys that speak for him now: one as a rule, several while disputed.
    public let keys: [UserKey]
    /// Whether the account was removed.
    public let isRemoved: Bool
}

/// A grant with what has become of it.
public struct GrantReport: Hashable, Sendable {
    /// What has become of a grant.
    public enum State: Hashable, Sendable {
        /// It counts.
        case valid
        /// It counts, and ends within thirty days.
        case expiring
        /// Its time is over: its node may link and pull, not publish.
        case expired
        /// Somebody ended it.
        case revoked
        /// Its user's key was replaced, or his account removed.
        case lapsed
    }

    /// The grant.
    public let grant: Grant
    /// The hash of its record.
    public let hash: Digest
    /// The user's name.
    public let user: String
    /// What has become of it.
    public let state: State
    /// What it confers: no more than the account has.
    public let scopes: Scopes
}

extension Authority {
    /// How long before its end a grant is shown as expiring.
    public static let expiryWarning: Duration = .seconds(30 * 86_400)

    /// All accounts in the order of their names, removed ones too.
    public var accounts: [AccountStanding] {
        (accountFold?.names ?? []).compactMap { name in
            guard let tree = accountFold?.trees[name] else { return nil }
            let current = tree.tips.first ?? tree.base
            return AccountStanding(
                account: current.account, hash: current.hash, keys: tree.tips.map(\.account.key),
                isRemoved: tree.isRemoved || accountFold?.removedFounders[name] != nil)
        }
    }

    /// The account of a name that is in use.
    public func account(named name: String) -> AccountStanding? {
        accounts.first { $0.account.name == name && !$0.isRemoved && !$0.keys.isEmpty }
    }

    /// The accounts in use which a line of the users file could mean by that name or address.
    public func accounts(called identifier: String) -> [AccountStanding] {
        accounts.filter { standing in
            !standing.isRemoved
                && [standing.account.name, standing.account.email].contains {
                    AllowList.key($0) == AllowList.key(identifier)
                }
        }
    }

    /// What the users file comes to for an account; `nil` where no line names it.
    ///
    /// Of several lines that name it the first which lets it in counts, or else the first.
    public func state(of standing: AccountStanding) -> AllowedStanding.State? {
        let states = allowList.lines(
            naming: standing.account.name, email: standing.account.email
        ).map(\.state)
        let others = states.filter { state in
            guard case .allowed(_, let key) = state else { return true }
            return standing.keys.contains(key)
        }
        return others.first { if case .allowed = $0 { true } else { false } } ?? others.first
    }

    /// Whether that key may sign accounts, clients and voids.
    public func isAdministrator(_ key: UserKey) -> Bool {
        accountFold?.isAdministrator(key) ?? false
    }

    /// All grants in the order of their hashes.
    public func grants(at wall: WallTime) -> [GrantReport] {
        (grantFold?.hashes ?? []).compactMap { grantFold?.grants[$0] }.map { standing in
            GrantReport(
                grant: standing.grant, hash: standing.hash,
                user: standing.user ?? standing.grant.user.short,
                state: state(of: standing, at: wall), scopes: standing.scopes)
        }
    }

    /// The grants that make a node a member, of any user, in the order of their hashes.
    public func effectiveGrants(for node: NodeID) -> [(hash: Digest, grant: Grant)] {
        (grantFold?.hashes ?? []).compactMap { grantFold?.grants[$0] }
            .filter { $0.grant.node == node && $0.isEffective }
            .map { (hash: $0.hash, grant: $0.grant) }
    }

    private func state(of standing: GrantStanding, at wall: WallTime) -> GrantReport.State {
        guard standing.endings.isEmpty else { return .revoked }
        guard standing.isEffective else { return .lapsed }
        let end = standing.grant.notAfter.milliseconds
        if wall.milliseconds > end { return .expired }
        return end - wall.milliseconds <= Self.expiryWarning.wholeMilliseconds
            ? .expiring : .valid
    }

    /// The nodes that a live grant vouches for, expired or not, in the order of their IDs.
    public var members: [Member] { grantFold?.members ?? [] }

    /// Whether a live grant vouches for the node, expired or not.
    public func isMember(_ node: NodeID) -> Bool { memberNodes.contains(node) }

    /// This node as a member: whom it is logged in as; `nil` where it is not.
    public var ownMember: Member? { members.first { $0.node == own } }

    /// A member, under the grant that it has named itself if that one counts.
    ///
    /// Which grant a node speaks under only the node can say; others may have signed newer ones.
    public func member(_ node: NodeID, speakingUnder grant: Digest?) -> Member? {
        guard let member = members.first(where: { $0.node == node }) else { return nil }
        guard node != own, let standing = grant.flatMap({ grantFold?.grants[$0] }),
            standing.isEffective, standing.grant.node == node
        else { return member }
        return Member(
            node: node, grant: standing.grant, grantHash: standing.hash,
            user: standing.user ?? "", curveKeys: member.curveKeys)
    }

    /// The highest serial among the grants that a user's present key has signed for a node, ended
    /// ones too; 0 for none.
    public func highestSerial(of user: String, for node: NodeID) -> UInt64 {
        grantFold?.highestSerial(of: user, for: node) ?? 0
    }

    /// The keys of foreign clients, in order.
    public var clients: [ClientKey] { grantFold?.clients ?? [] }

    /// The lines of the users file with what they come to.
    public var allowed: [AllowedStanding] { allowList.lines }

    /// The names and addresses of the users file that nobody has, in its order.
    public var unresolved: [String] {
        allowed.filter { $0.state == .unresolved }.map(\.user.identifier)
    }

    /// What may be done here in that user's name by whoever speaks for him now.
    public func allowedScopes(of key: UserKey) -> Scopes { allowList.scopes[key] ?? [] }

    /// What a CURVE key stands for; `nil`: not admitted.
    public func admitted(_ key: CurveKey) -> AdmittedKey? { keys[key] }

    /// Every admitted CURVE key with what it stands for, in the order of the keys.
    ///
    /// Includes nodes whose grants have expired: they may link and pull.
    public var admission: [(key: CurveKey, admitted: AdmittedKey)] {
        keys.sorted { $0.key < $1.key }.map { (key: $0.key, admitted: $0.value) }
    }
}
