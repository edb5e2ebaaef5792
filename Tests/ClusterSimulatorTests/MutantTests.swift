// SPDX-License-Identifier: Apache-2.0
import ClusterSimulator
import Testing

/// A node that was broken on purpose, and a seed that shows it.
struct KnownMutant: Sendable, CustomTestStringConvertible {
    let mutant: Mutant
    /// The first seed that caught it when it was written.
    let seed: UInt64

    var testDescription: String { "\(mutant.rawValue) by seed \(seed)" }

    /// The table of docs/internals/testing.md.
    static let all: [KnownMutant] = [
        KnownMutant(mutant: .confirmBeforeFsync, seed: 1),
        KnownMutant(mutant: .ignorePrevious, seed: 11),
        KnownMutant(mutant: .dropDedupe, seed: 3),
        KnownMutant(mutant: .reuseEpoch, seed: 1),
        KnownMutant(mutant: .orderByWallClock, seed: 9),
        KnownMutant(mutant: .noSupervisor, seed: 5),
        KnownMutant(mutant: .applyUnlisted, seed: 1),
        KnownMutant(mutant: .noHeadAfterBurst, seed: 1),
        KnownMutant(mutant: .acknowledgeBeforeDurable, seed: 1),
        KnownMutant(mutant: .replayWrongRange, seed: 1),
        KnownMutant(mutant: .dropDeliveries, seed: 1),
        KnownMutant(mutant: .deliverBackwards, seed: 1),
        KnownMutant(mutant: .advertiseLastSeen, seed: 3),
        KnownMutant(mutant: .silentFork, seed: 11),
        KnownMutant(mutant: .skipKeepState, seed: 17),
        KnownMutant(mutant: .loserWins, seed: 2),
        KnownMutant(mutant: .readyUncleared, seed: 1),
        KnownMutant(mutant: .forgetMembers, seed: 1),
        KnownMutant(mutant: .countListed, seed: 2),
    ]
}

@Suite("Broken nodes are caught")
struct MutantTests {
    /// A change of the program changes what a seed means: so many are tried from the known one on.
    private static let patience: UInt64 = 100

    @Test("The checker that must find it does", arguments: KnownMutant.all)
    func isCaught(_ known: KnownMutant) throws {
        var found: [String] = []
        for seed in known.seed..<known.seed + Self.patience {
            guard let failure = try Simulation.run(seed: seed, mutant: known.mutant).failure else {
                continue
            }
            if failure.checker == known.mutant.checker { return }
            found.append("seed \(seed): \(failure)")
        }
        Issue.record("\(known.mutant.checker) found nothing; others: \(found)")
    }

    @Test("Every mutant has a seed")
    func isComplete() {
        #expect(Set(KnownMutant.all.map(\.mutant)) == Set(Mutant.allCases))
    }
}
