// SPDX-License-Identifier: Apache-2.0
import Foundation
import ServerTesting
import Testing

extension BlackBox {
    @Suite("Invalidating the caches of real PHP-FPMs", .enabled(if: RealPHP.isUsable))
    struct InvalidationTests {}
}

extension BlackBox.InvalidationTests {
    @Test("One command clears all three, with a receipt of each", .timeLimit(.minutes(2)))
    func all() async throws {
        try await withPHP { cluster, php in
            for one in php { try await one.warm() }
            let outcome = try await cluster[2].run("invalidate")
            #expect(outcome.status == 0, "\(outcome)")
            for server in cluster.servers {
                let lines = outcome.text.split(separator: "\n").filter {
                    $0.hasPrefix("\(server.url)  php-fpm ") && $0.contains("  cleared  ")
                }
                #expect(lines.count == 2, "opcode and user cache of \(server.url): \(outcome)")
            }
            for one in php { #expect(try await one.entry() == "gone") }
        }
    }

    @Test(
        "A PHP-FPM that is down: exit 1, and why; when it returns the receipt is complete",
        .timeLimit(.minutes(2)))
    func oneDown() async throws {
        try await withPHP { cluster, php in
            for one in php { try await one.warm() }
            try await php[2].stop()
            let outcome = try await cluster[1].run("invalidate", "--timeout", "20s")
            #expect(outcome.status == 1, "\(outcome)")
            let failed = outcome.text.split(separator: "\n").filter { $0.contains("FAILED") }
            #expect(!failed.isEmpty)
            #expect(failed.allSatisfy { $0.hasPrefix(cluster[3].url) })
            #expect(failed.allSatisfy { $0.contains(php[2].socket) })
            #expect(try await php[0].entry() == "gone")
            let id = try #require(
                try await cluster[1].done("events", "--json", "--limit", "1000")
                    .documents(EventReport.self).last { $0.kind == "invalidation" }?.id)
            #expect(try await cluster[2].outcome(of: id, on: cluster[3]) == "failed")
            try await php[2].start()
            try await eventually("a receipt of server 3 that is complete") {
                try await cluster[2].outcome(of: id, on: cluster[3]) == "applied"
            }
            #expect(try await cluster[3].outcome(of: id, on: cluster[3]) == "applied")
        }
    }

    @Test("A server that does not answer is named, with exit 3", .timeLimit(.minutes(2)))
    func silent() async throws {
        try await withPHP { cluster, php in
            cluster[3].freeze()
            try await php[0].warm()
            let outcome = try await cluster[1].run("invalidate", "--timeout", "3s", "--json")
            #expect(outcome.status == 3, "\(outcome)")
            #expect(outcome.text.contains("\"silent\":[\"\(cluster[3].url)\"]"))
            #expect(try await php[0].entry() == "gone")
            try await php[2].warm()
            cluster[3].resume()
            try await eventually("server 3 to clear its caches as well") {
                try await php[2].entry() == "gone"
            }
            let id = try #require(
                try outcome.documents(FirstLine.self).compactMap(\.id).first)
            let event = try await eventually("the receipt of server 3, which came late") {
                let event = try await cluster[1].event(id)
                // How far its log is applied may be known before its receipt, which has the steps.
                let isTold = event?.outcomes?.allSatisfy {
                    $0.outcome == "applied" && !$0.steps.isEmpty
                }
                return isTold == true ? event : nil
            }
            // Opcode and user cache of each server, with what was cleared.
            for server in cluster.servers {
                let steps = event.outcomes?.first { $0.node == server.url }?.steps ?? []
                #expect(steps.count == 2, "\(server.url): \(steps)")
                #expect(steps.allSatisfy { $0.failure == nil && $0.target.hasPrefix("php-fpm ") })
            }
        }
    }

    @Test("What cannot be named is a usage error, and nothing is published")
    func usage() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            for arguments in [
                ["--path", "/etc/passwd"], ["--path", "../x"], ["--url", "shop"],
                ["--tag", "a\nb"], ["--key", ""], ["--key", String(repeating: "k", count: 4097)],
            ] {
                let outcome = try await cluster[1].begin(["invalidate"] + arguments).end()
                #expect(outcome.status == 64, "\(arguments): \(outcome)")
            }
            let events = try await cluster[1].done("events", "--json")
                .documents(EventReport.self)
            #expect(!events.contains { $0.kind == "invalidation" })
        }
    }
}

/// A line of an invalidation.
private struct FirstLine: Decodable {
    var id: String?
}

/// Gives a test three servers with a PHP-FPM each.
private func withPHP(_ test: (Cluster, [RealPHP]) async throws -> Void) async throws {
    try await Cluster.founded(running: []) { cluster in
        var php: [RealPHP] = []
        for server in cluster.servers {
            let one = try RealPHP(of: server)
            try await one.start()
            php.append(one)
            let others = cluster.servers.filter { $0.number != server.number }
            try server.configure(
                urls: [server.url] + others.map(\.url),
                "caches:\n  - php-fpm: \"unix:\(one.socket)\"\n")
        }
        for server in cluster.servers { try server.launch() }
        for server in cluster.servers { try await server.becomeReady() }
        try await test(cluster, php)
        for one in php { try await one.stop() }
    }
}
