// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import ServerTesting
import Testing

extension BlackBox {
    @Suite("Several installations in one daemon")
    struct InstallationTests {}
}

extension BlackBox.InstallationTests {
    @Test("The Host header tells them apart, and 421 where it cannot", .timeLimit(.minutes(2)))
    func hosts() async throws {
        try await Cluster.new { cluster in
            let (shop, blog) = (cluster[1], cluster[2])
            let blogURL = "http://localhost#\(Server.door)"
            try shop.configure(urls: [shop.url])
            try blog.configure(urls: [blogURL], "bind: 127.0.0.1\ncaches: []\n")
            try shop.write("alice\n", to: shop.usersFile)
            for site in [shop.site, blog.site] {
                let outcome = try await shop.command(
                    [
                        "init", "--user", "alice", "--email", "alice@example.com", "--name",
                        "Alice Admin", "--password-stdin",
                    ], site: site)
                #expect(outcome.status == 0, "\(outcome)")
            }
            let daemon = try shop.launch([blog.site])
            for site in [shop.site, blog.site] {
                try await eventually("\(site) to be ready: \(daemon.errors)") {
                    try await shop.command(["status"], site: site).status == 0
                }
            }
            let first = try await shop.command(["publish", "order.paid", "1"], site: shop.site)
            #expect(first.status == 0, "\(first)")
            let others = try await shop.command(["events", "--json"], site: blog.site)
            #expect(!others.text.contains(first.text), "each has its own log")
            let unnamed = try await shop.command(["status", "--json"], site: "/nonexistent")
            #expect(unnamed.status == 78)
            for (host, status) in [
                ("127.0.0.1", "200"), ("localhost", "200"), ("LOCALHOST:\(Server.door)", "200"),
                ("elsewhere", "421"), ("", "4"),
            ] {
                let answer = try await visit("127.0.0.1", Server.door, "/ready", host: host)
                #expect(answer.hasPrefix("HTTP/1.1 \(status)"), "\(host): \(answer)")
            }
            for (urls, isKnown) in [([blogURL, "http://elsewhere"], true), ([blogURL], false)] {
                try blog.configure(urls: urls, "bind: 127.0.0.1\ncaches: []\n")
                try await eventually("the new list to count at the door: \(daemon.errors)") {
                    let answer = try await visit(
                        "127.0.0.1", Server.door, "/ready", host: "elsewhere")
                    return answer.hasPrefix("HTTP/1.1 421") != isKnown
                }
            }
        }
    }

    @Test(
        "Served alone, together, or in another order: none takes the ports of another",
        .timeLimit(.minutes(2)))
    func order() async throws {
        try await Cluster.new { cluster in
            let (shop, blog) = (cluster[1], cluster[2])
            try shop.configure(urls: [shop.url])
            try blog.configure(
                urls: ["http://localhost#\(Server.door)"], "bind: 127.0.0.1\ncaches: []\n")
            for sites in [[blog.site], [shop.site, blog.site], [blog.site, shop.site]] {
                let daemon = try shop.serve(sites)
                try await eventually("\(sites.count) to be served: \(daemon.errors)") {
                    guard daemon.isRunning else { throw Overdue(description: daemon.errors) }
                    return daemon.errors.contains("the door is at 127.0.0.1 port")
                }
                try await daemon.stop()
            }
        }
    }
}

extension Server {
    /// Starts a daemon for these sites, with this server's state directory.
    fileprivate func serve(_ sites: [String]) throws -> RunningProcess {
        try RunningProcess(
            Program.path, ["daemon"] + sites, environment: ["SITESTACKER_HOME": home],
            directory: root)
    }

    /// Runs a command on any site of this server's daemon.
    func command(_ words: [String], site: String) async throws -> Outcome {
        try await RunningProcess(
            Program.path, words + ["--site", site], environment: ["SITESTACKER_HOME": home],
            directory: root, input: Array("\(Cluster.password)\n".utf8)
        ).end()
    }
}
