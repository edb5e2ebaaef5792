// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// A folder of a test's own, gone with the value.
final class TemporaryFolder: Sendable {
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

    /// Writes an executable file.
    func install(_ name: String, _ text: String) throws {
        let file = "\(path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true)
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        guard chmod(file, 0o755) == 0 else { throw POSIXError(.EACCES) }
    }

    /// The content of a file; empty while there is none.
    func read(_ name: String) -> String {
        let bytes = FileManager.default.contents(atPath: "\(path)/\(name)") ?? Foundation.Data()
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The process ID in a file.
    func number(_ name: String) throws -> pid_t {
        guard let number = pid_t(read(name).filter(\.isNumber)), number > 1 else {
            throw POSIXError(.ESRCH)
        }
        return number
    }
}

/// A condition did not come true before the deadline.
struct DeadlineExceeded: Error {}

/// Asks again and again until the condition holds.
func eventually(
    atMost limit: Duration = .seconds(20), _ holds: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !holds() {
        guard ContinuousClock.now < deadline else { throw DeadlineExceeded() }
        try await Task.sleep(for: .milliseconds(5))
    }
}
