// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization
import Testing

/// A server of a test's own, in the foreground; ended by its process ID, also when a test fails.
final class ServerProcess: Sendable {
    private let processID: pid_t
    private let hasEnded = Mutex(false)

    /// The program under one of these names, where it is installed.
    static func program(_ names: String...) -> String? {
        let places = ["/usr/bin", "/usr/sbin", "/usr/local/bin"]
        return names.flatMap { name in places.map { "\($0)/\(name)" } }
            .first { access($0, X_OK) == 0 }
    }

    /// Whether tests which need a program run: skipped without it, but never in continuous
    /// integration.
    static func isUsable(_ program: String?) -> Bool {
        program != nil || ProcessInfo.processInfo.environment["CI"] == "true"
    }

    /// Starts the program; what it says goes nowhere.
    init(_ program: String?, _ arguments: [String]) throws {
        let program = try #require(program, "the server is not installed: make setup")
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        for file in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
            posix_spawn_file_actions_addopen(&files, file, "/dev/null", O_RDWR, 0)
        }
        // A copy of a fake server's connection would keep that open after its end. What is closed
        // already is no error: glibc's posix_spawn(3) looks at the range only.
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
        // A group of its own: Apache ends by a signal to its group, and its children by ours.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        words.append(nil)
        defer { words.forEach { free($0) } }
        var number = pid_t()
        let status = posix_spawn(&number, program, &files, &attributes, words, environ)
        guard status == 0 else { throw POSIXError(POSIXErrorCode(rawValue: status) ?? .EIO) }
        processID = number
    }

    /// At once: it has nothing to save, and Memcached takes a second to end by itself.
    deinit { end(by: SIGKILL) }

    /// Ends it as an administrator would; after a deadline by SIGKILL.
    func stop() { end(by: SIGTERM) }

    private func end(by signal: Int32) {
        hasEnded.withLock { hasEnded in
            guard !hasEnded else { return }
            kill(processID, SIGCONT)
            kill(processID, signal)
            let deadline = ContinuousClock.now + .seconds(3)
            while waitpid(processID, nil, WNOHANG) == 0 {
                if ContinuousClock.now > deadline { kill(processID, SIGKILL) }
                _ = poll(nil, 0, 1)
            }
            kill(-processID, SIGKILL)
            hasEnded = true
        }
    }

    /// Freezes it, so that it accepts connections and answers nothing.
    func freeze() { kill(processID, SIGSTOP) }

    /// Lets it go on.
    func resume() { kill(processID, SIGCONT) }
}

extension FakeServer {
    /// Answers each request with the next of `steps`, then hangs up.
    static func scripted(_ steps: [[UInt8]]) throws -> FakeServer {
        try FakeServer { connection in
            var bytes = [UInt8](repeating: 0, count: 64 * 1_024)
            for (index, step) in steps.enumerated() {
                if index > 0, recv(connection, &bytes, bytes.count, 0) <= 0 { return }
                guard send(step, to: connection) else { return }
            }
        }
    }

    /// Answers the first request with `first` and every further one with `rest`.
    static func endless(_ first: [UInt8], _ rest: [UInt8]) throws -> FakeServer {
        try FakeServer { connection in
            var bytes = [UInt8](repeating: 0, count: 64 * 1_024)
            var next = first
            while send(next, to: connection), recv(connection, &bytes, bytes.count, 0) > 0 {
                next = rest
            }
        }
    }
}
