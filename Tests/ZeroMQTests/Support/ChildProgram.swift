// SPDX-License-Identifier: Apache-2.0
import Foundation

/// How a child process ended, and what it said.
struct ChildOutcome: Sendable {
    /// The exit status, or the signal's number.
    let status: Int32
    let wasSignalled: Bool
    /// Standard output and error together.
    let output: String
}

/// Runs a program of the search path to its end, without holding a thread.
///
/// Limit: two minutes, after which timeout(1) ends it: status 124.
func runProgram(_ name: String, _ arguments: [String]) async throws -> ChildOutcome {
    let folder = try TemporaryFolder()
    let transcript = folder.url.appendingPathComponent("transcript")
    try Data().write(to: transcript)
    let handle = try FileHandle(forWritingTo: transcript)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
    process.arguments = ["--kill-after=5", "120", name] + arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handle
    process.standardError = handle
    try await withCheckedThrowingContinuation {
        (continuation: CheckedContinuation<Void, any Error>) in
        process.terminationHandler = { _ in continuation.resume() }
        do {
            try process.run()
        } catch {
            process.terminationHandler = nil
            continuation.resume(throwing: error)
        }
    }
    try handle.close()
    return ChildOutcome(
        status: process.terminationStatus,
        wasSignalled: process.terminationReason == .uncaughtSignal,
        output: String(decoding: try Data(contentsOf: transcript), as: UTF8.self))
}

/// A folder that goes with its owner.
final class TemporaryFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory
            .appendingPathComponent("zeromq-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        do {
            try FileManager.default.removeItem(at: url)
        } catch {
            print("\(url.path) stays behind: \(error)")
        }
    }
}
