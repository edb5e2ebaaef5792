// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterCore
import ClusterModel
import ClusterSigning
import NodeConfiguration
import NodeRuntimeTesting
import Synchronization
import Testing

@testable import NodeRuntime
@testable import SitestackerCLI

/// The command line's side of the login against the holder's own code.
@Suite struct LoginFlowTests {
    private let cluster: TestCluster
    private let holder: TestHolder
    private let fresh: NodeIdentity
    private let daemon: TestDaemon

    init() throws {
        cluster = try TestCluster()
        holder = TestHolder(cluster)
        fresh = try NodeIdentity()
        daemon = try TestDaemon(node: fresh)
    }

    private func doors(_ answers: [String: TestDoors.Answer]? = nil) -> TestDoors {
        let holder = holder
        return TestDoors(
            answers ?? [
                "web1": { message throws(ErrorDocument) in try await holder.take(message) }
            ],
            hellos: ["web1": cluster.node, "web2": fresh])
    }

    private func flow(
        _ doors: TestDoors, user: String = "alice", remote: String = "http://web2",
        fingerprint: String? = nil, scopes: Scopes? = nil
    ) throws -> LoginFlow {
        let urls = try ["http://web1", "http://web2", "http://web3"].map { try SiteURL($0) }
        return LoginFlow(
            daemon: daemon, doors: doors,
            servers: try ServerList(remote, SiteConfiguration(urls: urls)), user: user,
            fingerprint: fingerprint, ttl: .standard, scopes: scopes,
            now: { WallTime(milliseconds: 1_800_000_000_000) })
    }

    private func logIn(
        _ doors: TestDoors, user: String = "alice", password: String = TestCluster.password,
        scopes: Scopes? = nil
    ) async throws -> LoginOutcome {
        let flow = try flow(doors, user: user, scopes: scopes)
        return try await flow.logIn(try await flow.target(), password: secret(password))
    }

    @Test(arguments: ["alice", "alice@example.com"])
    func `The right password pins the cluster and makes the node a member`(
        user: String
    ) async throws {
        let outcome = try await logIn(doors(), user: user)
        #expect(outcome.user.name == "alice")
        #expect(outcome.notes.isEmpty)
        #expect(daemon.state.withLock { $0.pin } == cluster.pin)
        let member = try #require(daemon.authority.ownMember)
        #expect(member.user == "alice")
        #expect(member.grant.curveKey == fresh.curveKey)
        #expect(member.grant.notAfter.milliseconds == 1_800_000_000_000 + 365 * 86_400_000)
        #expect(holder.granted.withLock { $0.count } == 1)
        #expect(holder.trail.entries.map(\.event) == [.login, .grant])
        #expect(holder.trail.entries.allSatisfy { $0.outcome == .done && $0.user == "alice" })
    }

    @Test(arguments: [("alice", "wrong horse"), ("mallory", TestCluster.password)])
    func `A wrong password and an unknown name look alike and change nothing`(
        user: String, password: String
    ) async throws {
        let error = await #expect(throws: ErrorDocument.self) {
            try await logIn(doors(), user: user, password: password)
        }
        #expect(error?.code == "login-refused")
        #expect(error?.exitStatus == ExitStatus.notAuthorised)
        #expect(error?.message.contains("no account with this name and password") == true)
        #expect(error?.message.contains(password) == false)
        #expect(daemon.state.withLock { $0.pin } == nil)
        #expect(holder.granted.withLock { $0.isEmpty })
        #expect(holder.trail.entries.map(\.outcome) == [.refused])
        #expect(holder.trail.entries.first?.user == user)
        #expect(holder.trail.entries.first?.address == "192.0.2.7")
        #expect(holder.trail.entries.first?.reason == "login-refused")
        #expect(
            daemon.state.withLock { $0.refusals } == [
                RefusalRequestDocument(
                    attempt: .login, user: user, subject: "http://web1", code: "login-refused")
            ])
    }

    @Test(.timeLimit(.minutes(1)))
    func `A guess that was given up is noted, though nothing more comes`() async throws {
        _ = try await holder.take(
            LoginMessage(
                step: "start", name: "alice", nodeKey: fresh.nodeKey.description,
                curveKey: fresh.curveKey.description))
        holder.clock.advance(seconds: 61)
        try await withThrowingTaskGroup(of: Void.self) { [holder] group in
            group.addTask { await holder.watch() }
            while holder.trail.entries.isEmpty {
                try Task.checkCancellation()
                await Task.yield()
            }
            group.cancelAll()
        }
        #expect(holder.trail.entries.map(\.reason) == ["unfinished"])
    }

    @Test(arguments: [
        ("wrong-server", ExitStatus.unreachable, ["wrong-server"]),
        ("other-cluster", ExitStatus.notAuthorised, ["other-cluster"]),
        ("\u{1B}[2J", ExitStatus.notAuthorised, ["refused"]),
        ("not-a-holder", ExitStatus.notAuthorised, []),
        ("door-unreachable", ExitStatus.unreachable, []),
        ("too-many-tries", ExitStatus.tryLater, []),
    ])
    func `A server that is the wrong one is noted on this one`(
        code: String, status: Int32, noted: [String]
    ) async throws {
        let doors = doors([
            "web1": { _ throws(ErrorDocument) in
                throw ErrorDocument(code: code, message: "no", exitStatus: status)
            }
        ])
        let error = await #expect(throws: ErrorDocument.self) { try await logIn(doors) }
        #expect(error?.message.contains("http://web1: no") == true)
        #expect(daemon.state.withLock { $0.refusals.map(\.code) } == noted)
        #expect(daemon.state.withLock { $0.pin } == nil)
    }

    @Test func `The other servers are asked in the list's order, this one last`() async throws {
        let doors = doors([:])
        let error = await #expect(throws: ErrorDocument.self) { try await logIn(doors) }
        #expect(doors.asked == ["web1", "web3", "web2"])
        #expect(error?.exitStatus == ExitStatus.unreachable)
        for url in ["http://web1", "http://web2", "http://web3"] {
            #expect(error?.message.contains(url) == true)
        }
    }

    @Test func `A silent door and one without accounts do not keep others from being asked`()
        async throws
    {
        let holder = holder
        let doors = doors([
            "web2": { _ throws(ErrorDocument) in
                throw .denied("not-a-holder", "this node holds no accounts")
            },
            "web3": { message throws(ErrorDocument) in try await holder.take(message) },
        ])
        let outcome = try await logIn(doors)
        #expect(outcome.holder == "http://web3")
    }

    @Test(arguments: ["holderKey", "parameters", "cluster"])
    func `Whoever stands between and changes what the holder says is found out`(
        changed: String
    ) async throws {
        let holder = holder
        let other = try TestCluster(user: "bob")
        let doors = doors([
            "web1": { message throws(ErrorDocument) in
                var reply = try await holder.take(message)
                guard message.step == "start" else { return reply }
                switch changed {
                case "holderKey": reply.holderKey = other.node.nodeKey.description
                case "parameters":
                    reply.parameters = Hexadecimal.encode(
                        other.credential.account.parameters.encoded)
                case _: reply.cluster = other.pin.cluster.description
                }
                return reply
            }
        ])
        await #expect(throws: ErrorDocument.self) { try await logIn(doors) }
        #expect(daemon.state.withLock { $0.pin } == nil)
        #expect(holder.granted.withLock { $0.isEmpty })
    }

    @Test func `A login for one node's keys is of no use for another's`() async throws {
        let holder = holder
        let thief = try NodeIdentity()
        let doors = doors([
            "web1": { message throws(ErrorDocument) in
                var message = message
                if message.step == "start" { message.nodeKey = thief.nodeKey.description }
                return try await holder.take(message)
            }
        ])
        await #expect(throws: ErrorDocument.self) { try await logIn(doors) }
    }

    @Test(arguments: ["other node", "other CURVE key", "other user", "no grant"])
    func `Whoever has proved his password hands in a grant of his for the keys of that login`(
        forgery: String
    ) async throws {
        let doors = doors()
        let client = LoginClient(
            nodeKey: fresh.nodeKey, curveKey: fresh.curveKey, pinned: nil, doors: doors)
        let login = try await client.prove(
            name: "alice", password: secret(TestCluster.password),
            at: Door(try SiteURL("http://web1")))
        let other = try NodeIdentity()
        let node = forgery == "other node" ? other : fresh
        let signer = forgery == "other user" ? try SigningKey() : login.userKey
        let grant = Grant(
            user: signer.user, nodeKey: node.nodeKey, node: node.node,
            curveKey: forgery == "other CURVE key" ? other.curveKey : node.curveKey,
            scopes: .query, notBefore: WallTime(milliseconds: 1 << 47),
            notAfter: WallTime(milliseconds: 1 << 47), serial: UInt64(Int64.max))
        let record: AuthorityRecord =
            forgery == "no grant"
            ? .revocation(Revocation(subject: .node(cluster.node.node), covers: []))
            : .grant(grant)
        let sealed = try RecordSealer(cluster: cluster.pin.cluster).seal(record, with: signer)
            .sealed
        let error = await #expect(throws: ErrorDocument.self) {
            try await client.deliver(sealed, of: login)
        }
        #expect(error?.code == "other-grant")
        #expect(holder.granted.withLock { $0.isEmpty })
        #expect(holder.trail.entries.last?.reason == "other-grant")
    }

    @Test func `Other users' serials are no reason for one's own`() async throws {
        daemon.state.withLock {
            $0.loggedOut = UInt64(Int64.max)
            $0.joinedAs = "bob"
        }
        _ = try await logIn(doors())
        #expect(daemon.authority.ownMember?.grant.serial == 1)
    }

    @Test func `Parameters below the floor are refused before the password is stretched`()
        async throws
    {
        let holder = holder
        let doors = doors([
            "web1": { message throws(ErrorDocument) in
                var reply = try await holder.take(message)
                if let parameters = reply.parameters {
                    reply.parameters = "00000400" + parameters.dropFirst(8)
                }
                return reply
            }
        ])
        let error = await #expect(throws: ErrorDocument.self) { try await logIn(doors) }
        #expect(error?.code == "cryptography-belowFloor")
        #expect(doors.sent.withLock { $0 }.map(\.message.step).contains("share") == false)
    }

    @Test func `A recorded login cannot be played again`() async throws {
        let doors = doors()
        _ = try await logIn(doors)
        let messages = doors.sent.withLock { $0 }.map(\.message)
        #expect(messages.map(\.step) == ["start", "share", "confirm", "grant"])
        for message in messages.dropFirst() {
            await #expect(throws: ErrorDocument.self) { try await holder.take(message) }
        }
        #expect(holder.granted.withLock { $0.count } == 1)
    }

    @Test func `After five tries in a minute a name has to wait`() async throws {
        for _ in 0..<5 {
            _ = try await holder.take(start())
        }
        let error = await #expect(throws: ErrorDocument.self) { try await logIn(doors()) }
        #expect(error?.exitStatus == ExitStatus.tryLater)
        holder.clock.advance(seconds: 61)
        _ = try await logIn(doors())
    }

    private func start() -> LoginMessage {
        LoginMessage(
            step: "start", name: "alice", nodeKey: "\(fresh.nodeKey)",
            curveKey: "\(fresh.curveKey)")
    }

    @Test func `A node of another cluster never changes sides`() async throws {
        let pin = try TestCluster().pin
        daemon.state.withLock { $0.pin = pin }
        let error = await #expect(throws: ErrorDocument.self) { try await logIn(doors()) }
        #expect(error?.code == "other-cluster")
        #expect(error?.exitStatus == ExitStatus.notAuthorised)
    }

    @Test func `Another server needs the fingerprint of its keys`() async throws {
        let flow = try flow(doors(), remote: "http://web1")
        let error = await #expect(throws: ErrorDocument.self) { try await flow.target() }
        #expect(error?.code == "other-server")
    }

    @Test func `A wrong fingerprint stops the login before anything is sent`() async throws {
        let doors = doors()
        let flow = try flow(doors, fingerprint: "0000-0000-0000-0000")
        let error = await #expect(throws: ErrorDocument.self) { try await flow.target() }
        #expect(error?.code == "other-fingerprint")
        #expect(daemon.state.withLock { $0.refusals.map(\.code) } == ["other-fingerprint"])
        #expect(doors.asked.isEmpty)
        let right = try self.flow(doors, fingerprint: fresh.fingerprint.uppercased())
        #expect(try await right.target().isOwn)
    }

    @Test func `A grant never has more scopes than asked for`() async throws {
        let outcome = try await logIn(doors(), scopes: [.query, .invalidate])
        #expect(outcome.user.scopes == "invalidate,query")
        #expect(daemon.authority.ownMember?.grant.scopes == [.query, .invalidate])
    }

    @Test func `A grant after logout has a higher serial than the one that ended`() async throws {
        daemon.state.withLock {
            $0.loggedOut = 7
            $0.joinedAs = "alice"
        }
        _ = try await logIn(doors())
        #expect(daemon.authority.ownMember?.grant.serial == 8)
    }

    @Test func `What is missing is named when the time is over`() async throws {
        let flow = try flow(doors())
        let clock = ContinuousClock()
        #expect(
            try await flow.level(until: clock.now, clock: clock, pause: .milliseconds(1)) == nil)
        daemon.state.withLock { $0.isReady = false }
        #expect(
            try await flow.level(until: clock.now, clock: clock, pause: .milliseconds(1))
                == ["12 events are missing"])
    }
}
