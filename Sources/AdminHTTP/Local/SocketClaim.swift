// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The right to serve at a socket's path.
///
/// A lock file beside the socket decides between two daemons; what a dead one left behind is
/// removed only under that lock, and only after nobody answered there.
struct SocketClaim {
    private let path: String
    private let lock: Int32

    /// Takes the right.
    ///
    /// - Throws: ``ServerError``.
    init(path: String) throws(ServerError) {
        self.path = path
        let operation = "claim the socket \(path)"
        guard path.utf8.count <= 107 else {
            throw ServerError(
                code: .system, operation: operation, expected: "a path of at most 107 bytes",
                found: "\(path.utf8.count)")
        }
        lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw .system(operation, expected: "a lock file") }
        do throws(ServerError) {
            guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
                throw ServerError(
                    code: .alreadyRunning, operation: operation, expected: "no other daemon",
                    found: "one that holds the lock")
            }
            try Self.removeDeadSocket(path, operation)
        } catch {
            close(lock)
            throw error
        }
    }

    /// Removes the socket and gives the right back.
    func release() {
        unlink(path)
        close(lock)
    }

    private static func removeDeadSocket(
        _ path: String, _ operation: String
    ) throws(ServerError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            guard errno == ENOENT else {
                throw .system(operation, expected: "a folder for the socket")
            }
            return
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw ServerError(
                code: .notASocket, operation: operation, expected: "nothing or a socket",
                found: "something else")
        }
        guard try !isAnswered(path, operation) else {
            throw ServerError(
                code: .alreadyRunning, operation: operation, expected: "no other daemon",
                found: "one that answers")
        }
        guard unlink(path) == 0 else {
            throw .system(operation, expected: "a socket that can be removed")
        }
    }

    private static func isAnswered(
        _ path: String, _ operation: String
    ) throws(ServerError) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC | O_NONBLOCK, 0)
        guard descriptor >= 0 else { throw .system(operation, expected: "a socket") }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if result == 0 { return true }
        // A full backlog means somebody who listens, however slowly.
        guard errno == ECONNREFUSED else { return errno == EAGAIN || errno == EINPROGRESS }
        return false
    }
}
