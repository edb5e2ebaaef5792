// SPDX-License-Identifier: Apache-2.0

public import AdminAPI
internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import Logging
internal import WireFormat

// Who this node is, and who belongs to its cluster.
extension Installation {
    /// Who this node is, and as whom it is logged in.
    public func identity() async throws(ErrorDocument) -> IdentityDocument {
        let pin = try stored { try ports.store.clusterPin() }
        let snapshot = await node?.snapshot()
        let member = snapshot?.authority.ownMember
        let joinedAs = try stored { try ports.store.joinedUser() }
        let known = joinedAs.flatMap {
            snapshot?.authority.highestSerial(of: $0, for: identity.node)
        }
        return IdentityDocument(
            cluster: pin?.cluster.description, root: pin?.root.description,
            node: identity.node.description, nodeKey: identity.nodeKey.description,
            curveKey: identity.curveKey.description, fingerprint: identity.fingerprint,
            url: snapshot?.ownURL, user: member.flatMap { snapshot?.document(of: $0) },
            grantSerial: max(known ?? 0, endedSerial ?? 0), grantUser: joinedAs,
            heads: (snapshot?.heads ?? []).filter { $0.log.origin == identity.node }
                .map(HeadDocument.init))
    }

    /// The accounts of the cluster.
    public func accounts() async throws(ErrorDocument) -> AccountsDocument {
        let snapshot = try await loggedInNode().snapshot()
        let grants = snapshot.authority.grants(at: snapshot.moment.wall)
        let sealed = snapshot.authority.recordsForMembers(snapshot.authority.hashes)
        let accounts = snapshot.authority.accounts.map { standing in
            let account = standing.account
            return AccountDocument(
                user: UserDocument(account), key: account.key.description,
                keys: standing.keys.map(\.description), serial: account.serial,
                credential: Hexadecimal.encode(
                    snapshot.authority.credential(of: account) ?? []),
                allowed: snapshot.authority.state(of: standing)?.words ?? "no",
                grants: grants.filter { $0.user == account.name && $0.state.isCurrent }.map {
                    GrantDocument($0, heads: snapshot.heads)
                },
                signed: snapshot.authority.lasting(of: account.key, among: sealed)
                    .map(SealedRecordDocument.init),
                isRemoved: standing.isRemoved)
        }
        return AccountsDocument(
            accounts: accounts, unresolved: snapshot.authority.unresolved,
            heads: snapshot.heads.map(HeadDocument.init))
    }

    /// The members of the cluster.
    public func members() async throws(ErrorDocument) -> MembersDocument {
        try await loggedInNode().snapshot().members(own: identity.node)
    }

    /// Pins a user name to a key on this node.
    public func pin(_ request: PinRequestDocument) async throws(ErrorDocument) -> AccountsDocument {
        guard let key = UserKey(hex: request.key) else { throw .malformed("expected a user key") }
        let node = try loggedInNode()
        let isKnown = await node.snapshot().authority.accounts(called: request.identifier)
            .contains { $0.keys.contains(key) }
        guard isKnown else {
            counters.count("pin.unknown-key")
            audit.refused(
                .pin, address: Auditor.local, subject: request.identifier, reason: "unknown-key")
            throw ErrorDocument(
                code: "unknown-key",
                message: "\(request.identifier): expected a key of that user, found \(key.short)",
                hint: "sitestacker user list --json shows the keys; nothing was pinned",
                exitStatus: ExitStatus.failed)
        }
        await node.feed(
            .authority(.userPinned(identifier: request.identifier, key: key)))
        audit.done(.pin, address: Auditor.local, subject: request.identifier, reason: key.short)
        return try await accounts()
    }

    /// Applies what a user published while he was not listed here.
    public func replay(
        _ request: ReplayUserRequestDocument
    ) async throws(ErrorDocument) -> RecordsAnswer {
        try await loggedInNode().feed(.replayUserRequested(user: request.name))
        audit.done(.replay, address: Auditor.local, subject: request.name)
        return RecordsAnswer(added: 0, effective: 1)
    }

    /// Counts and notes what the command line refused.
    public func noteRefusal(
        _ request: RefusalRequestDocument
    ) async throws(ErrorDocument) -> RefusalAnswer {
        let isWord = request.code.utf8.allSatisfy { (0x61...0x7a).contains($0) || $0 == 0x2d }
        guard (1...40).contains(request.code.utf8.count), isWord else {
            throw .malformed("expected the code of an error")
        }
        counters.count("\(request.attempt.rawValue).\(request.code)")
        audit.refused(
            request.attempt == .login ? .login : .records, user: request.user,
            address: Auditor.local, subject: request.subject, reason: request.code)
        return RefusalAnswer()
    }

    // MARK: What may fail

    /// The highest serial that a logout has ended, 0 for none; `nil` where the mark of the logout
    /// cannot be read, which counts as a logout.
    var endedSerial: UInt64? {
        do {
            return try ports.store.loggedOutSerial()
        } catch {
            logger.error("this node counts as logged out: \(error)")
            counters.count("state.damaged-logout")
            return nil
        }
    }

    /// Runs something that uses this node's disk.
    func stored<Value>(_ body: () throws -> Value) throws(ErrorDocument) -> Value {
        do {
            return try body()
        } catch {
            throw ErrorDocument(
                code: "state-directory", message: "\(error)", exitStatus: ExitStatus.failed)
        }
    }
}

extension ErrorDocument {
    /// Something that a program sent in a form which cannot be used.
    static func malformed(_ message: String, hint: String? = nil) -> ErrorDocument {
        ErrorDocument(
            code: "malformed", message: message, hint: hint, exitStatus: ExitStatus.usage)
    }

    /// The log could not do something.
    init(_ error: EventLogError) {
        self.init(
            code: "event-log", message: "\(error.operation): \(error.detail)", hint: error.hint,
            exitStatus: ExitStatus.failed)
    }
}

extension Authority {
    /// The records which that key signed and which would count no more once it ends.
    func lasting(of key: UserKey, among sealed: [SealedRecord]) -> [SealedRecord] {
        let renewals = Set(renewals(of: key, successor: nil))
        return sealed.filter { record in
            guard record.signer == key else { return false }
            do {
                let content = try RecordCodec.decode(record.body)
                if case .grant = content {
                    return standing(of: RecordVerifier.hash(of: record)) == .effective
                }
                return renewals.contains(content)
            } catch {
                // A record of a later version is its own version's to renew.
                return false
            }
        }
    }
}

extension AllowedStanding.State {
    /// How people read it.
    fileprivate var words: String {
        switch self {
        case .allowed: "yes"
        case .unresolved: "no"
        case .newKey: "no: another key than the pinned one"
        case .ambiguous: "no: several keys"
        }
    }
}

extension GrantReport.State {
    /// Whether a successor should be signed when the user's key changes.
    var isCurrent: Bool {
        switch self {
        case .valid, .expiring, .expired: true
        case .revoked, .lapsed: false
        }
    }
}
