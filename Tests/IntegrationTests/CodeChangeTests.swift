// SPDX-License-Identifier: Apache-2.0
import Foundation
import ServerTesting
import Testing

extension BlackBox {
    @Suite("Code that somebody changes by hand", .enabled(if: RealPHP.isUsable))
    struct CodeChangeTests {}
}

extension BlackBox.CodeChangeTests {
    @Test("A commit clears the caches of its server, twice", .timeLimit(.minutes(2)))
    func commit() async throws {
        try await withRepository { cluster, php in
            try await php.warm()
            try await cluster[1].commit("by hand")
            try await eventually("the caches to be cleared") { try await php.entry() == "gone" }
            // What a request that was under way with the old code puts back.
            try await php.warm()
            try await eventually("the caches to be cleared once more") {
                try await php.entry() == "gone"
            }
            // That was all: nothing was published.
            let events = try await cluster[2].done("events", "--json", "--limit", "1000")
                .documents(EventReport.self)
            #expect(!events.contains { $0.kind == "invalidation" })
        }
    }

    @Test(
        "Code that changed while the daemon was down is cleared for before it is ready",
        .timeLimit(.minutes(2)))
    func whileDown() async throws {
        try await withRepository { cluster, php in
            // Until its second clear is done a start clears for the code once more.
            try await eventually("the second clear for the code of the first start") {
                cluster[1].log.contains("caches are cleared for the code that is served")
            }
            // Without a change nothing is cleared. A start that did not hear everybody in time does
            // clear, and rightly: on a busy machine it may take another one.
            var isKept = false
            for _ in 0..<5 where !isKept {
                try await cluster[1].stop()
                try await php.warm()
                try cluster[1].launch()
                try await cluster[1].becomeReady()
                isKept = try await php.entry() == "kept"
            }
            #expect(isKept)
            try await cluster[1].stop()
            try await cluster[1].commit("while it was down")
            try cluster[1].launch()
            try await cluster[1].becomeAbleToPublish()
            #expect(try await php.entry() == "gone")
        }
    }
}

/// Gives a test three servers; the first has a PHP-FPM, and a site in a repository.
private func withRepository(_ test: (Cluster, RealPHP) async throws -> Void) async throws {
    try await Cluster.founded(running: []) { cluster in
        let php = try RealPHP(of: cluster[1])
        try await php.start()
        try cluster[1].configure(
            urls: cluster.urls, "caches:\n  - php-fpm: \"unix:\(php.socket)\"\n")
        try await cluster[1].git("init", "--quiet")
        try await cluster[1].commit("the first")
        for server in cluster.servers { try server.launch(["--log-level", "info"]) }
        for server in cluster.servers { try await server.becomeReady() }
        try await test(cluster, php)
        try await php.stop()
    }
}

extension Server {
    /// Changes the site as an administrator does who deploys by hand.
    fileprivate func commit(_ text: String) async throws {
        try await git(
            "-c", "user.name=Alice", "-c", "user.email=alice@example.com", "commit", "--quiet",
            "--allow-empty", "--message", text)
    }

    fileprivate func git(_ arguments: String...) async throws {
        let outcome = try await RunningProcess("/usr/bin/git", arguments, directory: site).end()
        guard outcome.status == 0 else { throw Overdue(description: "git: \(outcome)") }
    }
}
