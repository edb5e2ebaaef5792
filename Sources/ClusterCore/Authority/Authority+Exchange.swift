// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

extension Authority {
    /// Digest of the kept records, for beacons: a difference is a reason to compare hashes.
    public var digest: Digest { recordSet.sum.digest }

    /// Digest of what the users file allows, to make differences between nodes visible.
    public var allowedDigest: Digest { allowList.sum.digest }

    /// The hashes of all kept records, in order: what is offered to a peer.
    public var hashes: [Digest] { recordSet.kept.keys.sorted() }

    /// Those of a peer's hashes that this node has not seen, in order: what to ask for.
    public func missing(from theirs: [Digest]) -> [Digest] {
        theirs.filter { !recordSet.contains($0) }.sorted()
    }

    /// The hashes of those kept records which need nothing more, in order.
    ///
    /// What a peer is told when it is asked for the rest: a record whose credential has not come
    /// is asked for again, so members complete one another.
    public var completeHashes: [Digest] {
        recordSet.kept.keys.filter { !recordSet.incomplete.contains($0) }.sorted()
    }

    /// Whether every kept account has its credential here.
    public var isComplete: Bool { recordSet.incomplete.isEmpty }

    /// The kept records with those hashes, without credentials: what anybody may see.
    ///
    /// Unknown hashes are left out.
    public func records(_ hashes: [Digest]) -> [SealedRecord] {
        hashes.compactMap { recordSet.kept[$0]?.sealed.carrying(nil) }
    }

    /// The same with the credentials that are here: for members alone.
    public func recordsForMembers(_ hashes: [Digest]) -> [SealedRecord] {
        hashes.compactMap { hash in
            guard let record = recordSet.kept[hash] else { return nil }
            let credential = record.credentialDigest.flatMap { recordSet.credentials[$0] }
            return record.sealed.carrying(credential)
        }
    }

    /// What a login to the account is checked against; `nil` where it has not come, or where
    /// nobody can log in.
    public func credential(of account: Account) -> [UInt8]? {
        account.credential.flatMap { recordSet.credentials[$0] }
    }

    /// The credential of the account that the root key signed for itself; `nil` where it has not
    /// come.
    ///
    /// Law: the same on every member that has it, whatever was signed later.
    public func foundingCredential(by root: UserKey) -> [UInt8]? {
        recordSet.ordered.compactMap { record -> Account? in
            guard record.signer == root, case .account(let account) = record.record,
                account.key == root, account.credential != nil
            else { return nil }
            return account
        }.min { $0.serial < $1.serial }.flatMap { credential(of: $0) }
    }

    /// What has become of a record; a copy of this value can so be asked what a record would do.
    public func standing(of hash: Digest) -> RecordStanding {
        guard let record = recordSet.kept[hash] else {
            return recordSet.isWaiting(hash) ? .waiting : .unknown
        }
        return isEffective(record) ? .effective : .ineffective
    }

    private func isEffective(_ record: VerifiedRecord) -> Bool {
        switch record.record {
        case .account(let account):
            if accountFold?.removedFounders[account.name] == record.hash { return true }
            return accountFold?.trees[account.name]?.living.contains(record.hash) ?? false
        case .grant: return grantFold?.grants[record.hash]?.isEffective ?? false
        case .revocation, .void, .client:
            return grantFold?.effective.contains(record.hash) ?? false
        }
    }

    /// Whether anything hangs on a record: past versions of accounts prove their users' old keys.
    private func counts(_ record: VerifiedRecord) -> Bool {
        guard case .account(let account) = record.record else { return isEffective(record) }
        return isEffective(record)
            || accountFold?.trees[account.name]?.counted.contains(record.hash) ?? false
    }

    /// What a key has signed that counts now and would count no more once the key is replaced or
    /// its account removed: to be signed again by whoever does that, in the same submission.
    ///
    /// Accounts, denials and clients are to be signed as they are. Grants are included for a
    /// replaced key only, as its own successor's: with `successor` as their user, the next serial,
    /// and no covers.
    ///
    /// - Parameters:
    ///   - key: The key that ends.
    ///   - successor: The user's next key; `nil` where the account is removed.
    public func renewals(of key: UserKey, successor: UserKey?) -> [AuthorityRecord] {
        let name = accountFold?.owners[key]
        return recordSet.ordered.filter { $0.signer == key && counts($0) }
            .compactMap { record in
                switch record.record {
                case .account(let account):
                    return account.name == name ? nil : record.record
                case .grant(let grant):
                    return successor.map { .grant(grant.renewed(by: $0)) }
                case .revocation(let revocation):
                    return revocation.subject == .user(key) ? nil : record.record
                case .void, .client: return record.record
                }
            }
    }
}
