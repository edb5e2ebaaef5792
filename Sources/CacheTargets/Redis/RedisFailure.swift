// SPDX-License-Identifier: Apache-2.0

/// What goes wrong with Redis, in words.
struct RedisFailure: Sendable {
    let target: String
    let login: RedisLogin?

    /// An error reply, sorted by its first word.
    ///
    /// Source: the prefixes of errors in Redis' `server.c`, `createSharedObjects`.
    func refusal(_ text: [UInt8], operation: String) -> CacheTargetError {
        let words = String(decoding: text.prefix(1_024), as: UTF8.self)
        let word = words.prefix { $0 != " " }
        let lower = words.lowercased()
        let isLogin =
            ["NOAUTH", "WRONGPASS", "DENIED"].contains(word)
            || lower.hasPrefix("err invalid password")
            || lower.contains("without any password configured")
            || lower.contains("no password is set")
        if isLogin {
            return error(
                .loginRefused, operation, "a login that Redis accepts", words,
                word == "DENIED"
                    ? "Redis is in protected mode: set a password, or bind it to this host."
                    : "Correct user and password of redis://USER:PASSWORD@HOST in sitestacker.yml.")
        }
        let (code, expected, hint): (CacheTargetError.Code, String, String) =
            switch word {
            case "NOPERM":
                (
                    .forbidden, "the right to use the command and the keys",
                    "Give the user +select +scan +sscan +zscan +unlink +exists +srem +zrem +type "
                        + "+multi +exec +dbsize, and ~PREFIX*."
                )
            case "LOADING", "MASTERDOWN", "BUSY", "TRYAGAIN":
                (.notReady, "a Redis that serves", "Wait until it is ready; it is tried again.")
            case "READONLY", "NOREPLICAS", "MISCONF":
                (.readOnly, "a Redis that takes writes", "Name the master, or mend its disk.")
            case "MOVED", "ASK", "CROSSSLOT", "CLUSTERDOWN":
                (.clustered, Self.single, Self.clusterHint)
            default:
                (.declined, "an answer without an error", "Redis 4 or later is needed.")
            }
        return error(code, operation, expected, words, hint)
    }

    static let single = "a Redis that has all keys itself"
    static let clusterHint =
        "Redis Cluster is not cleared from here: use command: with redis-cli --cluster call."

    /// Bytes that are no reply.
    func refusal(_ refusal: RESPReader.Refusal, operation: String) -> CacheTargetError {
        let hint = "Check that the address is that of Redis, without TLS."
        func wrong(_ expected: String, _ found: String) -> CacheTargetError {
            error(.wrongProtocol, operation, expected, found, hint)
        }
        func large(_ expected: String) -> CacheTargetError {
            error(
                .replyTooLarge, operation, expected, "more", "Look for huge keys in the database.")
        }
        return switch refusal {
        case .type(let byte): wrong("a reply of RESP2", "a reply that begins with byte \(byte)")
        case .number: wrong("a number", "something else")
        case .line: wrong("a line of at most \(RESPReader.maximumLine) bytes", "something else")
        case .ending: wrong("a line end after a text", "other bytes")
        case .tooLarge(let limit): large("at most \(limit) bytes")
        case .tooMany: large("at most \(RESPReader.maximumElements) values")
        case .tooDeep: wrong("lists at most \(RESPReader.maximumDepth) deep", "deeper ones")
        }
    }

    /// A reply that does not fit its command.
    func misfit(_ value: RESPValue, operation: String, expected: String) -> CacheTargetError {
        if case .error(let text) = value { return refusal(text, operation: operation) }
        let found =
            switch value {
            case .simple(let text): "the text \(String(decoding: text.prefix(100), as: UTF8.self))"
            case .error: "an error"
            case .integer(let number): "the number \(number)"
            case .bulk(let content): content.map { "\($0.count) bytes" } ?? "no text"
            case .array(let values): values.map { "a list of \($0.count)" } ?? "no list"
            }
        return error(
            .wrongProtocol, operation, expected, found, "Check that the address is that of Redis.")
    }

    func error(
        _ code: CacheTargetError.Code, _ operation: String, _ expected: String, _ found: String,
        _ hint: String
    ) -> CacheTargetError {
        CacheTargetError(
            code, target: target, operation: operation, expected: expected,
            found: login?.removed(from: found) ?? found, hint: hint)
    }
}
