// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import ServerTesting

/// The program under test: the built binary, and nothing of its inside.
enum Program {
    /// Where it is: `SITESTACKER`, else what `swift build` makes beside these tests.
    static let path: String =
        ProcessInfo.processInfo.environment["SITESTACKER"]
        ?? URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent(".build/debug/sitestacker").path
}

/// What a process wrote, and how it ended.
struct Outcome: CustomStringConvertible {
    let status: Int32
    let output: [UInt8]
    let errors: String

    /// Standard output as text, without the last line feed.
    var text: String {
        var text = String(decoding: output, as: UTF8.self)
        while text.last == "\n" { text.removeLast() }
        return text
    }

    /// Standard output as JSON, one document a line.
    func documents<Document: Decodable>(_ type: Document.Type) throws -> [Document] {
        try output.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(type, from: Foundation.Data($0))
        }
    }

    /// Standard output as one JSON document.
    func document<Document: Decodable>(_ type: Document.Type) throws -> Document {
        try JSONDecoder().decode(type, from: Foundation.Data(output))
    }

    var description: String { "exit \(status)\n\(text)\n\(errors)" }
}

/// A process of a test's own, ended by its process ID.
final class RunningProcess {
    private let process = Process()
    private let outputPath: String
    private let errorPath: String

    /// Starts a program whose output goes to files, so that no pipe can fill up.
    init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:],
        directory: String, input: [UInt8] = []
    ) throws {
        let name = "\(directory)/\(UUID().uuidString)"
        (outputPath, errorPath) = ("\(name).out", "\(name).err")
        for (path, bytes) in [(outputPath, []), (errorPath, []), ("\(name).in", input)] {
            try Foundation.Data(bytes).write(to: URL(fileURLWithPath: path))
        }
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": directory, "LANG": "C.UTF-8",
        ].merging(environment) { $1 }
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        let input = try FileHandle(forReadingFrom: URL(fileURLWithPath: "\(name).in"))
        let output = try FileHandle(forWritingTo: URL(fileURLWithPath: outputPath))
        let errors = try FileHandle(forWritingTo: URL(fileURLWithPath: errorPath))
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        // The process has its own by now, and nobody else would close ours.
        for handle in [input, output, errors] { try handle.close() }
    }

    deinit { signal(SIGKILL) }

    var isRunning: Bool { process.isRunning }
    var output: [UInt8] {
        Array(FileManager.default.contents(atPath: outputPath) ?? Foundation.Data())
    }
    var text: String { String(decoding: output, as: UTF8.self) }
    var errors: String {
        String(
            decoding: FileManager.default.contents(atPath: errorPath) ?? Foundation.Data(),
            as: UTF8.self)
    }

    func signal(_ number: Int32) {
        if process.isRunning { kill(process.processIdentifier, number) }
    }

    /// Its outcome, once it has ended by itself.
    func end(within timeout: Duration = .seconds(60)) async throws -> Outcome {
        do {
            try await eventually("the process to end", within: timeout) { !process.isRunning }
        } catch {
            signal(SIGKILL)
            throw error
        }
        return Outcome(status: process.terminationStatus, output: output, errors: errors)
    }

    /// Asks it to end, and kills it where it does not.
    func stop() async throws {
        signal(SIGCONT)
        signal(SIGTERM)
        do {
            _ = try await end(within: .seconds(15))
        } catch is Overdue {
            try await crash()
        }
    }

    /// Ends it as a power failure would.
    func crash() async throws {
        signal(SIGKILL)
        _ = try await end(within: .seconds(10))
    }
}
