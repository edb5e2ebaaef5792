// SPDX-License-Identifier: Apache-2.0

/// Why a program could not be run to its end.
///
/// An exit status other than 0 is no such error: it is a ``ProgramResult``.
public struct ProgramError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of trouble a caller may tell apart.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The call cannot be carried out as it stands.
        case invalidCall
        /// There is no such program, or no such directory.
        case notFound
        /// The program may not be run, or not as that user.
        case notPermitted
        /// It did not end in time; it and what it started were ended.
        case timedOut
        /// It wrote more than the caller allows, and was ended.
        case tooTalkative
        /// The caller's task was cancelled; the program was ended.
        case cancelled
        /// The owner of the tree cannot be told.
        case unknownOwner
        /// Any other refusal of the operating system.
        case system
    }

    /// What kind of trouble it is.
    public let code: Code
    /// The program, or the path.
    public let target: String
    /// What was being done.
    public let operation: String
    /// What would have been right.
    public let expected: String
    /// What was there instead.
    public let found: String
    /// What to do about it.
    public let hint: String

    /// The whole message on one line.
    public var description: String {
        "\(target): \(operation): expected \(expected), found \(found). \(hint)"
    }

    init(
        _ code: Code, target: String, operation: String, expected: String, found: String,
        hint: String
    ) {
        self.code = code
        self.target = Self.printable(target)
        self.operation = operation
        self.expected = expected
        self.found = Self.printable(found)
        self.hint = hint
    }

    /// Text from outside, safe for a terminal and a log line.
    ///
    /// Limit: 300 characters; control characters become spaces.
    static func printable(_ text: some StringProtocol) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(300) {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            let isBidirectional =
                (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
            result.append(isControl || isBidirectional ? " " : scalar)
        }
        return String(result)
    }
}
