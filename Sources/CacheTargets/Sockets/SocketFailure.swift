// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What goes wrong on the way to a server, in words.
enum SocketFailure {
    static func timeout(
        _ target: String, _ kind: ServerKind, operation: String
    ) -> CacheTargetError {
        CacheTargetError(
            .timedOut, target: target, operation: operation,
            expected: "an answer before the deadline", found: "silence", hint: kind.silent)
    }

    static func cut(
        _ target: String, _ kind: ServerKind, afterBytes count: Int, operation: String
    ) -> CacheTargetError {
        CacheTargetError(
            .replyCut, target: target, operation: operation, expected: "a whole reply",
            found: "end of connection after \(count) bytes", hint: kind.cut)
    }

    /// A refusal of the operating system.
    static func of(
        _ code: Int32, _ target: String, _ kind: ServerKind, operation: String
    ) -> CacheTargetError {
        let (name, expected, hint): (CacheTargetError.Code, String, String) =
            switch code {
            case ENOENT, ENOTDIR, ELOOP:
                (
                    .socketMissing, "a listening socket",
                    "Start \(kind.name), or correct the path under caches: in sitestacker.yml."
                )
            case EACCES, EPERM: (.permissionDenied, "the right to connect", kind.denied)
            case ECONNREFUSED, ENOTSOCK:
                (.refused, "a listening server", "Start \(kind.name): nobody listens there.")
            case ETIMEDOUT, EHOSTUNREACH, ENETUNREACH:
                (.timedOut, "a reachable server", "Check the address and the network.")
            default:
                (.system, "success", "See the operating system's message.")
            }
        return CacheTargetError(
            name, target: target, operation: operation, expected: expected,
            found: String(cString: strerror(code)), hint: hint)
    }
}
