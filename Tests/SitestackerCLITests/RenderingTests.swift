// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import Testing

@testable import SitestackerCLI

@Suite("What people read")
struct RenderingTests {
    private func text(_ lines: [TextLine]) -> String {
        lines.map(\.text).joined(separator: "\n")
    }

    private var alice: UserDocument {
        UserDocument(
            name: "alice", email: "alice@example.com", fullName: "Alice", scopes: "admin",
            expires: nil)
    }

    private func server(
        _ url: String, node: String? = "3f9a01c2", warnings: [String] = [], isReady: Bool = true
    ) -> ServerDocument {
        ServerDocument(
            url: url, hostname: "host-\(url.suffix(1))", path: "/var/www", node: node, user: alice,
            events: EventsStatusDocument(
                stored: 12, missing: 0, waiting: 0, parked: 0, withheld: 0, refused: [:]),
            clockSkewMilliseconds: 3, isReady: isReady, warnings: warnings)
    }

    @Test("A clean status, byte for byte")
    func cleanStatus() {
        let status = StatusDocument(
            own: server("http://web1"), servers: [server("http://web2")], problems: [])
        #expect(
            text(statusLines(status)) == """
                Hostname: host-1
                Path: /var/www
                Node: 3f9a01c2, logged in as alice, ready
                Events: 12 stored
                Cluster URL: http://web1

                SERVER: http://web2
                Hostname: host-2
                Path: /var/www
                Node: 3f9a01c2, logged in as alice, ready
                Events: 12 stored
                """)
        #expect(statusLines(status).allSatisfy { $0.style == .plain })
        #expect(statusExit(status) == ExitStatus.done)
    }

    @Test("A status with everything that can be wrong, byte for byte")
    func badStatus() {
        var own = server("http://web1", warnings: ["the grant ends in 12 days"], isReady: false)
        own.members = MembersDocument(members: [
            MemberDocument(
                node: "a", url: "http://web1", state: "self", user: nil, silentMilliseconds: nil),
            MemberDocument(
                node: "b", url: "http://web2", state: "dead", user: nil, silentMilliseconds: 9),
            MemberDocument(
                node: "c", url: nil, state: "not in the list", user: nil, silentMilliseconds: nil),
        ])
        own.events = EventsStatusDocument(
            stored: 7, missing: 1, waiting: 2, parked: 3, withheld: 4,
            refused: ["bad signature": 5, "unknown node": 1, "replayed": 0])
        own.clockSkewMilliseconds = -2345
        let silent = ServerDocument(url: "http://web2", error: "no answer in 5 s")
        let stranger = ServerDocument(url: "http://web3", hostname: "h3", node: "not logged in")
        let status = StatusDocument(
            own: own, servers: [silent, stranger], problems: ["http://web2 is named twice"])
        #expect(
            text(statusLines(status)) == """
                Hostname: host-1
                Path: /var/www
                Node: 3f9a01c2, logged in as alice, not ready
                Members: http://web2 dead, c not in the list
                Events: 7 stored, 1 missing, 2 waiting, 3 parked, 4 withheld
                Refused: 5 bad signature, 1 unknown node
                Clock: 2.3 s behind
                Warning: the grant ends in 12 days
                Warning: http://web2 is named twice
                Cluster URL: http://web1

                SERVER: http://web2
                Error: no answer in 5 s

                SERVER: http://web3
                Hostname: h3
                Node: not logged in
                """)
        #expect(statusExit(status) == ExitStatus.incomplete)
    }

    @Test("The worst problem decides the exit status of a status")
    func statusExits() {
        let good = server("http://web1")
        let silent = ServerDocument(url: "http://web2", error: "silent")
        let stranger = server("http://web2", node: "not logged in")
        func exit(
            _ own: ServerDocument, _ servers: [ServerDocument] = [], _ problems: [String] = []
        ) -> Int32 {
            statusExit(StatusDocument(own: own, servers: servers, problems: problems))
        }
        #expect(exit(good) == 0)
        #expect(exit(good, [good]) == 0)
        #expect(exit(stranger, [silent]) == ExitStatus.notAuthorised)
        #expect(exit(good, [silent], ["x"]) == ExitStatus.incomplete)
        #expect(exit(good, [stranger]) == ExitStatus.incomplete)
        #expect(exit(silent) == ExitStatus.incomplete)
        #expect(exit(good, [good], ["x"]) == ExitStatus.failed)
        #expect(exit(good, [server("b", warnings: ["x"])]) == ExitStatus.failed)
        #expect(exit(server("a", isReady: false)) == ExitStatus.failed)
    }

    @Test(
        "An invalidation's line",
        arguments: [
            (
                OutcomeDocument(
                    node: "http://web2", outcome: "applied", reason: nil,
                    steps: [
                        StepDocument(
                            target: "php-fpm unix:/run/php.sock", action: "opcode cache",
                            failure: nil, microseconds: 3149,
                            proof: [ProofDocument(counter: "scripts", before: 12, after: 0)]),
                        StepDocument(
                            target: "php-fpm unix:/run/php.sock", action: "user cache",
                            failure: nil, microseconds: 50, proof: []),
                    ]),
                """
                http://web2  php-fpm unix:/run/php.sock  opcode cache  cleared  \
                scripts 12 -> 0  3.1 ms
                http://web2  php-fpm unix:/run/php.sock  user cache  cleared  0.1 ms
                """, false
            ),
            (
                OutcomeDocument(
                    node: "http://web3", outcome: "failed", reason: nil,
                    steps: [
                        StepDocument(
                            target: "php-fpm unix:/x", action: "opcode cache",
                            failure: "no such socket", microseconds: 999, proof: [])
                    ]),
                "http://web3  php-fpm unix:/x  opcode cache  FAILED: no such socket  1.0 ms", true
            ),
            (
                OutcomeDocument(
                    node: "http://web3", outcome: "refused", reason: "alice is not listed",
                    steps: []), "http://web3  refused: alice is not listed", true
            ),
            (
                OutcomeDocument(node: "http://web3", outcome: "parked", reason: nil, steps: []),
                "http://web3  parked", true
            ),
            (
                OutcomeDocument(node: "http://web3", outcome: "superseded", reason: nil, steps: []),
                "http://web3  superseded", false
            ),
        ])
    func invalidation(_ outcome: OutcomeDocument, _ expected: String, _ isFailure: Bool) {
        #expect(text(invalidationLines(InvalidateLine(outcome: outcome))) == expected)
        #expect(hasFailed(outcome) == isFailure)
    }

    @Test("Silence comes before failure, and an end that did not come is no success")
    func tally() throws {
        let failed = InvalidateLine(
            outcome: OutcomeDocument(node: "b", outcome: "failed", reason: nil, steps: []))
        let applied = InvalidateLine(
            outcome: OutcomeDocument(node: "a", outcome: "applied", reason: nil, steps: []))
        func status(_ lines: [InvalidateLine]) throws -> Int32 {
            var tally = InvalidationTally()
            for line in lines { tally.add(line) }
            return try tally.exitStatus()
        }
        #expect(try status([applied, InvalidateLine(silent: [])]) == ExitStatus.done)
        #expect(try status([failed, applied, InvalidateLine(silent: [])]) == ExitStatus.failed)
        #expect(try status([failed, InvalidateLine(silent: ["c"])]) == ExitStatus.incomplete)
        // A retry that came in time is the node's last word.
        let mended = InvalidateLine(
            outcome: OutcomeDocument(node: "b", outcome: "applied", reason: nil, steps: []))
        #expect(try status([failed, mended, InvalidateLine(silent: [])]) == ExitStatus.done)
        #expect(try status([mended, failed, InvalidateLine(silent: [])]) == ExitStatus.failed)
        #expect(throws: ErrorDocument.self) { try status([applied]) }
    }

    @Test(
        "Instants",
        arguments: [
            (0, "1970-01-01 00:00:00Z"), (951_782_400_000, "2000-02-29 00:00:00Z"),
            (1_795_432_833_999, "2026-11-23 11:20:33Z"),
            (4_107_542_399_000, "2100-02-28 23:59:59Z"),
            (4_107_542_400_000, "2100-03-01 00:00:00Z"),
            (253_402_300_799_000, "9999-12-31 23:59:59Z"),
            (253_402_300_800_000, "253402300800000 ms"),
            (UInt64.max, "18446744073709551615 ms"),
        ])
    func instants(_ milliseconds: UInt64, _ expected: String) {
        #expect(instant(milliseconds) == expected)
    }

    @Test(
        "Hidden characters are shown",
        arguments: [
            ("plain", "plain", "plain"), ("é 😀", "é 😀", "é 😀"),
            ("a\u{1B}[31mb", "a\\u{1b}[31mb", "a\\u001b[31mb"), ("a\tb", "a\tb", "a\\u0009b"),
            ("a\nb\r", "a\\u{a}b\\u{d}", "a\\u000ab\\u000d"),
            ("\u{9B}\u{202E}\u{E000}", "\\u{9b}\\u{202e}\\u{e000}", "\\u009b\\u202e\\ue000"),
            ("\u{E0001}", "\\u{e0001}", "\\udb40\\udc01"),
        ])
    func hidden(_ text: String, _ line: String, _ json: String) {
        #expect(escaped(text) == line)
        #expect(escapedJSON(text) == json)
    }
}
