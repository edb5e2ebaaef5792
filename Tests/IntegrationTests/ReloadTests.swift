// SPDX-License-Identifier: Apache-2.0
import Foundation
import ServerTesting
import Testing

extension BlackBox {
    @Suite("Files that are edited while the daemon runs")
    struct ReloadTests {}
}

extension BlackBox.ReloadTests {
    @Test(
        "Unlisted users are refused; listed again, state follows, and events only on replay",
        .timeLimit(.minutes(2)))
    func users() async throws {
        try await Cluster.founded { cluster in
            let server = cluster[2]
            try server.install("note", "cat > \"$1/$SITESTACKER_EVENT_ID\"")
            try server.addReactions(
                "  - on: \"order.*\"\n    run: [\"bin/note\", \"\(server.root)/scratch\"]\n")
            try await server.tookConfiguration()
            try FileManager.default.removeItem(atPath: server.usersFile)
            try await server.tookUsers()
            let refused = try await cluster[1].publish("order.paid", "first", confirm: "all")
            try await eventually("server 2 to refuse the event") {
                try await cluster[1].outcome(of: refused, on: server) == "refused"
            }
            #expect(try await server.event(refused)?.disposition == "withheld")
            #expect(try await cluster[1].outcome(of: refused, on: cluster[3]) == "applied")
            let cleared = try await cluster[1].run("invalidate", "--timeout", "20s")
            #expect(cleared.status == 1, "\(cleared)")
            #expect(cleared.text.contains("\(server.url)  refused"))

            try server.write("alice\n", to: server.usersFile)
            try await server.tookUsers(2)
            let next = try await cluster[1].publish("order.paid", "second", confirm: "all")
            #expect(try await server.content(of: "scratch/\(next)") == "second")
            let old = "\(server.root)/scratch/\(refused)"
            #expect(!FileManager.default.fileExists(atPath: old), "only on replay")
            try await server.done("replay", "--user", "alice")
            #expect(try await server.content(of: "scratch/\(refused)") == "first")
            try await eventually("the outcome of the replay") {
                try await cluster[1].outcome(of: refused, on: server) == "applied"
            }
        }
    }

    @Test(
        "A users file that cannot be used leaves the old one in force", .timeLimit(.minutes(2)),
        arguments: [
            ("alice\nbob everything\n", "users:2"), ("", "at least one user, as before"),
            ("# alice\n", "remove the file if nobody may act"),
        ])
    func badUsers(text: String, words: String) async throws {
        try await Cluster.founded(running: [1, 2]) { cluster in
            try cluster[2].write(text, to: cluster[2].usersFile)
            try await eventually("server 2 to complain") {
                cluster[2].log.contains("the old users stay in force")
            }
            #expect(cluster[2].log.contains(words))
            let id = try await cluster[1].publish("order.paid", "{}", confirm: "one")
            try await eventually("the event to be applied") {
                try await cluster[1].outcome(of: id, on: cluster[2]) == "applied"
            }
        }
    }

    @Test(
        "A server that is added to the list belongs to it without a restart",
        .timeLimit(.minutes(3)))
    func addition() async throws {
        try await Cluster.new { cluster in
            let (first, second, third) = (cluster[1], cluster[2], cluster[3])
            try first.configure(urls: [first.url, second.url])
            try second.configure(urls: [second.url, first.url])
            try third.configure(urls: [third.url, first.url, second.url])
            for server in cluster.servers { try server.write("alice\n", to: server.usersFile) }
            try await first.found()
            for server in cluster.servers { try await server.start() }
            try await second.logIn()
            try await first.becomeReady()
            try await third.logIn()
            let others = try await first.status().servers.map(\.url)
            #expect(others == [second.url])
            try first.configure(urls: [first.url, second.url, third.url])
            try second.configure(urls: [second.url, first.url, third.url])
            for server in [first, second] { try await server.tookConfiguration() }
            for server in cluster.servers { try await server.becomeReady() }
            #expect(try await first.status().servers.map(\.url) == [second.url, third.url])
            let outcome = try await first.run("publish", "order.paid", "{}", "--confirm", "all")
            #expect(outcome.status == 0, "\(outcome)")
            try await cluster.agree(on: [outcome.text])
        }
    }

    @Test(
        "A configuration that cannot be used leaves the old one in force, and says so",
        .timeLimit(.minutes(2)))
    func badConfiguration() async throws {
        try await Cluster.founded(running: [1, 2]) { cluster in
            try cluster[1].configure(urls: [cluster[1].url], "databse: sqlite:x\n")
            try await eventually("server 1 to complain") {
                cluster[1].log.contains("the old configuration stays in force")
            }
            #expect(cluster[1].log.contains("databse"))
            #expect(try await cluster[1].status().servers.count == 2)
            let outcome = try await cluster[1].run("publish", "order.paid", "{}")
            #expect(outcome.status == 0, "\(outcome)")
            let check = try await cluster[1].run("config", "check")
            #expect(check.status == 78)
            #expect(check.errors.contains("sitestacker.yml:3:1"))
        }
    }
}

extension Server {
    /// Waits until the daemon says that it took in its users, as often as this.
    func tookUsers(_ times: Int = 1) async throws {
        try await eventually("server \(number) to take in its users: \(log)") {
            log.components(separatedBy: "took in \(usersFile)").count > times
        }
    }
}
