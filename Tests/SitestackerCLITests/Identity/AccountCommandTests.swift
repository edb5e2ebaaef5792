// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser
import ClusterCore
import ClusterModel
import ClusterSigning
import NodeConfiguration
import Synchronization
import Testing

@testable import NodeRuntime
@testable import SitestackerCLI

/// Commands that sign, against a daemon that counts only what counts.
@Suite struct AccountCommandTests {
    private let cluster: TestCluster
    private let daemon: TestDaemon

    init() throws {
        cluster = try TestCluster()
        daemon = try TestDaemon(node: cluster.node, pin: cluster.pin, records: cluster.records)
        daemon.state.withLock { $0.url = "http://web1" }
    }

    private func desk(_ lines: String..., json: Bool = false) -> Desk {
        Desk(input: lines.map { $0 + "\n" }.joined(), json: json)
    }

    private func addBob(scopes: String = "publish,query") async throws {
        let command = try UserAddCommand.parse([
            "bob", "--email", "bob@example.com", "--name", "Bob Builder", "--scopes", scopes,
            "--password-stdin",
        ])
        _ = try await command.run(in: desk(TestCluster.password, "bobs password").context, daemon)
    }

    @Test func `A user who was added has an account that only his password opens`() async throws {
        try await addBob()
        let bob = try #require(try await daemon.accounts().accounts.first { $0.user.name == "bob" })
        #expect(bob.user.scopes == "publish,query")
        #expect(
            try unsealedKey(of: bob, password: secret("bobs password"), in: cluster.pin).user
                .description == bob.key)
        let error = #expect(throws: ErrorDocument.self) {
            try unsealedKey(of: bob, password: secret("alices password"), in: cluster.pin)
        }
        #expect(error?.exitStatus == ExitStatus.notAuthorised)
    }

    @Test(arguments: [
        (["alice", "--email", "new@example.com"], "user-exists"),
        (["new", "--email", "alice@example.com"], "user-exists"),
        (["Alice", "--email", "new@example.com"], "user-exists"),
        (["new", "--email", "Alice@Example.com"], "user-exists"),
        (["a b", "--email", "new@example.com"], "usage"),
        (["a@b.example", "--email", "new@example.com"], "usage"),
        (["new", "--email", "nowhere"], "usage"),
    ])
    func `Names and addresses are checked and used once`(
        arguments: [String], code: String
    ) async throws {
        let command = try UserAddCommand.parse(arguments + ["--name", "N", "--password-stdin"])
        do {
            _ = try await command.run(in: desk("x", "y").context, daemon)
            Issue.record("added")
        } catch {
            #expect(errorDocument(for: error)?.code == code)
        }
        #expect(daemon.state.withLock { $0.submissions } == 0)
    }

    @Test func `A wrong password of the administrator changes nothing`() async throws {
        let command = try UserPasswordCommand.parse(["alice", "--password-stdin"])
        let error = await #expect(throws: ErrorDocument.self) {
            try await command.run(in: desk("wrong horse", "new password").context, daemon)
        }
        #expect(error?.code == "wrong-password")
        #expect(daemon.state.withLock { $0.submissions } == 0)
        #expect(
            daemon.state.withLock { $0.refusals } == [
                RefusalRequestDocument(attempt: .records, user: "alice", code: "wrong-password")
            ])
    }

    @Test func `A short new password is refused`() async throws {
        let command = try UserPasswordCommand.parse(["alice", "--password-stdin"])
        let error = await #expect(throws: ErrorDocument.self) {
            try await command.run(in: desk(TestCluster.password, "short").context, daemon)
        }
        #expect(error?.exitStatus == ExitStatus.usage)
        #expect(error?.message.contains("short") == false)
    }

    @Test func `A changed password keeps the members, the other users and the clients`()
        async throws
    {
        try await addBob()
        let client = ClientKey(name: "m", curveKey: CurveKey(.zero), scopes: .query)
        let sealed = try RecordSealer(cluster: cluster.pin.cluster).seal(
            .client(client), with: cluster.key)
        daemon.state.withLock { $0.records.append(sealed) }
        let desk = desk(TestCluster.password, "new password", json: true)
        let command = try UserPasswordCommand.parse(["alice", "--password-stdin", "--json"])
        #expect(try await command.run(in: desk.context, daemon) == 0)
        // The node's first grant, and the one that was due when bob was added.
        #expect(desk.output.text.contains(#""grants":2"#))
        let authority = daemon.authority
        #expect(authority.account(named: "alice")?.keys.count == 1)
        #expect(authority.account(named: "alice")?.account.key != cluster.key.user)
        #expect(authority.account(named: "bob") != nil)
        #expect(authority.ownMember?.user == "alice")
        #expect(authority.clients == [client])
        let again = try UserPasswordCommand.parse(["alice", "--password-stdin"])
        let old = await #expect(throws: ErrorDocument.self) {
            try await again.run(in: self.desk(TestCluster.password, "another one").context, daemon)
        }
        #expect(old?.code == "wrong-password")
        _ = try await again.run(in: self.desk("new password", "another one").context, daemon)
        #expect(daemon.authority.ownMember?.user == "alice")
    }

    @Test(arguments: [
        (["client", "add", "a\u{1B}b", "--out", "f"], "the client: expected"),
        (["client", "add", "", "--out", "f"], "the client: expected"),
        (["client", "add", "my monitor", "--out", "f"], "the client: expected"),
        (["login", "-r", "http://web1", "-u", ""], "a user name or an email address"),
        (["login", "-r", "http://web1", "-u", "alice", "--scopes", "root"], "publish, query"),
        (["user", "add", "b", "--email", "e", "--name", "n", "--scopes", ""], "publish, query"),
    ])
    func `What cannot be a name or a scope is bad usage, and says what can be`(
        arguments: [String], words: String
    ) async throws {
        try await withFolder { folder in
            let run = await run(arguments, home: folder)
            #expect(run.status == ExitStatus.usage)
            #expect(run.talk.contains(words), "\(run.talk)")
            let programs = await SitestackerCLITests.run(arguments + ["--json"], home: folder)
            #expect(programs.talk.hasPrefix(#"{"code":"usage","exitStatus":64"#))
        }
    }

    @Test(arguments: [("alive", false), ("dead", true), ("never heard", true)])
    func `Members that may know more of the old key are named when they are silent`(
        state: String, isNamed: Bool
    ) async throws {
        daemon.state.withLock { $0.hearing = state }
        let desk = desk(TestCluster.password, "new password")
        let command = try UserPasswordCommand.parse(["alice", "--password-stdin"])
        #expect(try await command.run(in: desk.context, daemon) == 0)
        #expect(desk.talk.text.contains("http://web1 is \(state)") == isNamed)
        #expect(desk.talk.text.contains("do it again afterwards") == isNamed)
        let programs = self.desk("new password", "newer password", json: true)
        _ = try await command.run(in: programs.context, daemon)
        #expect(
            programs.output.text.contains(#""silent":["http://web1"]"#) == isNamed,
            "what programs read names them as well")
    }

    @Test func `Silent members are named before anybody is asked for a password`() async throws {
        daemon.state.withLock { $0.hearing = "dead" }
        let desk = Desk(answers: [])
        let command = try UserPasswordCommand.parse(["alice"])
        let error = await #expect(throws: ErrorDocument.self) {
            try await command.run(in: desk.context, daemon)
        }
        #expect(error?.message.contains("asked once too often") == true)
        #expect(desk.talk.text.contains("http://web1 is dead"))
        #expect(daemon.state.withLock { $0.submissions } == 0)
    }

    @Test func `An administrator gives a lost password anew`() async throws {
        try await addBob()
        let desk = desk(TestCluster.password, "found password")
        let command = try UserPasswordCommand.parse(["bob", "--as", "alice", "--password-stdin"])
        _ = try await command.run(in: desk.context, daemon)
        let bob = try #require(try await daemon.accounts().accounts.first { $0.user.name == "bob" })
        _ = try unsealedKey(of: bob, password: secret("found password"), in: cluster.pin)
        #expect(desk.talk.text.contains("user pin bob"))
    }

    @Test func `Who is removed has no account and no grant any more`() async throws {
        try await addBob()
        let command = try UserRemoveCommand.parse(["bob", "--yes", "--password-stdin"])
        _ = try await command.run(in: desk(TestCluster.password).context, daemon)
        #expect(daemon.authority.account(named: "bob") == nil)
        #expect(daemon.authority.account(named: "alice") != nil)
        try await addBob()
        #expect(daemon.authority.account(named: "bob")?.account.serial == 3)
    }

    @Test func `Nobody removes himself, and nobody without admin removes others`() async throws {
        try await addBob()
        let himself = try UserRemoveCommand.parse(["alice", "--yes", "--password-stdin"])
        let first = await #expect(throws: ErrorDocument.self) {
            try await himself.run(in: desk(TestCluster.password).context, daemon)
        }
        #expect(first?.code == "own-account")
        let other = try UserRemoveCommand.parse(
            ["alice", "--as", "bob", "--yes", "--password-stdin"])
        let second = await #expect(throws: ErrorDocument.self) {
            try await other.run(in: desk("bobs password").context, daemon)
        }
        #expect(second?.code == "not-an-administrator")
        #expect(daemon.authority.account(named: "alice") != nil)
    }

    @Test func `What is irrevocable asks first, and only yes is yes`() async throws {
        let command = try LogoutCommand.parse(["--local"])
        let silent = await #expect(throws: ErrorDocument.self) {
            try await command.run(in: Desk().context, daemon)
        }
        #expect(silent?.exitStatus == ExitStatus.usage)
        let no = await #expect(throws: ErrorDocument.self) {
            try await command.run(in: Desk(answers: ["y"]).context, daemon)
        }
        #expect(no?.code == "not-confirmed")
        #expect(daemon.authority.ownMember != nil)
        #expect(try await command.run(in: Desk(answers: ["yes"]).context, daemon) == 0)
        #expect(daemon.authority.ownMember == nil)
    }

    @Test func `A logout ends the node's grants, with the password of its user`() async throws {
        let command = try LogoutCommand.parse(["--yes", "--password-stdin"])
        let wrong = await #expect(throws: ErrorDocument.self) {
            try await command.run(in: desk("wrong horse").context, daemon)
        }
        #expect(wrong?.code == "wrong-password")
        #expect(daemon.authority.ownMember != nil)
        let before = daemon.authority
        _ = try await command.run(in: desk(TestCluster.password).context, daemon)
        let ended = try #require(daemon.ended)
        #expect(ended.members.isEmpty)
        #expect(before.ownGrant.map { ended.standing(of: $0) } == .ineffective)
    }

    @Test(arguments: ["http://web1", "whole", "short"])
    func `A node is removed by URL or ID, and is no member any more`(form: String) async throws {
        let id = cluster.node.node.description
        let name = form == "whole" ? id : form == "short" ? String(id.prefix(8)) : form
        let command = try NodeRemoveCommand.parse([name, "--yes", "--password-stdin"])
        _ = try await command.run(in: desk(TestCluster.password).context, daemon)
        #expect(daemon.authority.members.isEmpty)
    }

    @Test(arguments: [true, false])
    func `A logout names the other users whose grants keep the node a member`(
        isLeft: Bool
    ) async throws {
        let bob = try SigningKey()
        let account = Account(
            name: "bob", email: "bob@example.com", fullName: "Bob", key: bob.user, scopes: .query,
            serial: 1, credential: nil)
        let grant = Grant(
            user: bob.user, nodeKey: cluster.node.nodeKey, node: cluster.node.node,
            curveKey: cluster.node.curveKey, scopes: .query, notBefore: WallTime(milliseconds: 0),
            notAfter: WallTime(milliseconds: 2_000_000_000_000), serial: 1)
        let sealer = RecordSealer(cluster: cluster.pin.cluster)
        let records = [
            try sealer.seal(.account(account), with: cluster.key),
            try sealer.seal(.grant(grant), with: bob),
        ]
        daemon.state.withLock {
            $0.joinedAs = "alice"
            if isLeft { $0.records += records }
        }
        let desk = desk(TestCluster.password)
        let command = try LogoutCommand.parse(["--yes", "--password-stdin"])
        _ = try await command.run(in: desk.context, daemon)
        #expect(desk.talk.text.contains("Grants of bob for this server remain") == isLeft)
    }

    @Test(arguments: [(3, 0), (9, 0), (10, ExitStatus.tryLater)])
    func `What was published meanwhile is covered by another try, some times`(
        overtakes: Int, status: Int32
    ) async throws {
        daemon.state.withLock { $0.overtakes = overtakes }
        let command = try LogoutCommand.parse(["--yes", "--password-stdin"])
        do {
            #expect(try await command.run(in: desk(TestCluster.password).context, daemon) == status)
            #expect(daemon.ended?.members.isEmpty == true)
        } catch {
            #expect(errorDocument(for: error)?.exitStatus == status)
            #expect(daemon.authority.ownMember != nil)
        }
    }

    @Test func `A node that nobody knows is not removed`() async throws {
        let command = try NodeRemoveCommand.parse(["00000000", "--yes", "--password-stdin"])
        let error = await #expect(throws: ErrorDocument.self) {
            try await command.run(in: desk(TestCluster.password).context, daemon)
        }
        #expect(error?.code == "unknown-node")
    }

    @Test func `A client's file is for its owner, and the cluster knows the key in it`()
        async throws
    {
        try await withFolder { folder in
            let path = "\(folder)/client.json"
            let command = try ClientAddCommand.parse(
                ["monitor", "--out", path, "--password-stdin"])
            let doors = TestDoors([:], hellos: ["web1": cluster.node])
            let door = Door(try SiteURL("http://web1"))
            let absent = Door(try SiteURL("http://web9"))
            let desk = desk(TestCluster.password)
            let status = try await command.run(
                in: desk.context, daemon, doors, doors: [door, absent])
            #expect(status == 0)
            let key = try #require(daemon.authority.clients.first?.curveKey)
            let text = try #require(try contents(path))
            #expect(text.contains(key.description))
            #expect(text.contains("tcp://192.0.2.1:5571"))
            #expect(text.contains(cluster.pin.root.description))
            #expect(text.contains(#""door" : "http://web1:5570""#))
            #expect(desk.talk.text.contains("http://web9 is not in the file"))
            #expect(desk.output.text.contains("secret") == false)
            #expect(try mode(path) == 0o600)
            let error = await #expect(throws: ErrorDocument.self) {
                try await command.run(
                    in: self.desk(TestCluster.password).context, daemon, doors, doors: [door])
            }
            #expect(error?.code == "output-failed")
            #expect(try contents(path) == text)
        }
    }

    @Test func `A client whose key is not admitted leaves no file`() async throws {
        try await withFolder { folder in
            let path = "\(folder)/client.json"
            let command = try ClientAddCommand.parse(
                ["monitor", "--out", path, "--password-stdin"])
            let doors = TestDoors([:], hellos: ["web1": cluster.node])
            let door = Door(try SiteURL("http://web1"))
            let wrong = await #expect(throws: ErrorDocument.self) {
                try await command.run(
                    in: desk("wrong horse").context, daemon, doors, doors: [door])
            }
            #expect(wrong?.code == "wrong-password")
            let alone = await #expect(throws: ErrorDocument.self) {
                try await command.run(
                    in: desk(TestCluster.password).context, daemon, doors, doors: [])
            }
            #expect(alone?.exitStatus == ExitStatus.incomplete)
            #expect(try contents(path) == nil)
        }
    }

    @Test func `Pins and replays reach the daemon`() async throws {
        _ = try await UserPinCommand.parse(["alice"]).run(in: Desk().context, daemon)
        _ = try await ReplayCommand.parse(["--user", "alice@example.com"])
            .run(in: Desk().context, daemon)
        let state = daemon.state.withLock { $0 }
        #expect(state.pins.map(\.key) == [cluster.key.user.description])
        #expect(state.replays == ["alice"])
    }

    @Test func `The list of users shows no credential`() async throws {
        let desk = Desk(json: true)
        _ = try await UserListCommand.parse(["--json"]).run(in: desk.context, daemon)
        #expect(desk.output.text.contains("alice@example.com"))
        #expect(desk.output.text.contains("credential") == false)
    }
}
