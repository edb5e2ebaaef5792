// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel

/// The grow-only set of records, and those that wait for their signer to become known.
///
/// A record is *kept* once the chain of its signers ends in the root key. That property never goes
/// away again, whatever is removed or revoked later, so which records are kept depends on the set
/// alone and not on the order of arrival. Only kept records are stored, exchanged and summed up in
/// the digest; which of them *count* is the question of `AccountFold` and `GrantFold`.
///
/// What an account's login is checked against travels beside its record, as only members may have
/// it. It may come later than the record: neither keeping nor the digest depends on it.
///
/// Limit: 10,000 kept records, of which keys without `admin` may fill half, so that no user can
/// shut out an administrator's revocation; 1,000 waiting ones, of which the lowest hashes stay.
struct RecordSet: Sendable {
    static let limit = 10_000
    static let unprivilegedLimit = 5_000
    static let waitingLimit = 1_000

    /// What is known of a user key from kept records; only ever grows.
    private struct KnownKey {
        var names: Set<String> = []
        var scopes: Scopes = []
    }

    /// What adding records came to.
    struct Addition: Equatable {
        var kept: [VerifiedRecord] = []
        /// Records which were kept before, and have their credential now.
        var completed: [VerifiedRecord] = []
        var dropped = 0
    }

    let root: UserKey?
    private(set) var kept: [Digest: VerifiedRecord] = [:]
    private(set) var sum = DigestSum()
    /// What logins are checked against, by its hash: accounts that are signed again share it.
    private(set) var credentials: [Digest: [UInt8]] = [:]
    /// The kept accounts whose credential has not come.
    private(set) var incomplete: Set<Digest> = []
    private var unprivileged = 0
    private var waiting: [Digest: VerifiedRecord] = [:]
    private var known: [UserKey: KnownKey] = [:]

    /// An empty set for a cluster; without a root nothing is ever kept.
    init(root: UserKey?) {
        self.root = root
        if let root { known[root] = KnownKey(names: [], scopes: .all) }
    }

    /// The kept records in the order of their hashes.
    var ordered: [VerifiedRecord] {
        kept.values.sorted { $0.hash < $1.hash }
    }

    /// The waiting records in the order of their hashes.
    var waitingInOrder: [VerifiedRecord] {
        waiting.values.sorted { $0.hash < $1.hash }
    }

    /// Whether the record is in the set, kept or waiting.
    func contains(_ hash: Digest) -> Bool { kept[hash] != nil || waiting[hash] != nil }

    /// Whether the record waits for its signer.
    func isWaiting(_ hash: Digest) -> Bool { waiting[hash] != nil }

    /// Adds records, and keeps every one, new or waiting, whose chain of signers is complete now.
    mutating func add(_ records: [VerifiedRecord]) -> Addition {
        var addition = Addition()
        for record in records {
            if let known = kept[record.hash] {
                if complete(known, from: record) { addition.completed.append(record) }
            } else if waiting[record.hash]?.sealed.credential == nil {
                waiting[record.hash] = record
            }
        }
        let bySigner = Dictionary(grouping: waitingInOrder, by: \.signer)
        var queue = bySigner.keys.filter { known[$0] != nil }.sorted()
        while let signer = queue.popLast() {
            for record in bySigner[signer] ?? [] where waiting[record.hash] != nil {
                guard isRooted(record) else { continue }
                guard hasRoom(for: record) else {
                    waiting[record.hash] = nil
                    addition.dropped += 1
                    continue
                }
                keep(record)
                addition.kept.append(record)
                if let key = learn(record), bySigner[key] != nil { queue.append(key) }
            }
        }
        for record in waitingInOrder.dropFirst(Self.waitingLimit) {
            waiting[record.hash] = nil
            addition.dropped += 1
        }
        addition.kept.sort { $0.hash < $1.hash }
        return addition
    }

    /// Whether the record's chain of signers ends in the root.
    private func isRooted(_ record: VerifiedRecord) -> Bool {
        guard let signer = known[record.signer] else { return false }
        let isAdministrator = signer.scopes.contains(.admin)
        switch record.record {
        case .account(let account):
            return isAdministrator
                || signer.names.contains(account.name) && signer.scopes.contains(account.scopes)
        case .grant(let grant): return grant.user == record.signer
        case .revocation(let revocation):
            switch revocation.subject {
            case .grant, .node, .user: return true
            case .client: return isAdministrator
            }
        case .void, .client: return isAdministrator
        }
    }

    private func isPrivileged(_ record: VerifiedRecord) -> Bool {
        known[record.signer]?.scopes.contains(.admin) ?? false
    }

    private func hasRoom(for record: VerifiedRecord) -> Bool {
        kept.count < Self.limit
            && (isPrivileged(record) || unprivileged < Self.unprivilegedLimit)
    }

    private mutating func keep(_ record: VerifiedRecord) {
        waiting[record.hash] = nil
        kept[record.hash] = record
        if let digest = record.credentialDigest, credentials[digest] == nil {
            incomplete.insert(record.hash)
            _ = complete(record, from: record)
        }
        sum.add(record.hash.raw)
        if !isPrivileged(record) { unprivileged += 1 }
    }

    /// Takes the credential that came with a record, if it was missing.
    private mutating func complete(_ record: VerifiedRecord, from other: VerifiedRecord) -> Bool {
        guard let digest = record.credentialDigest, credentials[digest] == nil,
            let credential = other.sealed.credential
        else { return false }
        credentials[digest] = credential
        incomplete = incomplete.filter { kept[$0]?.credentialDigest != digest }
        return true
    }

    /// Remembers the key of an account; returns it where more is known of it now.
    private mutating func learn(_ record: VerifiedRecord) -> UserKey? {
        guard case .account(let account) = record.record else { return nil }
        var key = known[account.key] ?? KnownKey()
        let before = (key.names.count, key.scopes)
        key.names.insert(account.name)
        key.scopes.formUnion(account.scopes)
        known[account.key] = key
        return before == (key.names.count, key.scopes) ? nil : account.key
    }
}

extension VerifiedRecord {
    /// The hash of the credential that belongs to the record; `nil` where none does.
    var credentialDigest: Digest? {
        guard case .account(let account) = record else { return nil }
        return account.credential
    }
}
