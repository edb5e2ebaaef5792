// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ServerTesting
import Testing

@testable import SitestackerCLI

@Suite("A status that people read")
struct StatusTextTests {
    private func text(_ lines: [TextLine]) -> String {
        lines.map(\.text).joined(separator: "\n")
    }

    private static func repository(
        _ path: String, _ commit: String, _ names: [String], isDetached: Bool = false
    ) -> RepositoryDocument {
        let short = String(commit.prefix(7))
        let words = (isDetached ? names + [short] : names).joined(separator: ", ")
        return RepositoryDocument(path: path, head: "\(short) (\(words))", commit: commit)
    }

    private static let acssa = "27d9bb77457e12f3ac06043f1b3b3f61959e96de"
    private static let namb = "4375fe16d42634dc31807f558ae809b7f948182f"
    private static let core = repository(
        ".", "6212a58000000000000000000000000000000000", ["master", "origin/master", "origin/HEAD"])

    /// The two servers of the vendor's manual, which say nothing of what is ours.
    private static var vendor: StatusDocument {
        var own = ServerDocument(url: "172.17.0.1:8082")
        own.hostname = "DWIGHT01"
        own.path = "/home/dwight01/Sites/sitestacker"
        own.database = DatabaseDocument(version: "5.7.17", sizeBytes: 30_408_704)
        own.isLocked = false
        own.repositories = [
            core, repository("packages/templates/ACSSA", acssa, ["1.0.0"], isDetached: true),
            repository("packages/templates/NAMB", namb, ["1.1.0-beta"], isDetached: true),
        ]
        var other = ServerDocument(url: "172.17.0.1:8081")
        other.hostname = "50c95878554b"
        other.path = "/var/www/html"
        other.database = own.database
        other.isLocked = false
        other.repositories = [core]
        other.plan = PlanDocument(
            steps: [
                PlanStepDocument(action: "ok", path: "."),
                PlanStepDocument(action: "clone", path: "packages/templates/ACSSA", to: acssa),
                PlanStepDocument(action: "clone", path: "packages/templates/NAMB", to: namb),
            ], behind: [])
        return StatusDocument(own: own, servers: [other], problems: [])
    }

    @Test("The example of the vendor's manual, byte for byte")
    func vendorExample() {
        #expect(text(statusLines(Self.vendor)) == VendorManual.status)
        #expect(statusLines(Self.vendor).allSatisfy { $0.style == .plain })
        #expect(statusExit(Self.vendor) == ExitStatus.done)
    }

    private var alice: UserDocument {
        UserDocument(
            name: "alice", email: "alice@example.com", fullName: "Alice", scopes: "admin",
            expires: nil)
    }

    private func server(
        _ url: String, node: String? = "3f9a01c2", warnings: [String] = [], isReady: Bool = true
    ) -> ServerDocument {
        var server = ServerDocument(url: url, warnings: warnings)
        server.hostname = "host-\(url.suffix(1))"
        server.path = "/var/www"
        server.node = node
        server.user = alice
        server.isLocked = false
        server.isReady = isReady
        server.events = EventsStatusDocument(
            stored: 12, missing: 0, waiting: 0, parked: 0, withheld: 0, refused: [:])
        server.clockSkewMilliseconds = 3
        return server
    }

    @Test("A clean status of servers without repositories")
    func cleanStatus() {
        let status = StatusDocument(
            own: server("http://web1"), servers: [server("http://web2")], problems: [])
        #expect(
            text(statusLines(status)) == """
                Hostname: host-1
                Path: /var/www
                Is Locked: false
                Node: 3f9a01c2, logged in as alice, ready
                Cluster URL: http://web1

                SERVER: http://web2
                Hostname: host-2
                Path: /var/www
                Is Locked: false
                Node: 3f9a01c2, logged in as alice, ready
                """)
        #expect(statusExit(status) == ExitStatus.done)
    }

    private var badServer: ServerDocument {
        var own = server("http://web1", warnings: ["the grant ends in 12 days"], isReady: false)
        own.members = MembersDocument(members: [
            MemberDocument(
                node: "a", url: "http://web1", state: "self", user: nil, silentMilliseconds: nil),
            MemberDocument(
                node: "b", url: "http://web2", state: "dead", user: nil, silentMilliseconds: 9),
            MemberDocument(
                node: "c", url: nil, state: "not in the list", user: nil, silentMilliseconds: nil),
        ])
        own.database = DatabaseDocument(version: nil, sizeBytes: nil, problem: "refused")
        own.isLocked = true
        own.lock = LockDocument(
            holder: "bob", since: 1_795_432_833_000, reason: "release 7",
            expires: 1_795_432_893_000)
        own.userProblems = ["carol is no account", "dan is no account"]
        own.caches = [
            CacheDocument(target: "php-fpm unix:/x", problem: nil),
            CacheDocument(target: "redis", problem: "down"),
        ]
        own.events = EventsStatusDocument(
            stored: 7, missing: 1, waiting: 2, parked: 3, withheld: 4,
            refused: ["bad signature": 5, "unknown node": 1, "replayed": 0])
        own.clockSkewMilliseconds = -2345
        return own
    }

    @Test("A status with everything that can be wrong")
    func badStatus() {
        let silent = ServerDocument(
            url: "http://web2", error: "http://web2 does not answer", code: "silent")
        var stranger = ServerDocument(url: "http://web3", error: "who?", code: "not-logged-in")
        stranger.node = "not logged in"
        let status = StatusDocument(
            own: badServer, servers: [silent, stranger],
            problems: ["http://web2 is named twice", "http://web2 does not answer"])
        #expect(
            text(statusLines(status)) == """
                Hostname: host-1
                Path: /var/www
                Database: refused
                Is Locked: true (by bob since 2026-11-23 11:20:33Z: release 7, \
                expires 2026-11-23 11:21:33Z)
                Node: 3f9a01c2, logged in as alice, not ready
                Members: http://web2 dead, c not in the list
                Users: carol is no account; dan is no account
                Caches: redis: down
                Events: 7 stored, 1 missing, 2 waiting, 3 parked, 4 withheld
                Refused: 5 bad signature, 1 unknown node
                Clock: 2.3 s behind
                Warning: the grant ends in 12 days
                Warning: http://web2 is named twice
                Cluster URL: http://web1

                SERVER: http://web2
                Error: http://web2 does not answer

                SERVER: http://web3
                Error: who?
                Node: not logged in
                """)
        #expect(statusExit(status) == ExitStatus.incomplete)
    }

    @Test("Repositories and plans with everything that can be in them")
    func repositories() {
        var core = RepositoryDocument(path: ".", head: "6212a58* (master)", commit: nil)
        core.updatedOn = 1_795_432_833_000
        core.updatedBy = "al\u{1B}[2J\tice"
        var broken = RepositoryDocument(path: "packages/a/b", head: "", commit: nil)
        broken.problem = "no commit yet"
        var own = ServerDocument(url: "http://web1")
        own.repositories = [core, broken]
        var other = ServerDocument(url: "http://web2")
        other.repositories = []
        other.repositoriesProblem = "git: no answer within 4.0 seconds"
        other.plan = PlanDocument(
            steps: [
                PlanStepDocument(action: "checkout", path: ".", from: "aaaa", to: "bbbb"),
                PlanStepDocument(action: "extra", path: "packages/a/c"),
                PlanStepDocument(action: "skip", path: "packages/a/b", reason: "no commit yet"),
            ], behind: [". was updated later there than here"])
        let status = StatusDocument(own: own, servers: [other], problems: [])
        let row = "  [core]      \t  6212a58* (master)\t  2026-11-23 11:20:33Z\t"
        #expect(
            text(statusLines(status)) == """
                Repositories:\u{20}
                  REPOSITORY  \t  HEAD             \t  UPDATED ON          \t  UPDATED BY     \t
                \(row)  al\\u{1b}[2J ice\t
                  packages/a/b\t                   \t                      \t                 \t
                  Error: packages/a/b: no commit yet
                Cluster URL: http://web1

                SERVER: http://web2
                Repositories:\u{20}
                  Error: git: no answer within 4.0 seconds
                WARNING: THIS SERVER IS BEHIND: . was updated later there than here
                WARNING: the following would take that server back.
                The following actions will be performed:
                checkout: . aaaa -> bbbb
                extra: packages/a/c (kept; --prune removes)
                skip: packages/a/b (no commit yet)
                Stop because of '--dry-run', nothing changed.
                """)
        #expect(statusExit(status) == ExitStatus.failed)
    }

    @Test(
        "Sizes",
        arguments: [
            (0, "0 B"), (1_023, "1023 B"), (1_024, "1 KB"), (1_535, "1 KB"), (1_536, "2 KB"),
            (1_048_063, "1023 KB"), (1_048_064, "1 MB"), (30_408_704, "29 MB"),
            (30_932_991, "29 MB"), (30_932_992, "30 MB"), (1 << 30, "1 GB"), (1 << 40, "1 TB"),
            (UInt64.max, "16777216 TB"),
        ])
    func sizes(_ bytes: UInt64, _ expected: String) {
        #expect(sizeText(bytes) == expected)
    }

    @Test("A database that says its version but not its size")
    func half() {
        var own = ServerDocument(url: "u")
        own.database = DatabaseDocument(version: "8.0", sizeBytes: nil, problem: "denied")
        let status = StatusDocument(own: own, servers: [], problems: [])
        #expect(
            text(statusLines(status))
                == "Database: 8.0\n  Size: unknown (denied)\nCluster URL: u")
        #expect(statusExit(status) == ExitStatus.failed)
    }

    @Test("The worst problem decides the exit status of a status")
    func statusExits() {
        let good = server("http://web1")
        func changed(_ change: (inout ServerDocument) -> Void) -> ServerDocument {
            var server = good
            change(&server)
            return server
        }
        let silent = ServerDocument(url: "http://web2", error: "silent", code: "silent")
        let wrong = ServerDocument(url: "http://web2", error: "other", code: "wrong-cluster")
        let stranger = changed { $0.node = "not logged in" }
        func exit(
            _ own: ServerDocument, _ servers: [ServerDocument] = [], _ problems: [String] = []
        ) -> Int32 {
            statusExit(StatusDocument(own: own, servers: servers, problems: problems))
        }
        #expect(exit(good) == 0)
        #expect(exit(good, [good]) == 0)
        #expect(exit(stranger, [silent]) == ExitStatus.notAuthorised)
        #expect(exit(good, [wrong, silent], ["x"]) == ExitStatus.incomplete)
        #expect(exit(good, [stranger]) == ExitStatus.incomplete)
        #expect(exit(silent) == ExitStatus.incomplete)
        #expect(exit(good, [wrong]) == ExitStatus.failed)
        #expect(exit(good, [good], ["x"]) == ExitStatus.failed)
        let bad: [ServerDocument] = [
            changed { $0.warnings = ["x"] }, changed { $0.isReady = false },
            changed { $0.userProblems = ["x"] },
            changed { $0.caches = [CacheDocument(target: "a", problem: "x")] },
            changed {
                $0.database = DatabaseDocument(version: nil, sizeBytes: nil, problem: "x")
            },
            changed { $0.repositoriesProblem = "x" },
            changed {
                var broken = RepositoryDocument(path: ".", head: "", commit: nil)
                broken.problem = "x"
                $0.repositories = [broken]
            },
            changed { $0.plan = PlanDocument(steps: [], behind: ["x"]) },
        ]
        for one in bad {
            #expect(exit(one) == ExitStatus.failed)
            #expect(exit(good, [one]) == ExitStatus.failed)
            #expect(exit(good, [one, silent]) == ExitStatus.incomplete)
        }
        // A step that a plan would take is no problem, and neither is a lock.
        let step = PlanStepDocument(action: "clone", path: ".", to: "a")
        #expect(exit(good, [changed { $0.plan = PlanDocument(steps: [step], behind: []) }]) == 0)
        #expect(exit(changed { $0.isLocked = true }) == 0)
    }
}
