// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// A directory of a test's own, world-readable as PHP-FPM needs it, gone with the value.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/sitestacker-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXError(.EIO) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard chmod(path, 0o755) == 0 else { throw POSIXError(.EACCES) }
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            print("left behind: \(path): \(error)")
        }
    }

    /// Writes a file and gives its path.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        let file = "\(path)/\(name)"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        guard chmod(file, 0o644) == 0 else { throw POSIXError(.EACCES) }
        return file
    }
}

/// A condition did not come true before the deadline.
struct DeadlineExceeded: Error {
    let condition: String
}

/// Asks again and again until the condition holds.
func wait(
    for condition: String, atMost limit: Duration = .seconds(10),
    until holds: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !holds() {
        guard ContinuousClock.now < deadline else { throw DeadlineExceeded(condition: condition) }
        try await Task.sleep(for: .milliseconds(2))
    }
}
