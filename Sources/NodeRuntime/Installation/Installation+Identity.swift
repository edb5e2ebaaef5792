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
        let ended = try stored { try ports.store.loggedOutSerial() }
        return IdentityDocument(
            cluster: pin?.cluster.description, root: pin?.root.description,
            node: identity.node.description, nodeKey: identity.nodeKey.description,
            curveKey: identity.curveKey.description, fingerprint: identity.fingerprint,
            url: snapshot?.ownURL, user: member.flatMap { snapshot?.document(of: $0) },
            grantSerial: max(member?.grant.serial ?? 0, ended),
            heads: (snapshot?.heads ?? []).filter { $0.log.origin == identity.node }
                .map(HeadDocument.init))
    }

    /// The accounts of the cluster.
    public func accounts() async throws(ErrorDocument) -> AccountsDocument {
        let snapshot = try await loggedInNode().snapshot()
        let grants = snapshot.authority.grants(at: snapshot.moment.wall)
        let allowed = snapshot.authority.allowed
        let sealed = snapshot.authority.recordsForMembers(snapshot.authority.hashes)
        let accounts = snapshot.authority.accounts.map { standing in
            let account = standing.account
            return AccountDocument(
                user: UserDocument(account), key: account.key.description,
                serial: account.serial,
                credential: Hexadecimal.encode(
                    snapshot.authority.credential(of: account) ?? []),
                allowed: allowed.first {
                    $0.user.identifier == account.name || $0.user.identifier == account.email
                }?.state.words ?? "no",
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

    /// Adds signed records to the cluster's set.
    public func submit(
        _ request: RecordsRequestDocument
    ) async throws(ErrorDocument) -> RecordsAnswer {
        let node = try loggedInNode()
        let records = try request.records.map { document throws(ErrorDocument) in
            try SealedRecord(document)
        }
        let before = await node.snapshot().authority.hashes.count
        let verified = try verified(records, in: node.pin)
        // Durable before it counts: a revocation must outlive a restart.
        try await persist(.records(verified))
        await node.take(records)
        let authority = await node.snapshot().authority
        let effective = records.filter {
            authority.standing(of: RecordVerifier.hash(of: $0)) == .effective
        }
        guard effective.count == records.count else {
            throw ErrorDocument(
                code: "record-without-effect",
                message: "\(records.count - effective.count) of \(records.count) records do not "
                    + "count: expected signers with the right to make them",
                hint: "log in as an administrator of the cluster",
                exitStatus: ExitStatus.notAuthorised)
        }
        return RecordsAnswer(
            added: authority.hashes.count - before, effective: effective.count)
    }

    /// Completes a login: pins the cluster, stores the records, joins the mesh.
    public func join(
        _ request: JoinRequestDocument
    ) async throws(ErrorDocument) -> IdentityDocument {
        guard let cluster = ClusterID(hex: request.cluster), let root = UserKey(hex: request.root)
        else { throw .malformed("expected a cluster ID and a root key") }
        let pin = ClusterPin(cluster: cluster, root: root)
        if let old = try stored({ try ports.store.clusterPin() }), old != pin {
            throw ErrorDocument(
                code: "other-cluster",
                message: "this node belongs to cluster \(old.cluster.short), not to "
                    + "\(cluster.short)",
                hint: "its log and identity are of the old one: remove its state directory first",
                exitStatus: ExitStatus.notAuthorised)
        }
        let sealed = try request.records.map { document throws(ErrorDocument) in
            try SealedRecord(document)
        }
        let records = try verify(sealed, in: pin)
        try await persist(.records(records))
        try stored {
            try ports.store.pin(pin)
            try ports.store.logOut(serial: 0)
        }
        logger.notice("logged in to cluster \(cluster.short)")
        await loginChanged()
        return try await identity()
    }

    /// The records, all of whose signatures must hold.
    private func verified(
        _ sealed: [SealedRecord], in pin: ClusterPin
    ) throws(ErrorDocument) -> [VerifiedRecord] {
        var records: [VerifiedRecord] = []
        for record in sealed {
            switch RecordVerifier(cluster: pin.cluster).verify(record) {
            case .success(let verified): records.append(verified)
            case .failure(let rejection): throw .malformed("a record: \(rejection)")
            }
        }
        return records
    }

    /// The records, if they make this node a member.
    private func verify(
        _ sealed: [SealedRecord], in pin: ClusterPin
    ) throws(ErrorDocument) -> [VerifiedRecord] {
        let records = try verified(sealed, in: pin)
        let authority = Authority(pin: pin, own: identity.node, records: records)
        guard let member = authority.ownMember, member.grant.nodeKey == identity.nodeKey,
            member.grant.curveKey == identity.curveKey
        else {
            throw ErrorDocument(
                code: "no-grant",
                message: "none of the records is a grant for this node that counts",
                hint: "log in again; the password may have been changed meanwhile",
                exitStatus: ExitStatus.notAuthorised)
        }
        return records
    }

    /// Forgets the grant and leaves the mesh; the log stays.
    public func logout() async throws(ErrorDocument) -> IdentityDocument {
        let serial = try await loggedInNode().snapshot().authority.ownMember?.grant.serial ?? 0
        try stored { try ports.store.logOut(serial: serial) }
        logger.notice("logged out")
        await loginChanged()
        node = nil
        return try await identity()
    }

    /// Pins a user name to a key on this node.
    public func pin(_ request: PinRequestDocument) async throws(ErrorDocument) -> AccountsDocument {
        guard let key = UserKey(hex: request.key) else { throw .malformed("expected a user key") }
        try await loggedInNode().feed(
            .authority(.userPinned(identifier: request.identifier, key: key)))
        return try await accounts()
    }

    /// Applies what a user published while he was not listed here.
    public func replay(
        _ request: ReplayUserRequestDocument
    ) async throws(ErrorDocument) -> RecordsAnswer {
        try await loggedInNode().feed(.replayUserRequested(user: request.name))
        return RecordsAnswer(added: 0, effective: 1)
    }

    /// Asks another node of the list, through the mesh, who it is logged in as.
    public func remoteIdentity(
        _ request: RemoteIdentityRequest
    ) async throws(ErrorDocument) -> IdentityDocument {
        let node = try loggedInNode()
        let snapshot = await node.snapshot()
        guard let listed = snapshot.listed.first(where: { $0.address.url == request.url }) else {
            throw ErrorDocument(
                code: "not-listed", message: "\(request.url) is not in the list of URLs",
                hint: "write it as in sitestacker.yml", exitStatus: ExitStatus.usage)
        }
        guard !listed.isSelf else { return try await identity() }
        guard let facts = listed.facts else {
            throw ErrorDocument(
                code: "silent", message: "\(request.url) has not answered yet",
                exitStatus: ExitStatus.incomplete)
        }
        let member = snapshot.authority.members.first { $0.node == facts.node }
        return IdentityDocument(
            cluster: facts.cluster?.description, root: nil, node: facts.node.description,
            nodeKey: member?.grant.nodeKey.description ?? "",
            curveKey: facts.curveKey.description, fingerprint: "", url: request.url,
            user: member.flatMap { snapshot.document(of: $0) },
            grantSerial: member?.grant.serial ?? 0,
            heads: snapshot.heads.filter { $0.log.origin == facts.node }.map(HeadDocument.init))
    }

    // MARK: What may fail

    /// Runs something that uses this node's disk.
    func stored<Value>(_ body: () throws -> Value) throws(ErrorDocument) -> Value {
        do {
            return try body()
        } catch {
            throw ErrorDocument(
                code: "state-directory", message: "\(error)", exitStatus: ExitStatus.failed)
        }
    }

    /// Makes an operation durable before going on.
    private func persist(_ operation: LogOperation) async throws(ErrorDocument) {
        let error = await withCheckedContinuation { continuation in
            ports.log.submit([operation]) { continuation.resume(returning: $0) }
        }
        if let error { throw ErrorDocument(error) }
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

extension Node {
    /// Takes records that came by a local door.
    func take(_ records: [SealedRecord]) { receive(records: records, from: nil) }
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
