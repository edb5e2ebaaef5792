// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Synchronization

/// A file of the daemon's owner to which lines are added, of bounded size.
///
/// Law: a line is written whole, by one call, or not at all as far as its writer knows; nothing
/// that was written is changed. Where the next line would exceed the limit the file is renamed to
/// `NAME.1`, in place of an earlier one, and begun anew: at most two limits are on the disk.
/// It is not synchronised: a power cut may take the last lines.
public final class BoundedLogFile: Sendable {
    private struct State {
        var descriptor: Int32
        var size: Int
    }

    private let path: String
    private let limit: Int
    private let state: Mutex<State>

    /// Opens the file, or makes it with mode 0600.
    ///
    /// - Parameter limit: Length at which it is begun anew. Unit: bytes.
    /// - Throws: ``ConfigurationError``: `unreadable` where it cannot be opened, `unsafe` where it
    ///   is no plain file of its owner alone.
    public init(path: String, limit: Int = 8 * 1_024 * 1_024) throws(ConfigurationError) {
        self.path = path
        self.limit = limit
        state = Mutex(try BoundedLogFile.open(path))
    }

    deinit { state.withLock { _ = close($0.descriptor) } }

    /// Adds a line; its end is added here.
    ///
    /// - Throws: ``ConfigurationError``: `unreadable` where it cannot be written.
    public func append(_ line: [UInt8]) throws(ConfigurationError) {
        let bytes = line + [UInt8(ascii: "\n")]
        let failure = BoundedLogFile.failure(path)
        try state.withLock { (state) throws(ConfigurationError) in
            if state.size > 0, state.size + bytes.count > limit {
                guard rename(path, path + ".1") == 0 else {
                    throw failure.error(
                        .unreadable, expected: "to rename it to \(path).1", found: reason(errno))
                }
                let next = try BoundedLogFile.open(path)
                _ = close(state.descriptor)
                state = next
            }
            let count = bytes.withUnsafeBytes { write(state.descriptor, $0.baseAddress, $0.count) }
            guard count == bytes.count else {
                throw failure.error(
                    .unreadable, expected: "to write \(bytes.count) bytes",
                    found: count < 0 ? reason(errno) : "room for \(count)")
            }
            state.size += count
        }
    }

    private static func open(_ path: String) throws(ConfigurationError) -> State {
        let failure = failure(path)
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        let descriptor = Glibc.open(path, flags, 0o600)
        guard descriptor >= 0 else {
            throw failure.error(.unreadable, expected: "to open it", found: reason(errno))
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_uid == geteuid(), status.st_mode & 0o077 == 0
        else {
            _ = close(descriptor)
            throw failure.error(
                .unsafe, expected: "a plain file of its owner alone", found: "another one",
                hint: "chmod 600 \(path), or move it away")
        }
        return State(descriptor: descriptor, size: Int(status.st_size))
    }

    private static func failure(_ path: String) -> Failure {
        Failure(path: path, operation: "write the log of what was done")
    }
}
