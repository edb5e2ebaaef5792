// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation

/// Tries every decoder with hostile bytes.
#if !LIBFUZZER
    @main
#endif
struct FuzzCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sitestacker-fuzz",
        abstract: "Try decoders with mutants of their corpus.",
        discussion: """
            Exit status: 0 where every law held, 1 where one was broken; a trap or an input that \
            takes 10 seconds ends the program by a signal. In both cases the input is left in \
            the folder of --failures, and --input tries it again.
            """)

    @Flag(help: "List the targets and do nothing.")
    var list = false

    @Option(help: "Try this target only.")
    var target: String?

    @Option(help: "Seconds for each target.")
    var seconds = 10.0

    @Option(help: "What the mutants are made from; by default another one in each run.")
    var seed: UInt64?

    @Option(help: "Try this file only; needs --target.")
    var input: String?

    @Option(help: "The folder with the corpora.")
    var corpus = "Tests/FuzzTests/Corpus"

    @Option(help: "The folder for an input that breaks a law.")
    var failures = ".build/fuzz"

    func run() throws {
        let targets = try chosen()
        if list {
            for target in targets { print(target.name) }
        } else if let input {
            guard target != nil else { throw ValidationError("--input needs --target") }
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: input)))
            print("\(targets[0].name): \(try targets[0].check(bytes))")
        } else {
            try run(targets)
        }
    }

    private func chosen() throws -> [FuzzTarget] {
        guard let target else { return FuzzTarget.all }
        let targets = FuzzTarget.all.filter { $0.name == target }
        guard !targets.isEmpty else {
            throw ValidationError("no target \(target); --list shows them")
        }
        return targets
    }

    private func run(_ targets: [FuzzTarget]) throws {
        let seed = seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
        for target in targets {
            var run = FuzzRun(
                target, corpus: try Corpus(of: target.name, in: corpus), seed: seed)
            let evidence = try Evidence(of: target.name, in: failures)
            do {
                try run.run(for: .seconds(seconds)) { input in
                    try evidence.record(input)
                    alarm(FuzzRun.patience)
                }
            } catch {
                alarm(0)
                print("\(target.name): \(error)")
                print("again: sitestacker-fuzz --target \(target.name) --input \(evidence.path)")
                throw ExitCode(1)
            }
            alarm(0)
            try evidence.remove()
            print(
                "\(target.name): \(run.tried) inputs, \(run.accepted) accepted, seed \(seed); "
                    + "slowest \(run.slowest.nanoseconds / 1_000) us "
                    + "for \(run.slowest.byteCount) bytes")
        }
    }
}
