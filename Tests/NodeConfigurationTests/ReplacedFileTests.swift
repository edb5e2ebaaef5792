// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import NodeConfiguration

/// What is read is one state of the file, or nothing.
@Suite("Files that are replaced while they are read")
struct ReplacedFileTests {
    private let temporary: TemporaryFolder

    init() throws {
        temporary = try TemporaryFolder()
    }

    /// Reads the file; before the reader looks at it again the change is made.
    private func read(_ path: String, _ change: (Int) throws -> Void) throws -> String? {
        var failure: (any Error)?
        var count = 0
        let bytes = try ConfigurationFile.read(path, limit: 1_024, operation: "test") {
            count += 1
            do { try change(count) } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Writes into the file that is there, and dates it, since clocks of files are coarse.
    private func overwrite(_ path: String, _ text: String, second: Int) throws {
        let file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
        try #require(file >= 0)
        defer { _ = close(file) }
        try #require(write(file, text, text.utf8.count) == text.utf8.count)
        let times = [timespec(tv_sec: second, tv_nsec: 0), timespec(tv_sec: second, tv_nsec: 0)]
        try #require(futimens(file, times) == 0)
    }

    @Test("One that is renamed into its place is read next time; what was opened is read whole")
    func renamed() throws {
        let path = try temporary.make("users", "alice\n")
        let text = try read(path) { _ in
            try #require(rename(try temporary.make("new", "bob\ncarol\n"), path) == 0)
        }
        #expect(text == "alice\n")
        #expect(try read(path) { _ in } == "bob\ncarol\n")
    }

    @Test(
        "One that is written in its place is read again",
        arguments: ["", "al", "alice\nbob\n", "carol\n"])
    func overwritten(_ text: String) throws {
        let path = try temporary.make("users", "alice\n")
        let read = try read(path) { count in
            if count == 1 { try overwrite(path, text, second: 1_000) }
        }
        #expect(read == text)
    }

    @Test("One that is never at rest is refused")
    func restless() throws {
        let path = try temporary.make("users", "alice\n")
        let error = #expect(throws: ConfigurationError.self) {
            try read(path) { try overwrite(path, "user\($0)\n", second: 1_000 + $0) }
        }
        #expect(error?.code == .unreadable)
        #expect(error?.description.contains("changes while it is read") == true)
    }

    @Test(
        "Gone, or something else by then, it was still the file that was opened",
        arguments: [true, false])
    func swapped(isLinked: Bool) throws {
        let path = try temporary.make("users", "alice\n")
        let text = try read(path) { _ in
            try #require(unlink(path) == 0)
            if isLinked { try #require(symlink("/etc/passwd", path) == 0) }
        }
        #expect(text == "alice\n")
    }
}
