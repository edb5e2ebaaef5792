// SPDX-License-Identifier: Apache-2.0
import Foundation
import ServerTesting
import Testing

extension BlackBox {
    @Suite("The list of URLs, and who is who")
    struct ListTests {}
}

extension BlackBox.ListTests {
    @Test("The same list on every server works as well", .timeLimit(.minutes(3)))
    func sameList() async throws {
        try await Cluster.founded(running: []) { cluster in
            for server in cluster.servers {
                try server.configure(
                    urls: cluster.urls, "bind: 127.0.0.\(server.number)\ncaches: []\n")
                try server.launch()
            }
            for server in cluster.servers { try await server.becomeReady() }
            for server in cluster.servers {
                let status = try await server.status()
                #expect(status.own.url == server.url)
                #expect(
                    status.servers.map(\.url) == cluster.urls.filter { $0 != server.url })
            }
            let id = try await cluster[3].publish("order.paid", "{}", confirm: "all")
            try await cluster.agree(on: [id])
        }
    }

    @Test("A list without this server is an error that names its URLs", .timeLimit(.minutes(1)))
    func withoutItself() async throws {
        try await Cluster.new { cluster in
            let server = cluster[1]
            try server.configure(urls: ["http://203.0.113.1", "http://203.0.113.2"])
            let outcome = try await server.launch().end()
            #expect(outcome.status == 78, "\(outcome)")
            #expect(outcome.errors.contains("http://203.0.113.1"))
            #expect(outcome.errors.contains("http://203.0.113.2"))
        }
    }

    @Test("A list of others at a bound address is complained of", .timeLimit(.minutes(2)))
    func boundElsewhere() async throws {
        try await Cluster.founded(running: [2, 3]) { cluster in
            try cluster[1].configure(
                urls: [cluster[2].url, cluster[3].url],
                "bind: 127.0.0.1\nport: \(Server.door)\ncaches: []\n")
            try cluster[1].launch()
            try await eventually("server 1 to miss itself") {
                let outcome = try await cluster[1].run("status", "--json")
                guard outcome.status != 69 else { return false }
                let status = try outcome.document(StatusReport.self)
                return status.problems.contains {
                    $0.contains(cluster[2].url) && $0.contains(cluster[3].url)
                }
            }
            #expect(try await cluster[1].run("status").status != 0)
        }
    }

    @Test(
        "A name of several addresses is this server's where one of them is",
        .timeLimit(.minutes(2)),
        .enabled(
            if: try MountNamespace.isAllowed(),
            "a hosts file of its own takes a mount namespace"))
    func severalAddresses() async throws {
        try await Cluster.founded(running: [2]) { cluster in
            let (server, peer) = (cluster[1], cluster[2])
            let url = server.url.replacingOccurrences(of: "127.0.0.1", with: "several.test")
            try server.configure(urls: [url, peer.url])
            let hosts = "\(server.root)/hosts"
            try server.write("203.0.113.7 several.test\n127.0.0.1 several.test\n", to: hosts)
            // In a mount namespace of its own, which goes with it.
            try server.launch(
                through: [
                    "/usr/bin/unshare", "--mount", "/bin/sh", "-c",
                    "mount --bind \(hosts) /etc/hosts && exec \"$@\"", "sh",
                ])
            try await server.becomeReady()
            #expect(try await server.status().own.url == url)
            let id = try await server.publish("order.paid", "{}", confirm: "one")
            try await eventually("the event on server 2") { try await peer.event(id) != nil }
        }
    }

    @Test("Two URLs of one door are an error", .timeLimit(.minutes(1)))
    func twice() async throws {
        try await Cluster.new { cluster in
            let server = cluster[1]
            try server.configure(
                urls: [server.url, "http://127.0.0.1:8080#\(Server.door)"])
            let outcome = try await server.launch().end()
            #expect(outcome.status == 78, "\(outcome)")
            #expect(outcome.errors.contains("sitestacker.yml:3"))
            #expect(try await server.run("config", "check").status == 78)
        }
    }

    @Test("Two names of one node are complained of", .timeLimit(.minutes(2)))
    func twoNames() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let alias = "http://localhost#\(Server.door)"
            try cluster[1].configure(urls: [cluster[1].url, alias])
            try await eventually("server 1 to find itself twice") {
                try await cluster[1].status().problems.contains { $0.contains("localhost") }
            }
            #expect(try await cluster[1].run("status").status != 0)
        }
    }

    @Test("A cloned machine is said loudly, and signs nothing", .timeLimit(.minutes(2)))
    func clone() async throws {
        try await Cluster.founded { cluster in
            let copy = try await cluster.startCopyOfThird()
            try await eventually("the copy to be refused its voice") {
                let outcome = try await copy.run(
                    "publish", "order.paid", "{}", "--confirm", "local", "--timeout", "1s")
                return outcome.status == 77 && outcome.errors.contains("cloned")
            }
            try await eventually("server 1 to name both") {
                let status = try await cluster[1].run("status")
                return status.status != 0 && status.text.contains(copy.url)
                    && status.text.contains("clone")
            }
            try await copy.stop()
        }
    }
}

/// The namespaces in which a process sees files that no other sees.
private enum MountNamespace {
    /// Whether the kernel lets these tests have one: not every container and not every user.
    ///
    /// - Throws: As `ServerProcess.run` does where `unshare` cannot be run at all.
    static func isAllowed() throws -> Bool {
        do {
            try ServerProcess.run(
                "/usr/bin/unshare", ["--mount", "/bin/true"], output: "/dev/null")
            return true
        } catch is FailedProgram {
            return false
        }
    }
}
