// SPDX-License-Identifier: Apache-2.0

/// Why bytes were refused, or a value could not be put into bytes.
///
/// Carries nothing that was not in the input, and none of it in full.
public struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of refusal this is; the part that callers branch on and count by.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// A part of a fixed length has another one.
        case wrongLength
        /// The first bytes are not those of this format and version.
        case wrongMagic
        /// It belongs to another cluster.
        case foreignCluster
        /// Bytes which must be zero are not.
        case nonZeroReserved
        /// A number is outside its range.
        case outOfRange
        /// The bytes are not a message of Protocol Buffers.
        case malformed
        /// The message has another encoding than the only permitted one.
        case notCanonical
        /// A text has forbidden characters.
        case forbiddenText
        /// Something is longer than its limit, or there is more of it.
        case aboveLimit
        /// Something which must be there is missing.
        case missing
        /// A list is not in strictly ascending order.
        case notAscending
        /// The number of events or frames is not the stated one.
        case wrongCount
        /// A topic, verb or status that no table has.
        case unknownWord
        /// Two parts that must agree do not.
        case mismatch
    }

    /// What kind of refusal this is.
    public let code: Code
    /// What was being read or written.
    public let operation: String
    /// What would have been accepted.
    public let expected: String
    /// What was there instead.
    public let found: String

    /// Describes a refusal.
    public init(_ code: Code, _ operation: String, expected: String, found: String) {
        self.code = code
        self.operation = operation
        self.expected = expected
        self.found = found
    }

    /// What to do about it.
    public var hint: String {
        switch code {
        case .foreignCluster:
            "two clusters share an address; check the URLs in sitestacker.yml"
        case .wrongMagic, .unknownWord:
            "the sender runs another version of sitestacker, or something else"
        case .aboveLimit:
            "see the limits in docs/specification/wire.md"
        case .wrongLength, .nonZeroReserved, .outOfRange, .malformed, .notCanonical,
            .forbiddenText, .missing, .notAscending, .wrongCount, .mismatch:
            "no correct node sends this; compare the sender with docs/specification/wire.md"
        }
    }

    /// One line for a log or a terminal.
    public var description: String {
        "\(operation): expected \(expected), found \(found) (\(code.rawValue)); \(hint)"
    }

    static func length(_ operation: String, _ expected: Int, found: Int) -> WireError {
        WireError(
            .wrongLength, operation, expected: "\(expected) bytes", found: "\(found) bytes")
    }
}
