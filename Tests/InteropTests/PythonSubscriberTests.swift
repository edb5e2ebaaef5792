// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// The subscriber of `examples/python-subscriber`, which was written from the specification alone.
@Suite struct PythonSubscriberTests {
    @Test("a subscriber in Python reads the vectors, and follows a real daemon without gaps")
    func subscriberInPython() async throws {
        let root = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let script = root.appending(path: "examples/python-subscriber/run-test")
        let (status, output) = try await run(script, [try program().path])
        #expect(status == 0, "\(output)")
    }

    /// The program beside these tests in the build directory.
    private func program() throws -> URL {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(filePath: tests).deletingLastPathComponent().appending(path: "sitestacker")
    }

    /// Runs a program to its end; its exit status and all it said.
    ///
    /// Limit: five minutes, after which timeout(1) ends it with all it started: status 124.
    private func run(_ script: URL, _ arguments: [String]) async throws -> (Int32, String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/timeout")
        process.arguments = ["--kill-after=10", "300", script.path] + arguments
        process.standardOutput = pipe
        process.standardError = pipe
        return try await withCheckedThrowingContinuation { continuation in
            do {
                try process.run()
            } catch {
                return continuation.resume(throwing: error)
            }
            Thread.detachNewThread {
                let output = pipe.fileHandleForReading.readDataToEndOfFile()
                process.waitUntilExit()
                continuation.resume(
                    returning: (process.terminationStatus, String(decoding: output, as: UTF8.self)))
            }
        }
    }
}
