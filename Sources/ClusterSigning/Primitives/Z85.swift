// SPDX-License-Identifier: Apache-2.0

/// Z85, the printable form of CURVE keys: five characters for four bytes.
///
/// Encoding and decoding are inverse and unique: no two texts decode to the same bytes. They look
/// characters up in a table, so their time is not independent of the content.
///
/// Source: ZeroMQ RFC 32/Z85.
public enum Z85 {
    private static let alphabet = Array(
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
            .utf8)

    private static let values: [UInt8?] = {
        var values = [UInt8?](repeating: nil, count: 256)
        for (value, character) in alphabet.enumerated() {
            values[Int(character)] = UInt8(value)
        }
        return values
    }()

    /// Writes bytes as text.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength` unless the length is a multiple of four.
    public static func encode(_ bytes: [UInt8]) throws(CryptographyError) -> String {
        guard bytes.count.isMultiple(of: 4) else {
            throw .wrongLength("Z85 encoding", expected: "a multiple of 4", found: bytes.count)
        }
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count / 4 * 5)
        for start in stride(from: 0, to: bytes.count, by: 4) {
            let word = bytes[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) }
            for divisor: UInt32 in [52_200_625, 614_125, 7_225, 85, 1] {
                text.append(alphabet[Int(word / divisor % 85)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads bytes from text.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength` unless the length is a multiple of five,
    ///   with `malformedEncoding` for a foreign character or a group above 2^32 - 1.
    public static func decode(_ text: String) throws(CryptographyError) -> [UInt8] {
        let characters = Array(text.utf8)
        guard characters.count.isMultiple(of: 5) else {
            throw .wrongLength(
                "Z85 decoding", expected: "a multiple of 5", found: characters.count)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(characters.count / 5 * 4)
        for start in stride(from: 0, to: characters.count, by: 5) {
            var group: UInt64 = 0
            for character in characters[start..<start + 5] {
                guard let value = values[Int(character)] else {
                    throw malformed("a character outside it", at: start)
                }
                group = group * 85 + UInt64(value)
            }
            guard let word = UInt32(exactly: group) else {
                throw malformed("a group above 2^32 - 1", at: start)
            }
            bytes += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) }
        }
        return bytes
    }

    private static func malformed(_ found: String, at start: Int) -> CryptographyError {
        CryptographyError(
            .malformedEncoding, operation: "Z85 decoding", expected: "the Z85 alphabet",
            found: "\(found) in the group at \(start)", hint: "copy the key again, whole")
    }
}
