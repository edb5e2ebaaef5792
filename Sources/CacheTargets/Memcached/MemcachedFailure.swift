// SPDX-License-Identifier: Apache-2.0

/// What goes wrong with Memcached, in words.
struct MemcachedFailure: Sendable {
    let target: String

    /// A reply that does not fit its command.
    func misfit(_ reply: MemcachedReply, _ operation: String) -> CacheTargetError {
        guard case .refused(let text) = reply else {
            return error(
                .wrongProtocol, operation, "the reply to the command", "another one (\(reply))",
                "Check that the address is that of Memcached.")
        }
        let lower = text.lowercased()
        let (code, expected, hint): (CacheTargetError.Code, String, String) =
            if lower.contains("unauthenticated") || lower.contains("auth") {
                (
                    .loginRefused, "a Memcached without a password",
                    "Let the daemon reach a Memcached without -Y and -S, on a socket of its own."
                )
            } else if lower.contains("crawler disabled") {
                (
                    .forbidden, "a crawler, which lists the keys",
                    "Start Memcached with -o lru_crawler, or clear by tag or with flush: true."
                )
            } else if lower.contains("not allowed") || lower.contains("disabled") {
                (.forbidden, "the right to use the command", "Start Memcached without -F and -X.")
            } else {
                (
                    .declined, "an answer without an error",
                    "Listing keys needs Memcached 1.4.31 or later; look into its log."
                )
            }
        return error(code, operation, expected, text, hint)
    }

    /// Bytes that are no reply.
    func refusal(
        _ refusal: MemcachedReply.Refusal, _ operation: String
    ) -> CacheTargetError {
        let hint = "Check that the address is that of Memcached, without TLS."
        return switch refusal {
        case .unknown(let text):
            error(.wrongProtocol, operation, "a reply of Memcached", text, hint)
        case .key: error(.wrongProtocol, operation, "a key", "something else", hint)
        case .line:
            error(
                .replyTooLarge, operation, "lines of at most \(MemcachedReader.maximumLine) bytes",
                "a longer one", hint)
        }
    }

    /// Keys which cannot be named to this server.
    func unusable(_ count: Int, _ operation: String) -> CacheTargetError {
        error(
            .invalidRequest, operation,
            "keys of 1 to \(MemcachedKey.maximumLength) bytes without spaces and control bytes",
            "\(count) others",
            "Memcached 1.6.18 deletes others of up to \(MemcachedKey.maximumEncoded) bytes; "
                + "longer ones go with flush: true only.")
    }

    func error(
        _ code: CacheTargetError.Code, _ operation: String, _ expected: String, _ found: String,
        _ hint: String
    ) -> CacheTargetError {
        CacheTargetError(
            code, target: target, operation: operation, expected: expected, found: found,
            hint: hint)
    }
}
