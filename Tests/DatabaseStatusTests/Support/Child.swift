// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Synchronization
import Testing

/// A program of a test's own, run as an ordinary user, ended by its process ID.
final class Child: Sendable {
    private let processID: pid_t
    private let hasEnded = Mutex(false)

    /// Starts a program in the foreground; what it says goes into a file.
    init(_ words: [String], input: String = "/dev/null", output: String) throws {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(
            &files, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO)
        // Sockets of other tests would stay open in it. Closing what is closed already is no error.
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            guard let file = Int32(name), file > STDERR_FILENO else { continue }
            posix_spawn_file_actions_addclose(&files, file)
        }
        // The threads of a test block all signals, and a child would go on doing so.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var texts: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        texts.append(nil)
        defer { for text in texts { free(text) } }
        var number = pid_t()
        let status = posix_spawn(&number, words[0], &files, &attributes, texts, environ)
        guard status == 0 else { throw POSIXError(POSIXErrorCode(rawValue: status) ?? .EIO) }
        processID = number
    }

    deinit { end(by: SIGKILL) }

    /// Ends it, by SIGKILL where it does not heed the signal.
    func end(by signal: Int32) {
        hasEnded.withLock { hasEnded in
            guard !hasEnded else { return }
            kill(processID, SIGCONT)
            kill(processID, signal)
            let deadline = ContinuousClock.now + .seconds(5)
            while waitpid(processID, nil, WNOHANG) == 0 {
                if ContinuousClock.now > deadline { kill(processID, SIGKILL) }
                _ = poll(nil, 0, 1)
            }
            hasEnded = true
        }
    }

    func freeze() { kill(processID, SIGSTOP) }
    func resume() { kill(processID, SIGCONT) }

    /// Runs a program to its end, and expects success.
    static func run(_ words: [String], input: String = "/dev/null", output: String) throws {
        let child = try Child(words, input: input, output: output)
        var status: Int32 = -1
        child.hasEnded.withLock { hasEnded in
            hasEnded = waitpid(child.processID, &status, 0) == child.processID
        }
        try #require(status == 0, "\(words[0]) ended with \(status), see \(output)")
    }

    /// The same program as a user without rights, where this is root: databases insist on it.
    static func unprivileged(_ words: [String]) -> [String] {
        guard geteuid() == 0 else { return words }
        return ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
            + words
    }

    /// Whether tests of a program run: skipped without it, but never in continuous integration.
    static func isUsable(_ program: String) -> Bool {
        access(program, X_OK) == 0 || ProcessInfo.processInfo.environment["CI"] == "true"
    }
}

/// A folder of a test's own that any user may use.
struct Folder {
    let path: String

    init() throws {
        path = "\(FileManager.default.temporaryDirectory.path)/db-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard chmod(path, 0o777) == 0 else { throw POSIXError(.EACCES) }
    }

    func write(_ text: String, to name: String) throws -> String {
        try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
        guard chmod("\(path)/\(name)", 0o644) == 0 else { throw POSIXError(.EACCES) }
        return "\(path)/\(name)"
    }

    func remove() {
        #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: path) }
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
        _ = poll(nil, 0, 10)
    }
}
