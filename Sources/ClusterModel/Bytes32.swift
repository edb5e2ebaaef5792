// SPDX-License-Identifier: Apache-2.0

/// Thirty-two opaque bytes, compared as an unsigned big-endian number.
///
/// Held as four words, so that copies, hashes and comparisons cost no allocation: identifiers and
/// digests of this size are in every header.
public struct Bytes32: Hashable, Comparable, Sendable, CustomStringConvertible {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// Thirty-two zero bytes: "none" wherever a digest may be absent.
    public static let zero = Bytes32(words: (0, 0, 0, 0))

    private init(words: (UInt64, UInt64, UInt64, UInt64)) {
        self.words = words
    }

    /// Takes exactly thirty-two bytes; `nil` for any other number.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        // Headers hold five of these: bytes that lie in one piece are read as words.
        let words = bytes.withContiguousStorageIfAvailable { buffer in
            let raw = UnsafeRawBufferPointer(buffer)
            return (
                Bytes32.word(raw, 0), Bytes32.word(raw, 8), Bytes32.word(raw, 16),
                Bytes32.word(raw, 24)
            )
        }
        if let words {
            self.words = words
            return
        }
        var slow: [UInt64] = [0, 0, 0, 0]
        for (offset, byte) in bytes.enumerated() {
            slow[offset / 8] = slow[offset / 8] << 8 | UInt64(byte)
        }
        self.words = (slow[0], slow[1], slow[2], slow[3])
    }

    private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Takes sixty-four hexadecimal digits; `nil` for anything else.
    public init?(hex: some StringProtocol) {
        guard let bytes = Hexadecimal.decode(hex) else { return nil }
        self.init(bytes)
    }

    /// The bytes, most significant first.
    public var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(32)
        append(to: &result)
        return result
    }

    /// Appends the bytes to a buffer, most significant first.
    public func append(to buffer: inout [UInt8]) {
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: 56, through: 0, by: -8) {
                buffer.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
    }

    /// The first eight bytes as a number: the short form people see.
    public var prefix: UInt64 { words.0 }

    /// Sixty-four lower-case hexadecimal digits.
    public var description: String { Hexadecimal.encode(bytes) }

    /// Compares as unsigned big-endian numbers.
    public static func < (left: Bytes32, right: Bytes32) -> Bool {
        if left.words.0 != right.words.0 { return left.words.0 < right.words.0 }
        if left.words.1 != right.words.1 { return left.words.1 < right.words.1 }
        if left.words.2 != right.words.2 { return left.words.2 < right.words.2 }
        return left.words.3 < right.words.3
    }

    /// Whether all thirty-two bytes are equal.
    public static func == (left: Bytes32, right: Bytes32) -> Bool {
        left.words.0 == right.words.0 && left.words.1 == right.words.1
            && left.words.2 == right.words.2 && left.words.3 == right.words.3
    }

    /// Feeds the words to the hasher.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}
