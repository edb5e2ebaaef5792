// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import Testing

@testable import SitestackerCLI

@Suite("What people read")
struct RenderingTests {
    private func text(_ lines: [TextLine]) -> String {
        lines.map(\.text).joined(separator: "\n")
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
                    node: "http://web3", outcome: "failed",
                    reason: "memcached x: connect: expected a socket, found none",
                    steps: [
                        StepDocument(
                            target: "memcached x", action: "delete key a",
                            failure: "connect: expected a socket, found none", microseconds: 999,
                            proof: [])
                    ]),
                """
                http://web3  memcached x  delete key a  \
                FAILED: connect: expected a socket, found none  1.0 ms
                """, true
            ),
            (
                OutcomeDocument(
                    node: "http://web3", outcome: "failed", reason: "given up after 3 attempts",
                    steps: [
                        StepDocument(
                            target: "memcached x", action: "delete key a", failure: "refused",
                            microseconds: 999, proof: [])
                    ]),
                """
                http://web3  memcached x  delete key a  FAILED: refused  1.0 ms
                http://web3  failed: given up after 3 attempts
                """, true
            ),
            (
                OutcomeDocument(
                    node: "http://web3", outcome: "failed",
                    reason: "redis x: the pattern ( is none",
                    steps: [
                        StepDocument(
                            target: "redis x", action: "nothing cleared",
                            failure: "the pattern ( is none", microseconds: 0, proof: [])
                    ]),
                "http://web3  redis x  nothing cleared  FAILED: the pattern ( is none  0.0 ms", true
            ),
            (
                OutcomeDocument(
                    node: "http://web3", outcome: "applied", reason: nil,
                    steps: [
                        StepDocument(
                            target: "caches", action: "nothing to clear: no cache is configured",
                            failure: nil, microseconds: 0, proof: [])
                    ]),
                "http://web3  caches  nothing to clear: no cache is configured  0.0 ms", false
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
