// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import NodeRuntime
internal import Synchronization

/// A file which one process at a time has locked.
final class LockFile: Sendable {
    private let descriptor: Mutex<CInt?>

    /// Makes the file where it is missing, and locks it.
    ///
    /// - Throws: `.busy` while somebody else has it, `.inputOutput`, `.diskFull`.
    init(path: String) throws(EventLogError) {
        // Closed in children, which would hold the lock on after this process.
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .lastSystemError("open \(path)") }
        self.descriptor = Mutex(descriptor)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw .lastSystemError("lock \(path)")
        }
    }

    /// Lets the next one in.
    func release() {
        descriptor.withLock { descriptor in
            guard let open = descriptor else { return }
            close(open)
            descriptor = nil
        }
    }

    deinit { release() }
}

extension EventLogError {
    /// What `errno` says.
    static func lastSystemError(_ operation: String) -> EventLogError {
        let number = errno
        let code: Code =
            switch number {
            case ENOSPC, EDQUOT: .diskFull
            case EWOULDBLOCK: .busy
            default: .inputOutput
            }
        return EventLogError(
            code: code, operation: operation, detail: String(cString: strerror(number)))
    }
}
