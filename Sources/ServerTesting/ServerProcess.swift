// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Glibc
internal import Synchronization

/// A server of a test's own, in the foreground; ended by its process ID, also when a test fails.
public final class ServerProcess: Sendable {
    private let processID: pid_t
    private let hasEnded = Mutex(false)

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: Where it is; `nil` where it is not installed.
    ///   - input: What it reads.
    ///   - output: Where what it says is added.
    /// - Throws: `MissingServer` without a program; `POSIXError` where it cannot be started.
    public init(
        _ program: String?, _ arguments: [String], input: String = "/dev/null",
        output: String = "/dev/null"
    ) throws {
        guard let program else { throw MissingServer() }
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(
            &files, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO)
        // A copy of a fake server's connection would keep that open after its end. What is closed
        // already is no error: glibc's posix_spawn(3) looks at the range only.
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            guard let file = Int32(name), file > STDERR_FILENO else { continue }
            posix_spawn_file_actions_addclose(&files, file)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        Self.setSignals(&attributes)
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        words.append(nil)
        defer { words.forEach { free($0) } }
        var number = pid_t()
        let status = posix_spawn(&number, program, &files, &attributes, words, environ)
        guard status == 0 else { throw POSIXError(POSIXErrorCode(rawValue: status) ?? .EIO) }
        processID = number
    }

    private static func setSignals(_ attributes: inout posix_spawnattr_t) {
        // The threads of a test block all signals, and a child would go on doing so.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        // A group of its own: Apache ends by a signal to its group, and its children by ours.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
    }

    /// At once: what a test keeps in it is worth nothing, and Memcached takes a second to end.
    deinit { end(by: SIGKILL) }

    /// Ends it as an administrator would; after a deadline by SIGKILL.
    public func stop() { end(by: SIGTERM) }

    /// Ends it and its children by a signal; after a deadline by SIGKILL.
    public func end(by signal: Int32) {
        hasEnded.withLock { hasEnded in
            guard !hasEnded else { return }
            kill(processID, SIGCONT)
            kill(processID, signal)
            let deadline = ContinuousClock.now + .seconds(5)
            while waitpid(processID, nil, WNOHANG) == 0 {
                if ContinuousClock.now > deadline { kill(processID, SIGKILL) }
                _ = poll(nil, 0, 1)
            }
            kill(-processID, SIGKILL)
            hasEnded = true
        }
    }

    /// Freezes it, so that it accepts connections and answers nothing.
    public func freeze() { kill(processID, SIGSTOP) }

    /// Lets it go on.
    public func resume() { kill(processID, SIGCONT) }

    /// Runs a program to its end, and expects success.
    ///
    /// - Throws: `FailedProgram` where it fails; else as `init` does.
    public static func run(
        _ program: String?, _ arguments: [String], input: String = "/dev/null", output: String
    ) throws {
        let process = try ServerProcess(program, arguments, input: input, output: output)
        var status: Int32 = -1
        process.hasEnded.withLock { hasEnded in
            hasEnded = waitpid(process.processID, &status, 0) == process.processID
        }
        guard status == 0 else {
            throw FailedProgram(words: [program ?? ""] + arguments, status: status, output: output)
        }
    }
}

extension ServerProcess {
    /// The program under one of these names, where it is installed.
    public static func program(_ names: String...) -> String? {
        let places = ["/usr/bin", "/usr/sbin", "/usr/local/bin"]
        return names.flatMap { name in places.map { "\($0)/\(name)" } }
            .first { access($0, X_OK) == 0 }
    }

    /// Whether tests which need a program run: skipped without it, but never in continuous
    /// integration.
    public static func isUsable(_ program: String?) -> Bool {
        program.map { access($0, X_OK) == 0 } == true
            || ProcessInfo.processInfo.environment["CI"] == "true"
    }
}

/// A server that a test needs is not installed.
public struct MissingServer: Error, CustomStringConvertible {
    /// What to do.
    public var description: String { "the server is not installed: make setup" }
}

/// A program that prepares something failed.
public struct FailedProgram: Error, CustomStringConvertible {
    let words: [String]
    let status: Int32
    let output: String

    /// What failed, and where it says why.
    public var description: String {
        "\(words.joined(separator: " ")) ended with \(status), see \(output)"
    }
}
