// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser
import SitestackerCLI
import Synchronization

/// A root as the program has one.
struct TestRoot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sitestacker", subcommands: sitestackerSubcommands)
}

/// Keeps what is written to it; whoever reads it leaves after some writes.
final class MemorySink: ByteSink {
    let isTerminal: Bool
    private let patience: Int
    private let isLeftThen: Bool
    private let writes = Mutex<[[UInt8]]>([])

    init(isTerminal: Bool = false, patience: Int = .max, isLeftThen: Bool = false) {
        self.isTerminal = isTerminal
        self.patience = patience
        self.isLeftThen = isLeftThen
    }

    var text: String { writes.withLock { String(decoding: $0.joined(), as: UTF8.self) } }
    var count: Int { writes.withLock { $0.count } }
    /// Whether the reader has left after its writes, and can be seen to have.
    var isAbandoned: Bool { isLeftThen && count >= patience }

    func write(_ bytes: [UInt8]) throws {
        try writes.withLock { writes in
            guard writes.count < patience else { throw ReaderLeft() }
            writes.append(bytes)
        }
    }
}

/// What a command line came to.
struct CommandRun {
    let status: Int32
    let output: String
    let talk: String
}

/// Runs a command line with its state in `home`, and nothing of the real process.
func run(
    _ arguments: [String], home: String, directory: String? = nil, input: [UInt8] = [],
    environment: [String: String] = [:], output: MemorySink = MemorySink()
) async -> CommandRun {
    let talk = MemorySink(isTerminal: output.isTerminal)
    let surroundings = Surroundings(
        environment: environment.merging(["SITESTACKER_HOME": home, "HOME": home]) { $1 },
        workingDirectory: directory ?? home,
        readInput: { limit in Array(input.prefix(limit + 1)) }, isInputTerminal: false,
        standardOutput: output, standardError: talk)
    let status = await runSitestacker(
        TestRoot.self, arguments: arguments, surroundings: surroundings)
    return CommandRun(status: status, output: output.text, talk: talk.text)
}
