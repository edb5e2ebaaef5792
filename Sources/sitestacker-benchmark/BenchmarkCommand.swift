// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import Foundation
internal import Glibc
internal import NodeRuntime

/// Measures one row of `docs/performance.md`; `examples/benchmark/run` measures all.
@main
enum BenchmarkCommand {
    private static let usage = """
        usage: sitestacker-benchmark \(Scenario.allCases.map(\.rawValue).joined(separator: "|"))
               sitestacker-benchmark clear FPM-SOCKET FPM-SOCKET FPM-SOCKET PRIMING-SCRIPT

        """

    static func main() async {
        do {
            try await run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            FileHandle.standardError.write(Data("sitestacker-benchmark: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func run(_ arguments: [String]) async throws {
        if arguments.count == 1, let scenario = Scenario(rawValue: arguments[0]) {
            return try await scenario.run()
        }
        if arguments.count == 2 + Scoreboard.subscriberCount, arguments[0] == "clear" {
            return try await Clearing.measure(Array(arguments.dropFirst()))
        }
        guard arguments.count >= 3, let index = Int(arguments[2]),
            (1..<Fixture.nodeCount).contains(index)
        else { explain() }
        let fixture = try Fixture.read(from: arguments[1])
        switch (arguments[0], arguments.count) {
        case ("node", 3): try await subscribe(fixture, index: index)
        case ("echo", 3): try await RoundTrip.echo(fixture, index: index)
        case ("clearing", 4):
            try await Clearing.serve(fixture, index: index, pool: arguments[3])
        default: explain()
        }
    }

    private static func explain() -> Never {
        FileHandle.standardError.write(Data(usage.utf8))
        exit(64)
    }

    /// A node that notes what its subscriber is handed, until the pipe closes.
    private static func subscribe(_ fixture: Fixture, index: Int) async throws {
        let board = try Scoreboard.open(at: "\(fixture.folder)/board")
        let measured = try await MeasuredNode(fixture, index: index)
        measured.noteArrivals(on: board, of: index - 1)
        try await measured.whileRunning { try await onThread { Subprocess.waitForEnd() } }
    }
}
