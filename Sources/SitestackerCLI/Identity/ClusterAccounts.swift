// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterModel
import ClusterSigning
import WireFormat

/// The accounts of the cluster as this node knows them, and what may be signed about them.
///
/// The command line decides by itself what it signs; of records that are to be signed again it
/// believes none whose signature does not hold.
struct ClusterAccounts: Sendable {
    let pin: ClusterPin
    let own: IdentityDocument
    let document: AccountsDocument

    /// Asks the daemon.
    ///
    /// - Throws: `ErrorDocument` where this node is not logged in.
    init(_ daemon: any Administration) async throws {
        own = try await daemon.identity()
        pin = try ClusterPin(own)
        document = try await daemon.accounts()
    }

    /// The accounts that are in use.
    var current: [AccountDocument] { document.accounts.filter { !$0.isRemoved } }

    /// The account of a name or an address.
    ///
    /// - Throws: `ErrorDocument` where nobody in the cluster has it.
    func account(_ name: String) throws(ErrorDocument) -> AccountDocument {
        let match = current.first { $0.user.name == name || $0.user.email == name }
        guard let match else { throw unknown(name) }
        return match
    }

    /// Every key that speaks for whom the users file can mean by a name or an address, in order.
    ///
    /// - Throws: `ErrorDocument` where nobody in the cluster has it.
    func keys(of identifier: String) throws(ErrorDocument) -> [String] {
        // The users file knows no letter case.
        let wanted = identifier.lowercased()
        let matches = current.filter {
            $0.user.name.lowercased() == wanted || $0.user.email.lowercased() == wanted
        }
        guard !matches.isEmpty else { throw unknown(identifier) }
        return Set(matches.flatMap(\.keys)).sorted()
    }

    private func unknown(_ name: String) -> ErrorDocument {
        let names = current.map(\.user.name).joined(separator: ", ")
        return ErrorDocument(
            code: "unknown-user", message: "expected a user of the cluster, found \(name)",
            hint: "the users are: \(names)", exitStatus: ExitStatus.failed)
    }

    /// The administrator who is to sign: the one named, or as whom this node is logged in.
    ///
    /// - Throws: `ErrorDocument` where he is none.
    func administrator(_ name: String?) throws(ErrorDocument) -> AccountDocument {
        guard let name = name ?? own.user?.name else { throw .notLoggedIn }
        let account = try account(name)
        guard try Scopes(listed: account.user.scopes).contains(.admin) else {
            throw .denied(
                "not-an-administrator", "\(account.user.name) is no administrator of the cluster",
                hint: "name one with --as")
        }
        return account
    }

    /// Every log of the nodes that the account's key has granted.
    func covers(of account: AccountDocument) throws -> [EpochHead] {
        let nodes = Set(account.grants.map(\.node))
        return try heads { nodes.contains($0) }
    }

    /// Every log of one node.
    func covers(of node: NodeID) throws -> [EpochHead] { try heads { $0 == node.description } }

    private func heads(_ isMeant: (String) -> Bool) throws -> [EpochHead] {
        try document.heads.filter { isMeant($0.origin) }.map { try EpochHead($0) }.sorted()
    }

    /// What the key of an account has signed and what is to be signed again when the key ends.
    ///
    /// Grants only for a successor, under its key, with the next serial and, where they are due,
    /// for as long again. Otherwise the law of `Authority.renewals`; docs/adr/0011-authority.md.
    func renewals(
        of account: AccountDocument, successor: UserKey?, at now: WallTime
    ) throws -> [RecordDraft] {
        guard let key = UserKey(hex: account.key) else {
            throw ErrorDocument.unexpected("the account of \(account.user.name)", "a key")
        }
        return try account.signed.compactMap { document in
            let signed = try verified(document, by: key)
            switch signed.record {
            case .account(let other):
                return other.name == account.user.name
                    ? nil : RecordDraft(signed.record, credential: signed.sealed.credential)
            case .grant(let grant):
                return successor.map { RecordDraft(.grant(grant.renewed(by: $0, at: now))) }
            case .revocation(let revocation):
                return revocation.subject == .user(key) ? nil : RecordDraft(signed.record)
            case .void, .client: return RecordDraft(signed.record)
            }
        }
    }

    /// The grants of a user that his open key signs again, besides what it was opened for.
    ///
    /// - Parameter leaving: A node that is about to leave.
    func dueGrants(
        of account: AccountDocument, leaving: NodeID? = nil, at now: WallTime
    ) throws -> [RecordDraft] {
        guard let key = UserKey(hex: account.key) else {
            throw ErrorDocument.unexpected("the account of \(account.user.name)", "a key")
        }
        let grants = try account.signed.compactMap { document -> Grant? in
            guard case .grant(let grant) = try verified(document, by: key).record,
                grant.user == key, grant.node != leaving
            else { return nil }
            return grant
        }
        return Grant.due(among: grants, at: now).map { RecordDraft(.grant($0)) }
    }

    private func verified(
        _ document: SealedRecordDocument, by key: UserKey
    ) throws -> VerifiedRecord {
        guard let body = Hexadecimal.decode(document.body),
            let signature = Hexadecimal.decode(document.signature),
            let credential = Hexadecimal.decode(document.credential ?? ""),
            document.signer == key.description,
            case .success(let record) = RecordVerifier(cluster: pin.cluster)
                .verify(
                    SealedRecord(
                        body: body, signer: key, signature: signature,
                        credential: credential.isEmpty ? nil : credential))
        else {
            throw ErrorDocument.unexpected(
                "a record that is to be signed again", "one that \(key.short) has signed")
        }
        return record
    }

    /// Signs records.
    ///
    /// - Throws: `WireError` for a record that is too long.
    func sealed(
        _ drafts: [RecordDraft], with key: SigningKey
    ) throws -> [SealedRecordDocument] {
        let sealer = RecordSealer(cluster: pin.cluster)
        return try drafts.map {
            let record = try sealer.seal($0.record, credential: $0.credential, with: key)
            return SealedRecordDocument(record.sealed)
        }
    }
}

/// A record that is to be signed, and what goes beside it.
struct RecordDraft: Sendable {
    let record: AuthorityRecord
    let credential: [UInt8]?

    init(_ record: AuthorityRecord, credential: [UInt8]? = nil) {
        self.record = record
        self.credential = credential
    }
}
