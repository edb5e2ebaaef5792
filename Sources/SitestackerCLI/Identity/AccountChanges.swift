// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterModel
import ClusterSigning

/// Changes to accounts, each signed here and submitted as one.
///
/// Law: where anything fails nothing was submitted; the daemon takes all records of a change. Each
/// change signs again those grants of its signer that are due, and returns how many.
struct AccountChanges: Sendable {
    let daemon: any Administration
    let accounts: ClusterAccounts
    private let now: WallTime

    init(_ daemon: any Administration, now: WallTime = wallTime()) async throws {
        self.daemon = daemon
        self.now = now
        accounts = try await ClusterAccounts(daemon)
    }

    /// Makes a user.
    func add(
        _ founder: NewUser, scopes: Scopes, by administrator: AccountDocument,
        password: SecretBytes, new: SecretBytes
    ) async throws -> Int {
        let previous = accounts.document.accounts.first { $0.user.name == founder.name }
        let signer = try await signingKey(of: administrator, password: password)
        let credential = try NewCredential(
            password: new, of: accounts.pin.cluster, root: accounts.pin.root)
        let account = Account(
            name: founder.name, email: founder.email, fullName: founder.fullName,
            key: credential.key.user, scopes: scopes, serial: (previous?.serial ?? 0) + 1,
            credential: credential.credential.digest)
        let draft = RecordDraft(.account(account), credential: credential.credential.encoded)
        return try await submit(
            [draft] + accounts.dueGrants(of: administrator, at: now), signedBy: signer)
    }

    /// Refuses a user whom the cluster has already.
    ///
    /// - Throws: `ErrorDocument`.
    func checkIsNew(_ founder: NewUser) throws(ErrorDocument) {
        // A users file tells names apart by more than the case of letters.
        let taken = accounts.current.first {
            $0.user.name.lowercased() == founder.name.lowercased()
                || $0.user.email.lowercased() == founder.email.lowercased()
        }
        guard let taken else { return }
        throw ErrorDocument(
            code: "user-exists",
            message: "the cluster has \(taken.user.name) (\(taken.user.email)) already",
            hint: "names and addresses are used once, in whatever case of letters",
            exitStatus: ExitStatus.failed)
    }

    /// Gives a user a new key under a new password; what the old key signed is signed again.
    ///
    /// Signed by the old key itself, so that every node follows it; or by an administrator, where
    /// the password is lost: then each node asks for `user pin`.
    ///
    /// Returns how many grants were renewed.
    func changePassword(
        of account: AccountDocument, by administrator: AccountDocument?, password: SecretBytes,
        new: SecretBytes
    ) async throws -> Int {
        let signer = try await signingKey(of: administrator ?? account, password: password)
        let next = try NewCredential(
            password: new, of: accounts.pin.cluster, root: accounts.pin.root)
        let version = Account(
            name: account.user.name, email: account.user.email, fullName: account.user.fullName,
            key: next.key.user, scopes: try Scopes(listed: account.user.scopes),
            serial: account.serial + 1, credential: next.credential.digest)
        let renewals = try accounts.renewals(
            of: account, successor: next.key.user, at: now)
        let grants = renewals.filter(\.record.isGrant)
        let rest = renewals.filter { !$0.record.isGrant }
        let draft = RecordDraft(.account(version), credential: next.credential.encoded)
        // What only an administrator may sign is signed by one whose key lives afterwards.
        let heir = administrator == nil ? next.key : signer
        try await submit(
            accounts.sealed([draft], with: signer)
                + accounts.sealed(grants, with: next.key) + accounts.sealed(rest, with: heir))
        return grants.count
    }

    /// Removes a user and ends his key; what his nodes have published so far stays.
    func remove(
        _ account: AccountDocument, by administrator: AccountDocument, password: SecretBytes
    ) async throws -> Int {
        guard account.user.name != administrator.user.name else {
            throw ErrorDocument.denied(
                "own-account", "\(account.user.name) cannot remove himself",
                hint: "another administrator can; name him with --as")
        }
        let signer = try await signingKey(of: administrator, password: password)
        return try await submitEnd(signedBy: signer) { present in
            let account = try present.account(account.user.name)
            guard let key = UserKey(hex: account.key) else {
                throw ErrorDocument.unexpected("the account of \(account.user.name)", "a key")
            }
            let end = Account(
                name: account.user.name, email: account.user.email,
                fullName: account.user.fullName, key: key,
                scopes: try Scopes(listed: account.user.scopes), serial: account.serial + 1,
                credential: nil, isRemoved: true)
            let revocation = Revocation(
                subject: .user(key), covers: try present.covers(of: account))
            return [RecordDraft(.account(end)), RecordDraft(.revocation(revocation))]
                + (try present.renewals(of: account, successor: nil, at: now))
                + (try present.dueGrants(of: administrator, at: now))
        }
    }

    /// Ends a node for good; what it has published so far stays.
    func remove(
        _ node: NodeID, by administrator: AccountDocument, password: SecretBytes
    ) async throws -> Int {
        let signer = try await signingKey(of: administrator, password: password)
        return try await submitEnd(signedBy: signer) { present in
            let end = Revocation(subject: .node(node), covers: try present.covers(of: node))
            return [RecordDraft(.revocation(end))]
                + (try present.dueGrants(of: administrator, leaving: node, at: now))
        }
    }

    /// Ends a user's grants for this server's node; what it has published so far stays.
    func logOut(_ account: AccountDocument, password: SecretBytes) async throws -> Int {
        guard let own = NodeID(hex: accounts.own.node) else {
            throw ErrorDocument.unexpected("this node's identity", "a node ID")
        }
        let signer = try await signingKey(of: account, password: password)
        return try await submitEnd(signedBy: signer) { present in
            let covers = try present.covers(of: own)
            let account = try present.account(account.user.name)
            let ends = try account.grants.filter { $0.node == present.own.node }.map { grant in
                guard let hash = Digest(hex: grant.hash) else {
                    throw ErrorDocument.unexpected("a grant of \(account.user.name)", "its hash")
                }
                return RecordDraft(.revocation(Revocation(subject: .grant(hash), covers: covers)))
            }
            return ends + (try present.dueGrants(of: account, leaving: own, at: now))
        }
    }

    /// Admits a foreign client.
    func add(
        _ client: ClientKey, by administrator: AccountDocument, password: SecretBytes
    ) async throws -> Int {
        let signer = try await signingKey(of: administrator, password: password)
        return try await submit(
            [RecordDraft(.client(client))] + accounts.dueGrants(of: administrator, at: now),
            signedBy: signer)
    }

    /// The key that the password opens; one that does not is noted on this server.
    private func signingKey(of account: AccountDocument, password: SecretBytes) async throws
        -> SigningKey
    {
        do {
            return try unsealedKey(of: account, password: password, in: accounts.pin)
        } catch let error as ErrorDocument where error.exitStatus == ExitStatus.notAuthorised {
            await daemon.note(.records, account.user.name, nil, error.code)
            throw error
        }
    }

    /// Submits what ends something, from what is known now: since the first look a person was
    /// asked and a password stretched, and what was published meanwhile must stay.
    ///
    /// Done again where the node has published even more: ten times at most.
    private func submitEnd(
        signedBy signer: SigningKey, _ drafts: (ClusterAccounts) throws -> [RecordDraft]
    ) async throws -> Int {
        var attempt = 1
        while true {
            do {
                return try await submit(drafts(ClusterAccounts(daemon)), signedBy: signer)
            } catch let error as ErrorDocument
                where error.code == ErrorDocument.outdatedCovers && attempt < 10
            {
                attempt += 1
            }
        }
    }

    /// Submits what one key signs; how many grants are among it.
    private func submit(
        _ drafts: [RecordDraft], signedBy signer: SigningKey
    ) async throws -> Int {
        try await submit(accounts.sealed(drafts, with: signer))
        return drafts.filter(\.record.isGrant).count
    }

    private func submit(_ records: [SealedRecordDocument]) async throws {
        _ = try await daemon.submit(RecordsRequestDocument(records: records))
    }
}

extension AuthorityRecord {
    fileprivate var isGrant: Bool {
        guard case .grant = self else { return false }
        return true
    }
}
