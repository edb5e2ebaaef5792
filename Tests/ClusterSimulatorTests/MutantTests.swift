// SPDX-License-Identifier: Apache-2.0
import ClusterSimulator
import Testing

/// A core that was broken on purpose, and a seed that shows it.
struct KnownMutant: Sendable, CustomTestStringConvertible {
    let mutant: Mutant
    let seed: UInt64

    var testDescription: String { "\(mutant.rawValue) by seed \(seed)" }

    /// The seeds of docs/internals/testing.md.
    static let all: [KnownMutant] = []
}

@Suite("Ten broken cores are caught")
struct MutantTests {
    @Test("The checkers catch it", arguments: KnownMutant.all)
    func isCaught(_ known: KnownMutant) throws {
        let outcome = try Simulation.run(seed: known.seed, mutant: known.mutant)
        let failure = try #require(outcome.failure, "nobody noticed \(known.mutant.rawValue)")
        #expect(failure.checker == known.mutant.checker, "\(failure)")
    }

    @Test("The same seed with the production core finds nothing", arguments: KnownMutant.all)
    func isRightOtherwise(_ known: KnownMutant) throws {
        let outcome = try Simulation.run(seed: known.seed)
        #expect(outcome.failure == nil)
    }

    @Test("Every mutant has a seed")
    func isComplete() {
        #expect(Set(KnownMutant.all.map(\.mutant)) == Set(Mutant.allCases))
    }
}
