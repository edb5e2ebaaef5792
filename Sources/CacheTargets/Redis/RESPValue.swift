// SPDX-License-Identifier: Apache-2.0

/// One value of the Redis serialization protocol, version 2.
///
/// Source: https://redis.io/docs/latest/develop/reference/protocol-spec/
public enum RESPValue: Sendable, Hashable {
    /// A short text: `+OK`.
    case simple([UInt8])
    /// A refusal: `-ERR ...`.
    case error([UInt8])
    /// A number: `:7`.
    case integer(Int64)
    /// Any bytes, or nothing: `$3`, `$-1`.
    case bulk([UInt8]?)
    /// Several values, or nothing: `*2`, `*-1`.
    case array([RESPValue]?)

    /// The bytes on the wire.
    ///
    /// Law: one encoding of each value; texts of `simple` and `error` hold no CR and no LF.
    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    private func append(to bytes: inout [UInt8]) {
        func line(_ mark: Character, _ text: some Sequence<UInt8>) {
            bytes += mark.utf8
            bytes += text
            bytes += [0x0D, 0x0A]
        }
        switch self {
        case .simple(let text): line("+", text)
        case .error(let text): line("-", text)
        case .integer(let number): line(":", "\(number)".utf8)
        case .bulk(.none): line("$", "-1".utf8)
        case .bulk(.some(let content)):
            line("$", "\(content.count)".utf8)
            bytes += content
            bytes += [0x0D, 0x0A]
        case .array(.none): line("*", "-1".utf8)
        case .array(.some(let values)):
            line("*", "\(values.count)".utf8)
            for value in values { value.append(to: &bytes) }
        }
    }
}

/// One command for Redis.
///
/// Always sent as lengths and bytes, so no byte of a key, prefix or password can mean anything
/// to the protocol.
struct RESPCommand: Sendable, Equatable {
    var words: [[UInt8]]

    init(_ words: String...) { self.words = words.map { Array($0.utf8) } }

    /// A command over many keys or members.
    init(_ word: String, _ arguments: [[UInt8]]) {
        words = [Array(word.utf8)] + arguments
    }

    /// Appends the bytes on the wire.
    func append(to bytes: inout [UInt8]) {
        bytes += "*\(words.count)\r\n".utf8
        for word in words {
            bytes += "$\(word.count)\r\n".utf8
            bytes += word
            bytes += [0x0D, 0x0A]
        }
    }
}
