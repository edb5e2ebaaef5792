// SPDX-License-Identifier: Apache-2.0
import ClusterSimulator
import Foundation
import Testing

@Suite("A seed is a run")
struct DeterminismTests {
    @Test(
        "Two runs in one process have equal transcripts", arguments: [3, 7, 11, 18, 25] as [UInt64])
    func oneProcess(_ seed: UInt64) throws {
        let one = try Simulation.run(seed: seed)
        let other = try Simulation.run(seed: seed)
        #expect(one.transcript.count > 100)
        #expect(one.transcript.hash == other.transcript.hash)
        #expect(one.transcript.lines == other.transcript.lines)
    }

    @Test("Two processes print equal transcripts", arguments: [5, 7, 14] as [UInt64])
    func twoProcesses(_ seed: UInt64) throws {
        let one = try output(ofSeed: seed)
        let other = try output(ofSeed: seed)
        #expect(one.split(separator: "\n").count > 100)
        #expect(one == other)
    }

    @Test("Different seeds are different runs")
    func seedsDiffer() throws {
        let one = try Simulation.run(seed: 14)
        let other = try Simulation.run(seed: 18)
        #expect(one.transcript.hash != other.transcript.hash)
    }

    /// What the program prints of a seed, without its speed.
    private func output(ofSeed seed: UInt64) throws -> String {
        let process = Process()
        let simulator = Self.products.appendingPathComponent("sitestacker-simulator").path
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        process.arguments = ["300", simulator, "--seed", "\(seed)", "--transcript"]
        // Hash tables are to be ordered differently in each process.
        process.environment = ProcessInfo.processInfo.environment
            .filter { $0.key != "SWIFT_DETERMINISTIC_HASHING" }
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let bytes = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            .filter { !$0.contains("seeds/s") }.joined(separator: "\n")
    }

    /// Where the build puts programs and tests.
    private static var products: URL {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent()
    }
}
