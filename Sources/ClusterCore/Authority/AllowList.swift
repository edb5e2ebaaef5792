// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// What a line of the users file comes to on this node.
public struct AllowedStanding: Hashable, Sendable {
    /// The kinds of results.
    public enum State: Hashable, Sendable {
        /// The user with that key is allowed.
        case allowed(user: String, key: UserKey)
        /// No account has that name or address; nobody is allowed.
        case unresolved
        /// The account has another key than the pinned one; nobody is allowed until it is pinned.
        case newKey(user: String, pinned: UserKey, found: [UserKey])
        /// Several keys are live under that name or address; nobody is allowed until one is pinned.
        case ambiguous(found: [UserKey])
    }

    /// The line.
    public let user: AllowedUser
    /// What it comes to.
    public let state: State
}

/// The users file, resolved to keys: who may have effects on this node.
///
/// Law: pins are made where a name is first resolved and never change by themselves. A pinned key
/// that gave itself a successor (`user passwd`) stands for it, as long as exactly one successor
/// lives; a key which anybody else put under the name does not count until `user pin`.
struct AllowList: Sendable {
    private(set) var users: [AllowedUser]
    private(set) var pins: [String: UserKey]
    /// The lines in the order of the file, with what they come to.
    private(set) var lines: [AllowedStanding] = []
    /// What each live key may do.
    private(set) var scopes: [UserKey: Scopes] = [:]
    /// The same for past keys of listed users, for what a revocation covers.
    private(set) var pastScopes: [UserKey: Scopes] = [:]

    init(users: [AllowedUser], pins: [PinnedUser]) {
        self.users = users
        self.pins = Dictionary(
            pins.map { (Self.key($0.identifier), $0.key) }, uniquingKeysWith: { first, _ in first })
    }

    /// Sums up who may do what, for comparison between nodes.
    var sum: DigestSum {
        var sum = DigestSum()
        for key in scopes.keys.sorted() {
            sum.add(key.raw, times: 2 * (scopes[key]?.rawValue ?? 0) + 1)
        }
        return sum
    }

    /// Takes a new users file.
    mutating func setUsers(_ users: [AllowedUser]) { self.users = users }

    /// Binds a line to a key, because a person says so.
    mutating func pin(_ identifier: String, to key: UserKey) { pins[Self.key(identifier)] = key }

    /// Resolves every line anew; returns the pins that were made.
    mutating func resolve(_ accounts: AccountFold?) -> [PinnedUser] {
        var made: [PinnedUser] = []
        lines = []
        scopes = [:]
        pastScopes = [:]
        for user in users {
            let pinned = pins[Self.key(user.identifier)]
            let state = state(of: user, pinned, accounts)
            lines.append(AllowedStanding(user: user, state: state))
            if case .allowed(_, let key) = state {
                scopes[key, default: []].formUnion(user.scopes)
                if pinned == nil {
                    pins[Self.key(user.identifier)] = key
                    made.append(PinnedUser(identifier: user.identifier, key: key))
                }
            }
            guard let pin = pins[Self.key(user.identifier)] else { continue }
            for key in Self.relatives(of: pin, accounts) {
                pastScopes[key, default: []].formUnion(user.scopes)
            }
        }
        return made
    }

    /// The line that names the user, whatever it comes to.
    func line(naming user: String, email: String?) -> AllowedStanding? {
        lines(naming: user, email: email).first
    }

    /// The lines that name the user, whatever they come to.
    func lines(naming user: String, email: String?) -> [AllowedStanding] {
        let keys = [Self.key(user)] + (email.map { [Self.key($0)] } ?? [])
        return lines.filter { keys.contains(Self.key($0.user.identifier)) }
    }

    /// Letter case is no difference, as in the users file.
    static func key(_ identifier: String) -> String { identifier.lowercased() }

    /// The key, those it vouched for, and those that vouched for it.
    private static func relatives(of key: UserKey, _ accounts: AccountFold?) -> [UserKey] {
        guard let tree = accounts?.tree(owning: key) else { return [key] }
        let heirs = tree.descendants(of: key)
        return tree.keys.filter { heirs.contains($0) || tree.descendants(of: $0).contains(key) }
    }

    private func state(
        of user: AllowedUser, _ pinned: UserKey?, _ accounts: AccountFold?
    ) -> AllowedStanding.State {
        guard let accounts else { return .unresolved }
        let matching = accounts.names.compactMap { accounts.trees[$0] }.filter { tree in
            guard accounts.removedFounders[tree.name] == nil, !tree.tips.isEmpty else {
                return false
            }
            guard user.isEmail else { return Self.key(tree.name) == Self.key(user.identifier) }
            return tree.tips.contains {
                Self.key($0.account.email) == Self.key(user.identifier)
            }
        }
        let found = Set(matching.flatMap { $0.tips.map(\.account.key) }).sorted()
        guard let first = matching.first, let only = found.first else { return .unresolved }
        guard let pinned else {
            return found.count == 1 && matching.count == 1
                ? .allowed(user: first.name, key: only) : .ambiguous(found: found)
        }
        for tree in matching where tree.tips.contains(where: { $0.account.key == pinned }) {
            return .allowed(user: tree.name, key: pinned)
        }
        let heirs = matching.flatMap { tree in
            tree.tips(from: pinned).map { (name: tree.name, key: $0.account.key) }
        }
        guard let heir = heirs.first else {
            return .newKey(user: first.name, pinned: pinned, found: found)
        }
        return heirs.count == 1
            ? .allowed(user: heir.name, key: heir.key) : .ambiguous(found: heirs.map(\.key))
    }
}
