// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterModel
import ClusterSigning
import NodeConfiguration
import WireFormat

/// The servers that a login may ask, and the one that it is for.
struct ServerList: Sendable {
    /// The one it is for.
    let remote: SiteURL
    /// How the list writes it; `nil` where it does not name it.
    let listed: String?
    /// Its own door, should it be this server.
    let ownDoor: Door
    /// The doors to ask for the account: the others in the list's order, then this one.
    let doors: [Door]

    /// What is odd about it.
    var warning: String? {
        listed == nil ? "Warning: \(remote) is not in the list of URLs." : nil
    }

    /// Reads the list of the installation.
    ///
    /// - Throws: `ConfigurationError`; `ErrorDocument` for a URL that is none.
    init(_ remote: String, _ context: CommandContext) throws {
        let path = try context.locator.configuration(site: context.options.site).path
        try self.init(remote, SiteConfiguration.load(from: path))
    }

    /// Takes the list of a configuration.
    ///
    /// - Throws: `ErrorDocument` for a URL that is none.
    init(_ remote: String, _ configuration: SiteConfiguration) throws {
        let url = try SiteURL(argument: remote)
        let match = configuration.urls.first { $0.key == url.key }
        self.remote = url
        listed = match?.display
        ownDoor = Door(url, port: configuration.doorPort(ofOwn: match ?? url))
        doors = configuration.urls.filter { $0.key != url.key }.map { Door($0) } + [ownDoor]
    }
}

/// The node that is to be logged in.
struct LoginTarget: Sendable {
    let nodeKey: NodeKey
    let curveKey: CurveKey
    /// The highest serial of its grants by the user as whom it joined.
    let grantSerial: UInt64
    let grantUser: String?
    let heads: [EpochHead]
    /// The cluster it belongs to already.
    let pin: ClusterPin?
    /// Whether it is the one whose daemon we talk to.
    let isOwn: Bool

    var node: NodeID { NodeID(of: nodeKey) }
}

/// What came of a login.
struct LoginOutcome: Sendable {
    let user: UserDocument
    let node: String
    let expires: UInt64
    let holder: String
    /// How many of the user's other grants were signed again, as they were due.
    let renewed: Int
    let notes: [String]
}

/// A login with a password, from finding the node's keys to its being level with the others.
struct LoginFlow: Sendable {
    let daemon: any Administration
    let doors: any Doors
    let servers: ServerList
    let user: String
    let fingerprint: String?
    let ttl: LifetimeArgument
    let scopes: Scopes?
    var now: @Sendable () -> WallTime = { wallTime() }

    // MARK: The node

    /// Finds the keys to grant: read over the local socket, or matching the fingerprint.
    ///
    /// - Throws: `ErrorDocument` where the URL is another server's and no fingerprint vouches.
    func target() async throws -> LoginTarget {
        let own = try await daemon.identity()
        if try await isOwn(own) {
            try await check(own, pin: try ClusterPin.known(own))
            return try LoginTarget(own, pin: try ClusterPin.known(own), isOwn: true)
        }
        guard fingerprint != nil else {
            throw ErrorDocument.denied(
                "other-server", "\(servers.remote) is not this server",
                hint: "log in there, or add --fingerprint with what login -r shows there")
        }
        let pin = try ClusterPin(own)
        let remote = try await daemon.remoteIdentity(
            RemoteIdentityRequest(url: servers.listed ?? servers.remote.display))
        try await check(remote, pin: pin)
        return try LoginTarget(remote, pin: pin, isOwn: false)
    }

    private func isOwn(_ own: IdentityDocument) async throws -> Bool {
        if let url = own.url { return try SiteURL(url).key == servers.remote.key }
        let answer = try await doors.hello(at: servers.ownDoor)
        return answer.hello.node.description == own.node
    }

    private func check(_ identity: IdentityDocument, pin: ClusterPin?) async throws {
        guard let fingerprint else { return }
        guard let nodeKey = NodeKey(hex: identity.nodeKey),
            let curveKey = CurveKey(hex: identity.curveKey)
        else { throw ErrorDocument.unexpected("\(servers.remote)", "the keys of a node") }
        let found = NodeFingerprint(nodeKey: nodeKey, curveKey: curveKey)
        guard found.matches(fingerprint) else {
            await daemon.note(.login, user, servers.remote.display, "other-fingerprint")
            throw ErrorDocument.denied(
                "other-fingerprint",
                "\(servers.remote): expected keys with the fingerprint \(fingerprint), found"
                    + " \(found)",
                hint: "ask whoever told you the fingerprint before going on")
        }
    }

    // MARK: The password

    /// Asks one door after the other, and joins with what the first honest holder gives.
    ///
    /// - Throws: `ErrorDocument` with every door's answer where none gives the account.
    func logIn(_ target: LoginTarget, password: SecretBytes) async throws -> LoginOutcome {
        let client = LoginClient(
            nodeKey: target.nodeKey, curveKey: target.curveKey, pinned: target.pin, doors: doors)
        var failures: [(door: Door, error: ErrorDocument)] = []
        for door in servers.doors {
            do {
                let login = try await client.prove(name: user, password: password, at: door)
                return try await join(target, login, client)
            } catch let failure as AttemptFailure {
                throw failure.error
            } catch let error as ErrorDocument {
                failures.append((door, error))
                await note(error, of: door)
            }
        }
        throw summary(failures)
    }

    /// Has a refusal noted here too: whoever is behind the door may be the wrong one.
    private func note(_ error: ErrorDocument, of door: Door) async {
        let isRefusal =
            error.code == "wrong-server"
            || error.exitStatus == ExitStatus.notAuthorised && error.code != "not-a-holder"
        guard isRefusal, door != servers.ownDoor else { return }
        // A stranger's words are not noted as they are.
        let isWord = error.code.utf8.allSatisfy { (0x61...0x7a).contains($0) || $0 == 0x2d }
        await daemon.note(.login, user, door.url.display, isWord ? error.code : "refused")
    }

    /// What failed after the password was proved: asking the next door would not mend it.
    private struct AttemptFailure: Error {
        let error: any Error
    }

    private func join(
        _ target: LoginTarget, _ login: ProvenLogin, _ client: LoginClient
    ) async throws -> LoginOutcome {
        do {
            let grants = grants(of: login)
            let grant = try self.grant(target, login, after: grants.map(\.grant))
            let sealer = RecordSealer(cluster: login.welcome.pin.cluster)
            let signed = try sealer.seal(.grant(grant), with: login.userKey)
            let record = signed.sealed
            let due = try dueGrants(grants, besides: target.node, login).map {
                try sealer.seal(.grant($0), with: login.userKey).sealed
            }
            if target.isOwn {
                _ = try await daemon.join(
                    JoinRequestDocument(
                        cluster: login.welcome.pin.cluster.description,
                        root: login.welcome.pin.root.description,
                        records: (login.welcome.records + due + [record])
                            .map(SealedRecordDocument.init), grant: signed.hash.description))
            } else {
                _ = try await daemon.submit(
                    RecordsRequestDocument(
                        records: (due + [record]).map(SealedRecordDocument.init)))
            }
            return LoginOutcome(
                user: UserDocument(
                    name: login.account.name, email: login.account.email,
                    fullName: login.account.fullName, scopes: grant.scopes.description,
                    expires: grant.notAfter.milliseconds),
                node: target.node.description, expires: grant.notAfter.milliseconds,
                holder: login.door.url.display, renewed: due.count,
                notes: await deliver(record, login, client, isOwn: target.isOwn))
        } catch {
            throw AttemptFailure(error: error)
        }
    }

    /// The user's grants among the holder's records, with the names of their records.
    private func grants(of login: ProvenLogin) -> [(hash: Digest, grant: Grant)] {
        let verifier = RecordVerifier(cluster: login.welcome.pin.cluster)
        return login.welcome.records.compactMap { record in
            // Others' serials are their own.
            guard record.signer == login.userKey.user,
                case .success(let verified) = verifier.verify(record),
                case .grant(let grant) = verified.record, grant.user == login.userKey.user
            else { return nil }
            return (verified.hash, grant)
        }
    }

    /// His grants for other nodes that his open key signs again: none that somebody has ended,
    /// whether that end counts or not.
    private func dueGrants(
        _ grants: [(hash: Digest, grant: Grant)], besides node: NodeID, _ login: ProvenLogin
    ) -> [Grant] {
        let verifier = RecordVerifier(cluster: login.welcome.pin.cluster)
        let ends = Set(
            login.welcome.records.compactMap { record -> Revocation.Subject? in
                guard case .success(let verified) = verifier.verify(record),
                    case .revocation(let revocation) = verified.record
                else { return nil }
                return revocation.subject
            })
        let lasting = grants.filter { one in
            one.grant.node != node && !ends.contains(.grant(one.hash))
                && !ends.contains(.node(one.grant.node))
        }
        return Grant.due(among: lasting.map(\.grant), at: now())
    }

    private func grant(
        _ target: LoginTarget, _ login: ProvenLogin, after grants: [Grant]
    ) throws -> Grant {
        guard target.isOwn || target.grantUser ?? login.account.name == login.account.name else {
            throw ErrorDocument.denied(
                "other-user",
                "\(servers.remote) is logged in as \(target.grantUser ?? ""), not as"
                    + " \(login.account.name)",
                hint: "only the server itself can join as somebody else: log in there")
        }
        let scopes = scopes ?? login.account.scopes
        guard login.account.scopes.contains(scopes) else {
            throw ErrorDocument.denied(
                "missing-scope",
                "\(login.account.name) may \(login.account.scopes), not \(scopes)",
                hint: "leave --scopes away, or name fewer")
        }
        let known = grants.filter { $0.node == target.node }.map(\.serial).max() ?? 0
        let own = target.grantUser == login.account.name ? target.grantSerial : 0
        let start = now()
        return Grant(
            user: login.userKey.user, nodeKey: target.nodeKey, node: target.node,
            curveKey: target.curveKey, scopes: scopes, notBefore: start,
            notAfter: WallTime(milliseconds: start.milliseconds + ttl.milliseconds),
            serial: Grant.serial(after: max(known, own)), covers: target.heads)
    }

    /// Tells the holder; where that fails the grant still comes to it with the node's own hello.
    private func deliver(
        _ record: SealedRecord, _ login: ProvenLogin, _ client: LoginClient, isOwn: Bool
    ) async -> [String] {
        // Our own door gave the account: it has the grant already.
        guard login.door != servers.ownDoor || !isOwn else { return [] }
        do {
            try await client.deliver(record, of: login)
            return []
        } catch {
            let reason = (error as? ErrorDocument)?.message ?? "\(error)"
            return ["\(login.door.url) did not take the grant yet: \(reason)"]
        }
    }

    private func summary(_ failures: [(door: Door, error: ErrorDocument)]) -> ErrorDocument {
        let lines = failures.map { "\n  \($0.door.url): \($0.error.message)" }.joined()
        let deciding =
            failures.first { $0.error.code == "login-refused" }
            ?? failures.first { $0.error.exitStatus == ExitStatus.tryLater }
            ?? failures.first { $0.error.code == "other-cluster" }
            ?? failures.first { $0.error.code == "not-a-holder" } ?? failures.first
        return ErrorDocument(
            code: deciding?.error.code ?? "no-servers",
            message: "cannot log in as \(user); no server of the list gave the account:\(lines)",
            hint: deciding?.error.hint,
            exitStatus: deciding?.error.exitStatus ?? ExitStatus.configuration)
    }

    // MARK: Afterwards

    /// Waits until this node is level with the others; answers what is missing where it is not.
    func level(
        until deadline: ContinuousClock.Instant, clock: ContinuousClock, pause: Duration
    ) async throws -> [String]? {
        var missing = ["the daemon has not answered yet"]
        while true {
            do {
                let status = try await daemon.status()
                if status.own.isReady == true { return nil }
                missing = Self.missing(in: status)
            } catch {
                // The node starts anew with its grant; until then it may not answer.
                guard let document = errorDocument(for: error) else { throw error }
                missing = [document.message]
            }
            guard clock.now + pause < deadline else { return missing }
            try await clock.sleep(for: pause)
        }
    }

    private static func missing(in status: StatusDocument) -> [String] {
        let silent = status.servers.compactMap { server in
            server.error.map { "\(server.url ?? "a server"): \($0)" }
        }
        let lines = status.own.warnings + status.problems + silent
        return lines.isEmpty ? ["this node is not ready yet"] : lines
    }
}

extension LoginTarget {
    init(_ identity: IdentityDocument, pin: ClusterPin?, isOwn: Bool) throws {
        guard let nodeKey = NodeKey(hex: identity.nodeKey),
            let curveKey = CurveKey(hex: identity.curveKey)
        else { throw ErrorDocument.unexpected("a node's identity", "its two keys") }
        self.init(
            nodeKey: nodeKey, curveKey: curveKey, grantSerial: identity.grantSerial,
            grantUser: identity.grantUser,
            heads: try identity.heads.map { document throws(ErrorDocument) in
                try EpochHead(document)
            }, pin: pin, isOwn: isOwn)
    }
}
