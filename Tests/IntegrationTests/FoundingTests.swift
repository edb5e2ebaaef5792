// SPDX-License-Identifier: Apache-2.0
import Foundation
import ServerTesting
import Testing

extension BlackBox {
    @Suite("Founding a cluster, and logging in")
    struct FoundingTests {}
}

extension BlackBox.FoundingTests {
    @Test("A cluster is founded, two servers log in, and all is clean", .timeLimit(.minutes(3)))
    func founding() async throws {
        try await Cluster.new { cluster in
            try await cluster.found()
            for server in cluster.servers {
                let status = try await server.status()
                #expect(status.own.isReady == true)
                #expect(status.servers.count == 2)
                #expect(status.problems.isEmpty)
                let who = try await server.done("login", "-r", server.url)
                #expect(who.text == "Logged in as Alice Admin (alice, alice@example.com).")
            }
            let other = try await cluster[3].done("login", "-r", cluster[1].url)
            #expect(other.text == "Logged in as Alice Admin (alice, alice@example.com).")
        }
    }

    @Test("init keeps what exists, and makes no second cluster", .timeLimit(.minutes(1)))
    func foundingTwice() async throws {
        try await Cluster.new { cluster in
            let server = cluster[1]
            try server.configure(urls: [server.url])
            try server.write("bob\n", to: server.usersFile)
            let yml = FileManager.default.contents(atPath: server.configuration)
            try await server.found()
            #expect(FileManager.default.contents(atPath: server.configuration) == yml)
            let users = FileManager.default.contents(atPath: server.usersFile)
            #expect(users.map { String(decoding: $0, as: UTF8.self) } == "bob\nalice\n")
            let before = try server.secrets()
            let second = try await server.run(
                "init", "--user", "eve", "--email", "eve@example.com", "--name", "Eve",
                "--password-stdin", "--json", input: "something else\n")
            #expect(second.status == 1)
            #expect(try second.failure().code == "cluster-exists")
            #expect(try server.secrets() == before)
        }
    }

    @Test("Who cannot prove the password changes nothing, and is counted", .timeLimit(.minutes(3)))
    func refusedLogins() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let stranger = Server(number: 4, root: "\(cluster[3].root)-new")
            try stranger.makeFolders()
            try stranger.configure(urls: [stranger.url, cluster[1].url])
            try stranger.write("alice\n", to: stranger.usersFile)
            try await stranger.start()
            let before = try stranger.secrets()
            let records = try await cluster[1].done("user", "list", "--json").text
            let counted = try await cluster[1].refusals()
            for (user, password) in [("alice", "wrong"), ("nobody", Cluster.password)] {
                let outcome = try await stranger.run(
                    "login", "-r", stranger.url, "-u", user, "--password-stdin", "--json",
                    input: password + "\n")
                #expect(outcome.status == 77, "\(outcome)")
                #expect(try outcome.failure().message.contains("no account with this name"))
                #expect(outcome.output.isEmpty)
            }
            #expect(try stranger.secrets() == before)
            #expect(try await cluster[1].done("user", "list", "--json").text == records)
            #expect(try await cluster[1].refusals() != counted, "nothing was counted")
            for user in ["alice", "nobody"] {
                #expect(
                    try cluster[1].audit().contains {
                        $0.contains("\"event\":\"login\"") && $0.contains("\"user\":\"\(user)\"")
                            && $0.contains("\"outcome\":\"refused\"")
                    }, "the login as \(user) was not audited")
            }
            #expect(try await stranger.run("status").status == 77)
            try await stranger.stop()
        }
    }

    @Test("A server that is not logged in says so to everything", .timeLimit(.minutes(1)))
    func notLoggedIn() async throws {
        try await Cluster.new { cluster in
            let server = cluster[1]
            try server.configure(urls: cluster.urls)
            try await server.start()
            let commands = [
                ["status"], ["publish", "order.paid", "{}"], ["invalidate"],
                ["login", "-r", server.url],
                ["node", "list"], ["user", "list"],
            ]
            for command in commands {
                let outcome = try await server.begin(command).end()
                #expect(outcome.status == 77, "\(command): \(outcome)")
            }
            let status = try await server.run("status")
            #expect(status.text.contains("Node: not logged in"))
            let ready = try await visit("127.0.0.1", Server.door, "/ready")
            #expect(ready.hasPrefix("HTTP/1.1 503"))
        }
    }

    @Test("A URL of something else is named, and gives no login", .timeLimit(.minutes(2)))
    func wrongServers() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let web = try await SmallWebServer(directory: cluster[2].root)
            let stranger = Server(number: 4, root: "\(cluster[3].root)-new")
            try stranger.makeFolders()
            try stranger.configure(
                urls: [stranger.url, "http://127.0.0.1#\(web.port)", "http://127.0.0.9"])
            try await stranger.start()
            let outcome = try await stranger.run(
                "login", "-r", stranger.url, "-u", "alice", "--password-stdin", "--json",
                input: Cluster.password + "\n")
            #expect(outcome.status != 0)
            let failure = try outcome.failure()
            #expect(failure.message.contains("found something else"))
            #expect(failure.message.contains("127.0.0.1#\(web.port)"))
            #expect(!(failure.message + outcome.errors).contains(Cluster.password))
            #expect(try await !web.requests().contains { $0.contains(Cluster.password) })
            #expect(try await stranger.run("status").status == 77)
            try await stranger.stop()
            try await web.stop()
        }
    }

    @Test("A server of one cluster cannot be logged in to another", .timeLimit(.minutes(2)))
    func otherCluster() async throws {
        try await Cluster.founded(running: [2]) { cluster in
            let other = Server(number: 4, root: "\(cluster[3].root)-other")
            try other.makeFolders()
            try other.configure(urls: [other.url])
            try await other.found()
            try await other.start()
            try cluster[2].configure(urls: [cluster[2].url, other.url])
            let before = try cluster[2].secrets()
            let outcome = try await cluster[2].run(
                "login", "-r", cluster[2].url, "-u", "alice", "--password-stdin", "--json",
                input: "of no account\n")
            #expect(outcome.status == 77, "\(outcome)")
            #expect(try outcome.failure().message.contains("cluster"))
            #expect(try cluster[2].secrets() == before)
            try await other.stop()
        }
    }
}

extension Server {
    /// The lines of the audit trail.
    func audit() throws -> [String] {
        try String(contentsOfFile: "\(home)/audit.log", encoding: .utf8).split(separator: "\n")
            .map(String.init)
    }

    /// What identity and cluster are made of: every file of the state but the logs and the socket.
    func secrets() throws -> [String: Foundation.Data] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: home)
        let living = ["audit.log", "audit.log.1"]
        return names.filter {
            !$0.contains("events.") && !$0.hasSuffix(".sock") && !living.contains($0)
        }.reduce(into: [:]) {
            $0[$1] = FileManager.default.contents(atPath: "\(home)/\($1)")
        }
    }

    /// What this server has refused since its start, by reason.
    func refusals() async throws -> [String: UInt64] {
        try await status().own.events?.refused ?? [:]
    }
}

extension Outcome {
    /// The one object that an error is with `--json`.
    func failure() throws -> ErrorReport {
        let lines = errors.split(separator: "\n").filter { $0.hasPrefix("{") }
        guard lines.count == 1, let line = lines.first else {
            throw Overdue(description: "expected one error object, found: \(errors)")
        }
        return try JSONDecoder().decode(ErrorReport.self, from: Foundation.Data(line.utf8))
    }
}
