// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import NodeRuntimeTesting
import Synchronization
import Testing

@testable import NodeRuntime

@Suite("Audit trail")
struct AuditorTests {
    private final class Clock: HostClock {
        private let elapsed = Mutex<UInt64>(0)

        func now() -> Moment {
            elapsed.withLock {
                Moment(
                    instant: Instant(nanoseconds: $0 * 1_000_000),
                    wall: WallTime(milliseconds: 1_800_000_000_000 + $0))
            }
        }

        func advance(milliseconds: UInt64) { elapsed.withLock { $0 += milliseconds } }
    }

    private let trail = InMemoryAuditTrail()
    private let clock = Clock()
    private let auditor: Auditor

    init() { auditor = Auditor(trail: trail, clock: clock) }

    @Test("of refusals that are alike ten a minute are noted, then one that counts the rest")
    func limits() {
        for _ in 0..<25 { auditor.refused(.login, address: "192.0.2.1", reason: "wrong") }
        #expect(trail.entries.count == 10)
        auditor.refused(.login, address: "192.0.2.2", reason: "wrong")
        auditor.refused(.login, address: "192.0.2.1", reason: "malformed")
        #expect(trail.entries.count == 12)
        clock.advance(milliseconds: 60_000)
        auditor.refused(.login, address: "192.0.2.1", reason: "wrong")
        #expect(trail.entries.last?.suppressed == 15)
        auditor.refused(.login, address: "192.0.2.1", reason: "wrong")
        #expect(trail.entries.last?.suppressed == 0)
    }

    @Test("what was done is always noted")
    func done() {
        for _ in 0..<25 { auditor.done(.login, user: "alice") }
        #expect(trail.entries(of: .login, .done).count == 25)
        #expect(trail.entries.allSatisfy { $0.suppressed == 0 })
    }

    @Test("more kinds of refusals than are told apart are counted together")
    func kinds() {
        for number in 0..<3_000 {
            auditor.refused(.login, address: "\(number)", reason: "wrong")
        }
        #expect(trail.entries.count == 1_010)
    }

    @Test(
        "texts are bounded and printable",
        arguments: [
            ("alice", "alice"), ("a\n\u{1B}[31mb", "a\\u{a}\\u{1b}[31mb"),
            ("\u{202E}x", "\\u{202e}x"), ("日本", "日本"),
            (String(repeating: "x", count: 200), String(repeating: "x", count: 128) + "…"),
        ])
    func texts(given: String, noted: String) {
        auditor.refused(.login, user: given, address: given, subject: given, reason: given)
        let entry = trail.entries[0]
        #expect(
            [entry.user, entry.address, entry.subject, entry.reason]
                == .init(repeating: noted, count: 4))
    }
}
