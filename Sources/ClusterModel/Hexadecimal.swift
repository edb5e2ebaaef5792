// SPDX-License-Identifier: Apache-2.0

/// Bytes as pairs of hexadecimal digits, as identifiers are shown and typed.
public enum Hexadecimal {
    private static let digits: [UInt8] = Array("0123456789abcdef".utf8)

    /// Two lower-case digits a byte.
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of an even number of digits, of either case; `nil` for anything else.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let source = Array(text.utf8)
        guard source.count.isMultiple(of: 2) else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(source.count / 2)
        for offset in stride(from: 0, to: source.count, by: 2) {
            guard let high = value(of: source[offset]), let low = value(of: source[offset + 1])
            else { return nil }
            result.append(high << 4 | low)
        }
        return result
    }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// A word as sixteen digits, zeros in front.
    public static func encode(_ word: UInt64) -> String {
        encode((0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) })
    }

    /// A word from exactly sixteen digits; `nil` for anything else.
    public static func decodeWord(_ text: some StringProtocol) -> UInt64? {
        guard let bytes = decode(text), bytes.count == 8 else { return nil }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
