// SPDX-License-Identifier: Apache-2.0
import ClusterSimulator
import Testing

@Suite("Five hundred clusters")
struct SeedTests {
    /// The seeds of every change: as many as a debug build runs in a minute or two.
    private static let seeds: ClosedRange<UInt64> = 1...500
    /// How many runs go on at once.
    private static let lanes: UInt64 = 2

    /// What must have happened somewhere in those runs: else the faults do not reach the code.
    private static let landmarks = [
        "core.batch-held", "core.blob-stored", "core.clone-heard", "core.clock-skewed",
        "core.duplicate-dropped", "core.far-future-held", "core.fork-found",
        "core.full-clear-done", "core.own-tail-found", "core.parked", "core.pull-finished",
        "core.relinked", "core.voided", "core.withheld", "disk.full", "disk.replaced",
        "hostile.equivocated", "hostile.forged", "hostile.replayed", "list.added",
        "list.addressesSwapped", "list.moved", "list.namesSwapped", "list.removed",
        "list.renamed", "list.reordered", "list.selfMissing", "list.selfTwice", "list.taken",
        "list.wrong", "members.added",
        "members.removed", "network.corrupted", "network.high-water-mark", "network.lost",
        "network.stuck", "process.cloned", "process.crashed", "publish.confirmed",
        "publish.unconfirmed", "roster.clone", "roster.cloned-peer", "roster.not-door",
        "roster.not-logged-in", "roster.not-member", "roster.same-node", "roster.self-missing",
        "roster.self-twice", "roster.unreachable", "roster.wrong-cluster",
        "roster.wrong-list-told", "roster.wrong-server",
    ]

    @Test("No run breaks an invariant, and every landmark is reached", .timeLimit(.minutes(15)))
    func seedsAreRight() async throws {
        var marks: [String: Int] = [:]
        var failures: [String] = []
        try await withThrowingTaskGroup(of: (marks: [String: Int], failures: [String]).self) {
            group in
            for lane in 0..<Self.lanes {
                group.addTask { @concurrent in try Self.run(lane) }
            }
            for try await result in group {
                marks.merge(result.marks, uniquingKeysWith: +)
                failures += result.failures
            }
        }
        #expect(failures.isEmpty, "\(failures.sorted().joined(separator: "\n"))")
        for landmark in Self.landmarks {
            #expect(marks[landmark, default: 0] > 0, "no run came by \(landmark)")
        }
    }

    private static func run(
        _ lane: UInt64
    ) throws -> (marks: [String: Int], failures: [String]) {
        var marks: [String: Int] = [:]
        var failures: [String] = []
        for seed in seeds where seed % lanes == lane {
            let outcome = try Simulation.run(seed: seed)
            marks.merge(outcome.marks, uniquingKeysWith: +)
            guard let failure = outcome.failure else { continue }
            failures.append("seed \(seed): \(failure) (again: make simulate SEED=\(seed))")
        }
        return (marks, failures)
    }
}
