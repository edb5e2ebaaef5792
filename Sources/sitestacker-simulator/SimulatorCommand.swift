// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import ClusterSimulator

/// Runs whole clusters from seeds.
@main
struct SimulatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sitestacker-simulator",
        abstract: "Run whole clusters of the production core, each from a seed.",
        discussion: """
            Exit status: 0 where every run was right, 127 after a crash, 128 where something \
            did not happen in time, 129 where something happened that must never happen.
            """)

    @Option(help: "Run this seed only, and print how it went.")
    var seed: UInt64?

    @Option(help: "Run so many seeds.")
    var seeds: UInt64 = 500

    @Option(help: "The first of them.")
    var from: UInt64 = 1

    @Option(help: "Break the core in this way; `list` shows the ways.")
    var mutant: String?

    @Flag(help: "Print every line of the transcript, not only the last ones of a failure.")
    var transcript = false

    @Flag(help: "Go on after a failure, and list the seeds that failed.")
    var keepGoing = false

    func run() throws {
        if mutant == "list" {
            for mutant in Mutant.allCases { print(mutant.rawValue) }
            return
        }
        let broken = try mutant.map(named)
        let first = seed ?? from
        let count = seed == nil ? seeds : 1
        guard count > 0 else { throw ValidationError("--seeds must be at least 1") }
        let (last, overflow) = first.addingReportingOverflow(count - 1)
        guard !overflow else { throw ValidationError("--from and --seeds exceed 2^64") }
        try run(first...last, broken)
    }

    private func named(_ name: String) throws -> Mutant {
        guard let mutant = Mutant(rawValue: name) else {
            let names = Mutant.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("no mutant \(name); there are: \(names)")
        }
        return mutant
    }

    private func run(_ seeds: ClosedRange<UInt64>, _ mutant: Mutant?) throws {
        let clock = ContinuousClock()
        let began = clock.now
        var marks: [String: Int] = [:]
        var failed: [RunOutcome] = []
        var milliseconds: UInt64 = 0
        for seed in seeds {
            let outcome = try Simulation.run(
                seed: seed, mutant: mutant, keepsTranscript: transcript)
            marks.merge(outcome.marks, uniquingKeysWith: +)
            milliseconds += outcome.virtualMilliseconds
            if transcript { for line in outcome.transcript.lines { print(line) } }
            if self.seed != nil { describe(outcome) }
            guard let failure = outcome.failure else { continue }
            failed.append(outcome)
            report(outcome, failure)
            if !keepGoing { break }
        }
        let seconds = (clock.now - began) / .seconds(1)
        let rate = Double(Int(Double(seeds.count) / max(seconds, 0.001) * 10)) / 10
        for mark in marks.keys.sorted() { print("  \(mark): \(marks[mark] ?? 0)") }
        print(
            "seeds \(seeds.lowerBound) to \(seeds.upperBound): \(failed.count) failed, "
                + "\(milliseconds / 1_000) virtual seconds, \(rate) seeds/s")
        if let first = failed.first?.failure { throw ExitCode(first.kind.rawValue) }
    }

    private func describe(_ outcome: RunOutcome) {
        let faults = outcome.knobs.faults.map(\.rawValue).joined(separator: " ")
        print("seed \(outcome.seed): \(outcome.knobs.nodeCount) nodes; faults: \(faults)")
        print("transcript: \(outcome.transcript.count) lines, hash \(outcome.transcript.hash)")
    }

    private func report(_ outcome: RunOutcome, _ failure: Failure) {
        if !transcript, !keepGoing {
            for line in outcome.transcript.lines { print(line) }
        }
        print("seed \(outcome.seed): \(failure)")
        print("again: make simulate SEED=\(outcome.seed)")
    }
}
