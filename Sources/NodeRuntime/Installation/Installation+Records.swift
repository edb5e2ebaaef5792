// SPDX-License-Identifier: Apache-2.0

public import AdminAPI
internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import Logging
internal import WireFormat

// What changes who belongs to the cluster, and how this node enters and leaves it.
extension Installation {
    /// Adds signed records to the cluster's set; where one would not count nothing is added.
    public func submit(
        _ request: RecordsRequestDocument
    ) async throws(ErrorDocument) -> RecordsAnswer {
        let node = try loggedInNode()
        let authority = await node.snapshot().authority
        let records: [VerifiedRecord]
        do throws(ErrorDocument) {
            records = try verified(try sealed(request.records), in: node.pin)
            try check(records, in: authority)
            try await checkCovers(of: records, node)
        } catch {
            counters.count("records.\(error.code)")
            audit.refused(.records, address: Auditor.local, reason: error.code)
            throw error
        }
        // Durable before it counts: a revocation must outlive a restart.
        try await persist(.records(records))
        await node.take(records.map(\.sealed))
        for record in records { note(record, authority) }
        return RecordsAnswer(
            added: records.filter { authority.standing(of: $0.hash) == .unknown }.count,
            effective: records.count)
    }

    /// Refuses records that would not all count, before anything has changed.
    private func check(
        _ records: [VerifiedRecord], in authority: Authority
    ) throws(ErrorDocument) {
        var later = authority
        _ = later.add(records)
        let idle = records.filter { later.standing(of: $0.hash) != .effective }
        guard idle.isEmpty else {
            throw ErrorDocument(
                code: "record-without-effect",
                message: "\(idle.count) of \(records.count) records do not count: expected"
                    + " signers with the right to make them",
                hint: "log in as an administrator of the cluster",
                exitStatus: ExitStatus.notAuthorised)
        }
    }

    /// Refuses what would end this node's grants and leave out what it has published meanwhile:
    /// confirmed events would count nowhere any more.
    ///
    /// An end that is only signed again ends nothing new.
    private func checkCovers(
        of records: [VerifiedRecord], _ node: Node
    ) async throws(ErrorDocument) {
        let snapshot = await node.snapshot()
        let own = snapshot.authority.effectiveGrants(for: identity.node)
        let heads = snapshot.heads.filter {
            $0.log.origin == identity.node && $0.last > SequenceNumber(0)
        }
        for case .revocation(let revocation) in records.map(\.record) {
            let isOwn =
                switch revocation.subject {
                case .grant(let hash): own.contains { $0.hash == hash }
                case .node(let node): node == identity.node && !own.isEmpty
                case .user(let key): own.contains { $0.grant.user == key }
                case .client: false
                }
            let isWhole = heads.allSatisfy { head in
                revocation.covers.contains { $0.log == head.log && $0.last >= head.last }
            }
            guard isOwn, !isWhole else { continue }
            throw ErrorDocument(
                code: ErrorDocument.outdatedCovers,
                message: "this node has published more than what is to stay of it",
                hint: "try again", exitStatus: ExitStatus.tryLater)
        }
    }

    /// Completes a login: pins the cluster, stores the records, joins the mesh.
    public func join(
        _ request: JoinRequestDocument
    ) async throws(ErrorDocument) -> IdentityDocument {
        do throws(ErrorDocument) {
            let identity = try await enter(request)
            audit.done(
                .join, user: identity.user?.name, address: Auditor.local,
                subject: self.identity.node.description)
            return identity
        } catch {
            counters.count("join.\(error.code)")
            audit.refused(
                .join, address: Auditor.local, subject: identity.node.description,
                reason: error.code)
            throw error
        }
    }

    private func enter(
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
        let records = try verified(try sealed(request.records), in: pin)
        let (authority, member) = try await joining(pin, records, grant: request.grant)
        try await persist(.records(records))
        try stored {
            try ports.store.pin(pin)
            try ports.store.join(as: member.user)
            try ports.store.logOut(serial: 0)
        }
        logger.notice("logged in to cluster \(cluster.short)")
        await loginChanged()
        var document = try await identity()
        // A node that runs still speaks under the grant that it was started with.
        document.user = UserDocument(member, in: authority)
        return document
    }

    /// What the node will be a member by, with all that is known here and what it is given.
    ///
    /// Only the grant that the user has signed just now will do: not another user's, and not an
    /// older one that would stay in force beside it.
    private func joining(
        _ pin: ClusterPin, _ records: [VerifiedRecord], grant: String
    ) async throws(ErrorDocument) -> (Authority, Member) {
        var authority: Authority
        if let node {
            authority = await node.snapshot().authority
        } else {
            authority = try await idleAuthority(pin)
        }
        _ = authority.add(records)
        let report = authority.grants(at: ports.clock.now().wall).first {
            $0.hash.description == grant
        }
        guard let report, report.state.isCurrent, report.grant.nodeKey == identity.nodeKey,
            report.grant.curveKey == identity.curveKey
        else {
            throw ErrorDocument(
                code: "no-grant",
                message: "none of the records is a grant for this node that counts",
                hint: "log in again; the password may have been changed meanwhile",
                exitStatus: ExitStatus.notAuthorised)
        }
        _ = authority.setOwnUser(report.user)
        guard let member = authority.ownMember, member.grantHash == report.hash else {
            throw ErrorDocument(
                code: "newer-grant",
                message: "\(report.user) has given this node a grant that goes before this one",
                hint: "log in again", exitStatus: ExitStatus.failed)
        }
        return (authority, member)
    }

    /// Leaves the mesh; the log stays.
    ///
    /// Where the own grant was ended before, in the cluster, another member is waited for that has
    /// heard of it, a little.
    public func logout() async throws(ErrorDocument) -> IdentityDocument {
        let node = try loggedInNode()
        let snapshot = await node.snapshot()
        let member = snapshot.authority.ownMember
        let isHeard = member == nil ? await isHeard(by: node) : false
        let serial = snapshot.authority.ownUser.map {
            snapshot.authority.highestSerial(of: $0, for: identity.node)
        }
        try stored { try ports.store.logOut(serial: max(1, serial ?? 0)) }
        logger.notice("logged out")
        audit.done(
            .logout, user: member?.user, address: Auditor.local,
            subject: identity.node.description, reason: isHeard ? "revoked" : "local")
        await loginChanged()
        self.node = nil
        var document = try await identity()
        document.isHeard = isHeard
        return document
    }

    /// Whether another member has all records that are here; waits for one, three seconds at most.
    private func isHeard(by node: Node) async -> Bool {
        let deadline = ContinuousClock.now + .seconds(3)
        while ContinuousClock.now < deadline {
            if await node.hasSpreadRecords { return true }
            await node.sayFarewell()
            do {
                try await Task.sleep(for: .milliseconds(250))
            } catch {
                return false
            }
        }
        return await node.hasSpreadRecords
    }

    // MARK: Records

    private func sealed(
        _ documents: [SealedRecordDocument]
    ) throws(ErrorDocument) -> [SealedRecord] {
        try documents.map { document throws(ErrorDocument) in try SealedRecord(document) }
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

    /// Notes a record that was added here; `authority` is what was known before.
    private func note(_ record: VerifiedRecord, _ authority: Authority) {
        let signer = authority.accounts.first { $0.keys.contains(record.signer) }?.account.name
        func done(_ event: AuditEntry.Event, _ subject: String) {
            audit.done(
                event, user: signer ?? record.signer.short, address: Auditor.local,
                subject: subject)
        }
        switch record.record {
        case .account(let account):
            let isKnown = authority.account(named: account.name) != nil
            done(
                account.isRemoved ? .userRemoved : isKnown ? .userChanged : .userAdded,
                account.name)
        case .grant(let grant): done(.grant, grant.node.description)
        case .void(let event): done(.eventVoided, "\(event)")
        case .client(let client): done(.clientAdded, client.name)
        case .revocation(let revocation):
            switch revocation.subject {
            case .grant(let hash): done(.grantRevoked, hash.description)
            case .node(let node): done(.nodeRemoved, node.description)
            case .user(let key): done(.keyRevoked, key.description)
            case .client(let key): done(.clientRemoved, key.description)
            }
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

extension Node {
    /// Takes records that came by a local door.
    func take(_ records: [SealedRecord]) { receive(records: records, from: nil) }

    /// Tells members that there are records which they lack, as nothing else does once the own
    /// grant has ended: the core sends no beacons then.
    ///
    /// The number is beyond any that the core has used, and rises with the clock.
    func sayFarewell() {
        let authority = core.currentAuthority
        let wall = ports.clock.now().wall
        broadcast(
            Beacon(
                sender: identity.node, instance: instance, number: wall.milliseconds, wall: wall,
                heads: [], allHeads: .none, records: authority.digest,
                allowed: authority.allowedDigest, applied: VersionVector(), isReady: false))
    }
}
