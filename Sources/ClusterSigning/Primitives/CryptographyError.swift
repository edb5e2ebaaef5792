// SPDX-License-Identifier: Apache-2.0

/// A refusal of the cryptographic half of `ClusterSigning`.
///
/// It never carries a secret: what was found is told as a length, a limit or the name of a state,
/// so the error may be logged and sent to a peer.
public struct CryptographyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of refusal this is; the part that callers branch on.
    public enum Code: String, Hashable, Sendable {
        /// A value has a length that its kind never has.
        case wrongLength
        /// A cost is lower than this program accepts.
        case belowFloor
        /// A cost or a size is higher than this program accepts.
        case aboveCeiling
        /// Bytes which are not the one permitted encoding of anything.
        case malformedEncoding
        /// A public key with which signatures prove nothing.
        case unsafeKey
        /// A point which is not on the curve, or is its identity.
        case invalidPoint
        /// A tag, a confirmation or a key does not match.
        case authenticationFailed
        /// A step was taken out of order, or after a failure.
        case misuse
        /// The machine has too little memory for the work.
        case memoryUnavailable
        /// The library refused what it never refuses.
        case libraryFailure
    }

    /// What kind of refusal this is.
    public let code: Code
    /// What was being done.
    public let operation: String
    /// What would have been accepted.
    public let expected: String
    /// What was there instead; never a secret.
    public let found: String
    /// What to do about it.
    public let hint: String

    /// Describes a refusal.
    public init(_ code: Code, operation: String, expected: String, found: String, hint: String) {
        self.code = code
        self.operation = operation
        self.expected = expected
        self.found = found
        self.hint = hint
    }

    /// One line for a log or a terminal.
    public var description: String {
        "\(operation): expected \(expected), found \(found) (\(code.rawValue)); \(hint)"
    }

    static func wrongLength(
        _ operation: String, expected: String, found: Int
    ) -> CryptographyError {
        CryptographyError(
            .wrongLength, operation: operation, expected: expected, found: "\(found) bytes",
            hint: "the value was cut, padded or is of another kind")
    }

    static func library(_ operation: String) -> CryptographyError {
        CryptographyError(
            .libraryFailure, operation: operation, expected: "success", found: "a failure",
            hint: "the installed libsodium or libcrypto is broken, or memory has run out")
    }
}
