// SPDX-License-Identifier: Apache-2.0

import Glibc

extension FastCGIConnection {
    borrowing func timeout(operation: String) -> CacheTargetError {
        CacheTargetError(
            .timedOut, target: address.description, operation: operation,
            expected: "an answer before the deadline", found: "silence",
            hint: "Look whether PHP-FPM is stopped or all its children are busy (pm.max_children).")
    }

    borrowing func cut(afterBytes count: Int, operation: String) -> CacheTargetError {
        CacheTargetError(
            .replyCut, target: address.description, operation: operation,
            expected: "a whole reply", found: "end of connection after \(count) bytes",
            hint: "PHP-FPM restarted or its child died; look into its log, then try again.")
    }

    /// A refusal of the operating system, in words.
    static func failure(
        _ code: Int32, _ address: FastCGIAddress, operation: String
    ) -> CacheTargetError {
        let (kind, expected, hint): (CacheTargetError.Code, String, String) =
            switch code {
            case ENOENT, ENOTDIR, ELOOP:
                (
                    .socketMissing, "a listening socket",
                    "Start PHP-FPM, or correct the path under caches: in sitestacker.yml."
                )
            case EACCES, EPERM:
                (
                    .permissionDenied, "the right to connect",
                    "Let the daemon's user be in listen.group of the pool."
                )
            case ECONNREFUSED, ENOTSOCK:
                (.refused, "a listening server", "Start PHP-FPM: nobody listens there.")
            case ETIMEDOUT, EHOSTUNREACH, ENETUNREACH:
                (.timedOut, "a reachable server", "Check the address and the network.")
            default:
                (.system, "success", "See the operating system's message.")
            }
        return CacheTargetError(
            kind, target: address.description, operation: operation, expected: expected,
            found: String(cString: strerror(code)), hint: hint)
    }

    /// Bytes which are not the reply to the request, in words.
    static func refusal(
        _ refusal: FastCGIReplyReader.Refusal, _ address: FastCGIAddress
    ) -> CacheTargetError {
        let notFastCGI = "Check that the address is PHP-FPM's, not a web server's."
        let (kind, expected, found, hint): (CacheTargetError.Code, String, String, String) =
            switch refusal {
            case .malformed(.version(let version)):
                (.wrongProtocol, "FastCGI version 1", "version byte \(version)", notFastCGI)
            case .malformed(.kind(let type)):
                (.wrongProtocol, "a known record type", "type \(type)", notFastCGI)
            case .malformed(.length(let length)):
                (.wrongProtocol, "an end record of 8 bytes", "\(length) bytes", notFastCGI)
            case .unexpected(let type, let requestID):
                (
                    .wrongProtocol, "records of this reply", "\(type) of request \(requestID)",
                    notFastCGI
                )
            case .tooLarge(let limit):
                (
                    .replyTooLarge, "at most \(limit) bytes", "more",
                    "Look for an auto_prepend_file which writes output."
                )
            case .declined(let status):
                (
                    .declined, "protocol status 0", "status \(status)",
                    "The server is overloaded or not a responder; try again."
                )
            case .noHeader:
                (.wrongProtocol, "a CGI header", "other output", notFastCGI)
            case .trailing(let count):
                (.wrongProtocol, "nothing after the reply", "\(count) bytes", notFastCGI)
            }
        return CacheTargetError(
            kind, target: address.description, operation: "read reply", expected: expected,
            found: found, hint: hint)
    }
}
