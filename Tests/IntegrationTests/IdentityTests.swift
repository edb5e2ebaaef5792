// SPDX-License-Identifier: Apache-2.0
import Foundation
import ServerTesting
import Testing

extension BlackBox {
    @Suite("Users, grants and members")
    struct IdentityTests {}
}

extension BlackBox.IdentityTests {
    @Test("A user is added, logs a server in, and acts where he is listed", .timeLimit(.minutes(3)))
    func secondUser() async throws {
        try await Cluster.founded { cluster in
            try await cluster[1].addBob()
            try await cluster[3].done(
                "logout", "--yes", "--password-stdin", input: Cluster.password + "\n")
            try await eventually("server 1 to see server 3 leave") {
                try await cluster[1].done("node", "list").text.contains("not logged in")
            }
            #expect(try await cluster[3].run("status").status == 77)
            let before = try await cluster[1].applicationEvents().count
            #expect(try await cluster[3].run("publish", "order.fake", "{}").status == 77)
            try await eventually("server 1 to miss server 3") {
                try await cluster[1].run("status").status == 3
            }
            try await cluster[3].logIn(as: "bob", password: "bob's own password")
            let who = try await cluster[3].done("login", "-r", cluster[3].url)
            #expect(who.text == "Logged in as Bob (bob, bob@example.com).")
            let id = try await cluster[3].publish("order.fake", "{}", confirm: "one")
            try await eventually("server 1 to refuse the event of bob") {
                try await cluster[3].outcome(of: id, on: cluster[1]) == "refused"
            }
            #expect(try await cluster[1].applicationEvents().count == before + 1)
            #expect(try await cluster[1].event(id)?.disposition == "withheld")
        }
    }

    @Test(
        "The password is changed by who knows it, and the old one is void", .timeLimit(.minutes(3)))
    func password() async throws {
        try await Cluster.founded { cluster in
            let oldKey = try await cluster[1].keyOfAlice()
            let new = "another battery, another staple"
            let wrong = try await cluster[1].run(
                "user", "passwd", "alice", "--password-stdin", "--json",
                input: "not it\n\(new)\n")
            #expect(wrong.status == 77, "\(wrong)")
            #expect(try wrong.failure().code == "wrong-password")
            #expect(try await cluster[1].keyOfAlice() == oldKey)
            try await cluster[1].done(
                "user", "passwd", "alice", "--password-stdin",
                input: "\(Cluster.password)\n\(new)\n")
            for server in cluster.servers {
                try await eventually("server \(server.number) to know the new key") {
                    try await server.keyOfAlice() != oldKey
                }
            }
            let old = try await cluster[2].run(
                "login", "-r", cluster[2].url, "-u", "alice", "--password-stdin",
                input: Cluster.password + "\n")
            #expect(old.status == 77, "\(old)")
            try await cluster[2].logIn(password: new)
        }
    }

    @Test("A removed node is no member any more, and nobody hears it", .timeLimit(.minutes(3)))
    func removal() async throws {
        try await Cluster.founded { cluster in
            let outcome = try await cluster[1].run(
                "node", "remove", cluster[3].url, "--yes", "--password-stdin",
                input: Cluster.password + "\n")
            #expect(outcome.status == 0, "\(outcome)")
            let publication = try await cluster[1].run(
                "publish", "order.paid", "{}", "--confirm", "all", "--timeout", "20s")
            // The list still names it, so `all` is not reached; both members have the event.
            #expect(publication.status == 3, "\(publication)")
            #expect(publication.errors.contains(cluster[3].url))
            #expect(!publication.errors.contains(cluster[2].url))
            let removed = try await cluster[3].run(
                "publish", "order.fake", "{}", "--confirm", "one", "--timeout", "2s")
            #expect(removed.status != 0, "\(removed)")
            try await cluster[2].done("publish", "order.paid", "{}", "--confirm", "one")
            for server in [cluster[1], cluster[2]] {
                #expect(
                    try await !server.applicationEvents().contains {
                        $0.summary.contains("order.fake")
                    })
                #expect(try await server.run("status").status != 0, "the list still names it")
            }
        }
    }

    @Test("A client's key is made once, for its owner alone", .timeLimit(.minutes(2)))
    func client() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let file = "\(cluster[1].root)/monitor.json"
            let command = [
                "client", "add", "monitor", "--scope", "query", "--out", file,
                "--password-stdin",
            ]
            let input = Array("\(Cluster.password)\n".utf8)
            let outcome = try await cluster[1].begin(command, input: input).end()
            #expect(outcome.status == 0, "\(outcome)")
            let attributes = try FileManager.default.attributesOfItem(atPath: file)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            let bytes = FileManager.default.contents(atPath: file)
            let again = try await cluster[1].begin(command, input: input).end()
            #expect(again.status != 0)
            #expect(FileManager.default.contents(atPath: file) == bytes)
        }
    }
}

private struct UserList: Decodable {
    struct User: Decodable {
        var name: String
        var key: String
    }

    var users: [User]
}

extension Server {
    /// The public key of the first user's account, as this server knows it.
    func keyOfAlice() async throws -> String? {
        try await done("user", "list", "--json").document(UserList.self)
            .users.first { $0.name == "alice" }?.key
    }

    /// Adds a user whom no users file names.
    func addBob() async throws {
        try await done(
            "user", "add", "bob", "--email", "bob@example.com", "--name", "Bob",
            "--password-stdin", input: "\(Cluster.password)\nbob's own password\n")
    }
}
