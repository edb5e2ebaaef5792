// SPDX-License-Identifier: Apache-2.0

internal import Foundation
public import Glibc
internal import Testing

/// A directory of a test's own, gone with the value.
///
/// Its path is short enough for the name of a Unix socket in it.
public final class TemporaryDirectory: Sendable {
    /// Where it is.
    public let path: String

    /// Makes it below `/tmp`.
    ///
    /// - Parameter mode: Readable by all where servers with a user of their own must get in.
    /// - Throws: `POSIXError` where it cannot be made.
    public init(mode: mode_t = 0o755) throws {
        var template = Array("/tmp/sitestacker-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXError(.EIO) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard chmod(path, mode) == 0 else { throw POSIXError(.EACCES) }
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Issue.record("left behind: \(path): \(error)")
        }
    }

    /// Writes a file, making the folders above it, and gives its path.
    ///
    /// - Throws: What Foundation throws, or `POSIXError`.
    @discardableResult
    public func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws -> String {
        let file = "\(path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true)
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        guard chmod(file, mode) == 0 else { throw POSIXError(.EACCES) }
        return file
    }

    /// Writes a program.
    ///
    /// - Throws: As `write` does.
    public func install(_ name: String, _ text: String) throws {
        try write(name, text, mode: 0o755)
    }

    /// The content of a file; empty while there is none.
    public func read(_ name: String) -> String {
        let bytes = FileManager.default.contents(atPath: "\(path)/\(name)") ?? Foundation.Data()
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The process ID that a file holds.
    ///
    /// - Throws: `POSIXError` where it holds none.
    public func number(_ name: String) throws -> pid_t {
        guard let number = pid_t(read(name).filter(\.isNumber)), number > 1 else {
            throw POSIXError(.ESRCH)
        }
        return number
    }
}
