// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import ServerTesting
import Testing

extension BlackBox {
    @Suite("Status of real sites", .enabled(if: SiteFixture.isUsable))
    struct StatusTests {}
}

extension BlackBox.StatusTests {
    @Test(
        "The vendor's example comes out byte for byte, but for the lines that are ours",
        .timeLimit(.minutes(2)))
    func manual() async throws {
        try await Cluster.founded(running: [1, 2]) { cluster in
            let (own, other) = (cluster[1], cluster[2])
            let fixture = try await SiteFixture(at: own.root + "/upstream")
            try await fixture.installCore(in: own)
            try await fixture.installPackages(in: own)
            try await fixture.installCore(in: other)
            for server in [own, other] {
                let urls = server.number == 1 ? [own.url, other.url] : [other.url, own.url]
                try server.configure(
                    urls: urls, "caches: []\ndatabase: sqlite:webroot/site.sqlite\n")
                try await server.tookConfiguration()
            }
            let expected = VendorManual.status
                .replacingOccurrences(of: "DWIGHT01", with: hostName())
                .replacingOccurrences(of: "50c95878554b", with: hostName())
                .replacingOccurrences(of: "/home/dwight01/Sites/sitestacker", with: own.site)
                .replacingOccurrences(of: "/var/www/html", with: other.site)
                .replacingOccurrences(of: "172.17.0.1:8082", with: own.url)
                .replacingOccurrences(of: "172.17.0.1:8081", with: other.url)
                .replacingOccurrences(of: "5.7.17", with: "SQLite \(fixture.version)")
                .replacingOccurrences(of: "29 MB", with: "8 KB")
            try await eventually("server 1 to list server 2 only") {
                try await own.status().servers.count == 1
            }
            let outcome = try await own.run("status")
            #expect(outcome.withoutOurLines == fixture.replacingCommits(in: expected))
            #expect(outcome.text.contains("\nNode: "))
            let json = try await own.status()
            #expect(json.servers.first?.plan?.steps.map(\.action) == ["ok", "clone", "clone"])
            #expect(json.own.database?.sizeBytes == 8_192)
        }
    }

    @Test(
        "Modified, moved and foreign repositories have their steps; what is silent is named",
        .timeLimit(.minutes(2)))
    func steps() async throws {
        try await Cluster.founded(running: [1, 2]) { cluster in
            let (own, other) = (cluster[1], cluster[2])
            let fixture = try await SiteFixture(at: own.root + "/upstream")
            for server in [own, other] {
                try await fixture.installCore(in: server)
                try await fixture.installPackages(in: server)
            }
            let package = "packages/templates/ACSSA"
            try await fixture.git("checkout", "-q", "master", in: "\(other.site)/\(package)")
            try Foundation.Data("changed".utf8)
                .write(to: URL(fileURLWithPath: "\(other.site)/index.php"))
            try FileManager.default.moveItem(
                atPath: "\(other.site)/packages/templates/NAMB",
                toPath: "\(other.site)/packages/templates/Other")
            let outcome = try await eventually("the plan of server 2") { () -> Outcome? in
                let outcome = try await own.run("status")
                return outcome.text.contains("extra:") ? outcome : nil
            }
            let commits = try await fixture.commits(of: "\(other.site)/\(package)")
            let plan = """
                The following actions will be performed:
                skip: . (local modifications)
                checkout: \(package) \(commits.newest) -> \(commits.tagged)
                clone: packages/templates/NAMB at \(fixture.namb)
                extra: packages/templates/Other (kept; --prune removes)

                SERVER: \(cluster[3].url)
                Error: \(cluster[3].url) does not answer
                """
            #expect(outcome.text.contains(plan), "\(outcome)")
            #expect(outcome.text.contains("\(fixture.core.prefix(7))* (master,"))
            #expect(outcome.text.hasSuffix("Stop because of '--dry-run', nothing changed."))
            #expect(outcome.status == 3)
        }
    }

    @Test("A database that cannot be reached is told, and the exit status says so")
    func database() async throws {
        try await Cluster.founded { cluster in
            let server = cluster[1]
            try server.configure(
                urls: cluster.urls,
                "caches: []\ndatabase: mysql://site:tell-nobody@127.0.0.1:1/site\n")
            try await server.tookConfiguration()
            let outcome = try await eventually("the database's problem") { () -> Outcome? in
                let outcome = try await server.run("status")
                return outcome.text.contains("\nDatabase: ") ? outcome : nil
            }
            #expect(outcome.status == 1, "\(outcome)")
            #expect(!outcome.text.contains("tell-nobody"))
            let seen = try await cluster[2].status().servers.first { $0.url == server.url }
            #expect(seen?.database?.problem != nil && seen?.error == nil)
        }
    }

    @Test(
        "No variable of the environment changes which PostgreSQL is asked",
        .enabled(if: PostgreSQLLibrary.isUsable))
    func environment() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let server = cluster[1]
            try server.configure(
                urls: cluster.urls, "caches: []\ndatabase: postgresql://site@127.0.0.1:1/site\n")
            for environment in [
                ["PGSERVICE": "stranger"], ["PGHOSTADDR": "127.0.0.77"], ["PGSSLMODE": "stranger"],
            ] {
                try await server.stop()
                try server.launch(environment: environment)
                let problem = try await eventually("the database's problem: \(server.log)") {
                    let outcome = try await server.run("status", "--json")
                    guard outcome.status != 69 else { return String?.none }
                    return try outcome.document(StatusReport.self).own.database?.problem
                }
                #expect(problem.contains("\"127.0.0.1\", port 1"), "\(environment): \(problem)")
                #expect(!problem.contains("stranger") && !problem.contains("127.0.0.77"))
            }
        }
    }

    @Test("A file that cannot be used is a warning here and elsewhere, until it is mended")
    func badFile() async throws {
        try await Cluster.founded { cluster in
            let server = cluster[2]
            try server.write("alice\nbob everything\n", to: server.usersFile)
            func warnings() async throws -> [String] {
                let seen = try await cluster[1].status().servers.first { $0.url == server.url }
                return seen?.warnings ?? []
            }
            try await eventually("the warning on server 1") {
                try await warnings().contains { $0.contains("the old users stay in force") }
            }
            #expect(try await server.run("status").status == 1)
            try server.write("alice\n", to: server.usersFile)
            try await eventually("no warning on server 1") { try await warnings().isEmpty }
        }
    }

    @Test("Without a daemon 69; with --watch blocks come until Ctrl-C, which is 130")
    func watching() async throws {
        try await Cluster.founded { cluster in
            let server = cluster[1]
            let watch = try server.begin(["status", "--watch", "--interval", "100ms"])
            try await eventually("three blocks") {
                watch.text.components(separatedBy: "---\n").count > 3
            }
            watch.signal(SIGINT)
            #expect(try await watch.end().status == 130)
            try await server.stop()
            #expect(try await server.run("status").status == 69)
        }
    }
}

/// The client library of PostgreSQL.
enum PostgreSQLLibrary {
    /// Whether tests that need it run: skipped without it, but never in continuous integration.
    static let isUsable =
        dlopen("libpq.so.5", RTLD_LAZY) != nil || ProcessInfo.processInfo.environment["CI"] != nil
}

/// The name of this host.
///
/// Source: gethostname(2).
private func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
}

extension Outcome {
    /// The output without the lines that the vendor's form has not.
    ///
    /// Only where they may stand, right after `Is Locked`: anywhere else they are left in it.
    fileprivate var withoutOurLines: String {
        let ours = [
            "Node:", "Members:", "Users:", "Caches:", "Events:", "Refused:", "Clock:",
            "Warning:",
        ]
        var isOurPlace = false
        let kept = text.components(separatedBy: "\n").filter { line in
            let isOurs = isOurPlace && ours.contains { line.hasPrefix($0) }
            isOurPlace = isOurs || line.hasPrefix("Is Locked:")
            return !isOurs
        }
        return kept.joined(separator: "\n")
    }
}
