// SPDX-License-Identifier: Apache-2.0
import Foundation
import ServerTesting
import Testing

extension BlackBox {
    @Suite("Reactions to events: commands and addresses")
    struct ReactionTests {}
}

extension BlackBox.ReactionTests {
    @Test("A command gets payload, ID and topic, on every server", .timeLimit(.minutes(2)))
    func commands() async throws {
        try await Cluster.founded { cluster in
            for server in cluster.servers {
                try server.install(
                    "note",
                    "cat > \"$1/$SITESTACKER_EVENT_ID\"; "
                        + "echo \"$SITESTACKER_TOPIC\" > \"$1/topic\"")
                try server.addReactions(
                    "  - on: \"order.*\"\n    run: [\"bin/note\", \"\(server.root)/scratch\"]\n")
            }
            try await cluster.tookConfiguration()
            let payload = "{\"name\": \"Zoë; $(rm -rf /)\"}\n"
            let id = try await cluster[2].publish("order.paid", payload, confirm: "all")
            let other = try await cluster[2].publish("invoice.paid", "{}", confirm: "all")
            for server in cluster.servers {
                let text = try await server.content(of: "scratch/\(id)")
                #expect(text == payload)
                #expect(try await server.content(of: "scratch/topic") == "order.paid\n")
                try await eventually("server \(server.number) to have applied \(id)") {
                    try await cluster[1].outcome(of: id, on: server) == "applied"
                }
                #expect(!FileManager.default.fileExists(atPath: "\(server.root)/scratch/\(other)"))
            }
        }
    }

    @Test("An address gets payload and ID", .timeLimit(.minutes(2)))
    func posts() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let web = try await SmallWebServer(directory: cluster[2].root, status: 204)
            try cluster[1].addReactions(
                "  - on: order.paid\n    post: \"http://127.0.0.1:\(web.port)/hook\"\n")
            try await cluster[1].tookConfiguration()
            let id = try await cluster[1].publish("order.paid", "the payload", confirm: "local")
            let request = try await eventually("the request") {
                try await web.requests().first
            }
            #expect(request.contains("the payload"))
            #expect(request.lowercased().contains("sitestacker-event-id: \(id)"))
            try await eventually("the outcome") {
                try await cluster[1].outcome(of: id, on: cluster[1]) == "applied"
            }
            try await web.stop()
        }
    }

    @Test(
        "What fails is tried again, then parked and shown; others do not wait for it",
        .timeLimit(.minutes(3)))
    func failing() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let server = cluster[1]
            // It never reads its payload: writing that must not fail, nor wait.
            try server.install("fail", "echo x >> \"$1\"; echo 'no such order' >&2; exit 3")
            try server.install("hang", "echo $$ > \"$1\"; exec tail -f /dev/null")
            try server.install("note", "cat > \"$1/$SITESTACKER_EVENT_ID\"")
            try server.addReactions(
                """
                  - on: poison
                    run: ["bin/fail", "\(server.root)/scratch/tries"]
                  - on: slow
                    run: ["bin/hang", "\(server.root)/scratch/hangs"]
                    timeout: 30s
                  - on: quick
                    run: ["bin/note", "\(server.root)/scratch"]

                """)
            try await server.tookConfiguration()
            let poison = try await server.publish(
                "poison", String(repeating: "x", count: 100_000), confirm: "local")
            _ = try await server.publish("slow", "{}", confirm: "local")
            _ = try await server.content(of: "scratch/hangs")
            let quick = try await server.publish("quick", "fast", confirm: "local")
            #expect(try await server.content(of: "scratch/\(quick)") == "fast")
            let outcome = try await eventually("the poison to be parked") {
                let outcomes = try await server.event(poison)?.outcomes ?? []
                return outcomes.first { $0.outcome == "parked" }
            }
            let reason = try #require(outcome.reason)
            #expect(reason.contains("bin/fail"))
            #expect(reason.contains("no such order"))
            let tries = try await server.content(of: "scratch/tries")
            #expect(tries == String(repeating: "x\n", count: 6))
            let status = try await server.status()
            #expect(status.own.events?.parked == 1)
        }
    }

    @Test(
        "A command that talks without end, or is not there, harms nobody", .timeLimit(.minutes(2)))
    func odd() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let server = cluster[1]
            try server.install("talk", "cat /dev/zero >&2")
            try server.install("note", "cat > \"$1/$SITESTACKER_EVENT_ID\"")
            try server.addReactions(
                """
                  - on: talk
                    run: ["bin/talk"]
                    timeout: 2s
                  - on: missing
                    run: ["bin/missing"]
                  - on: quick
                    run: ["bin/note", "\(server.root)/scratch"]

                """)
            try await server.tookConfiguration()
            for topic in ["talk", "missing"] {
                let id = try await server.publish(topic, "{}", confirm: "local")
                try await eventually("\(topic) to fail") {
                    let outcome = try await server.outcome(of: id, on: server)
                    return outcome == "failed" || outcome == "parked"
                }
            }
            let quick = try await server.publish("quick", "fast", confirm: "local")
            #expect(try await server.content(of: "scratch/\(quick)") == "fast")
            #expect(server.daemon?.isRunning == true)
        }
    }

    @Test("Edited reactions hold without a restart, with their programs", .timeLimit(.minutes(2)))
    func edited() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let server = cluster[1]
            try server.install("first", "cat > \"$1/first\"")
            try server.install("second", "cat > \"$1/second\"")
            try server.addReactions(
                "  - on: order.paid\n    run: [\"bin/first\", \"\(server.root)/scratch\"]\n")
            try await server.tookConfiguration()
            _ = try await server.publish("order.paid", "1", confirm: "local")
            #expect(try await server.content(of: "scratch/first") == "1")
            try server.addReactions(
                "  - on: order.sent\n    run: [\"bin/second\", \"\(server.root)/scratch\"]\n"
                    + "  - on: order.paid\n    run: [\"bin/first\", \"\(server.root)/scratch\"]\n")
            try await server.tookConfiguration(2)
            _ = try await server.publish("order.sent", "2", confirm: "local")
            #expect(try await server.content(of: "scratch/second") == "2")
            #expect(try await server.content(of: "scratch/first") == "1")
        }
    }
}

extension Server {
    /// Puts a shell script among the site's programs.
    func install(_ name: String, _ script: String) throws {
        try FileManager.default.createDirectory(
            atPath: "\(site)/bin", withIntermediateDirectories: true)
        try "#!/bin/sh\n\(script)\n".write(
            toFile: "\(site)/bin/\(name)", atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: "\(site)/bin/\(name)")
    }

    /// Writes the configuration anew, with these reactions.
    func addReactions(_ lines: String) throws {
        let urls = [1, 2, 3].map { "http://127.0.0.\($0)#\(Server.door)" }
        try configure(
            urls: [url] + urls.filter { $0 != url }, "caches: []\nhandlers:\n\(lines)")
    }

    /// Waits until the daemon says that it took in its configuration, as often as this.
    func tookConfiguration(_ times: Int = 1) async throws {
        try await eventually("server \(number) to take in its configuration: \(log)") {
            log.components(separatedBy: "took in \(configuration)").count > times
        }
    }

    /// A file below this server's root, once it is there and not empty.
    func content(of name: String) async throws -> String {
        try await eventually("\(name) on server \(number)") {
            guard let bytes = FileManager.default.contents(atPath: "\(root)/\(name)"),
                !bytes.isEmpty
            else { return nil }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// What came of an event on a server, as this one knows.
    func outcome(of id: String, on server: Server) async throws -> String? {
        try await event(id)?.outcomes?.first { $0.node == server.url }?.outcome
    }
}

extension Cluster {
    /// Waits until every server took in its configuration.
    func tookConfiguration() async throws {
        for server in servers { try await server.tookConfiguration() }
    }
}
