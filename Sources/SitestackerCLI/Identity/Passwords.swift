// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser
import ClusterSigning

/// Where passwords come from: standard input, the environment, or the person at the terminal.
///
/// The bytes are taken as they are typed, without their line's end; they are never shown, logged or
/// put into an error.
struct PasswordInput: Sendable {
    /// The shortest new password.
    ///
    /// Unit: bytes. A member can guess at what it holds, at the price of Argon2id each.
    static let shortest = 8
    /// Whose passwords standard input may bring at once.
    private static let inputLimit = 8_192

    private let conversation: (any Conversation)?
    private var lines: [[UInt8]]?
    private let environment: String?

    /// Prepares; reads standard input where it brings passwords.
    init(fromInput: Bool, _ surroundings: Surroundings) throws {
        conversation = surroundings.conversation
        environment = surroundings.environment["SITESTACKER_PASSWORD"]
        guard fromInput else { return }
        let bytes = try surroundings.readInput(Self.inputLimit)
        guard bytes.count <= Self.inputLimit else {
            throw ErrorDocument.usage("standard input: expected one password a line, found more")
        }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        self.lines = lines.map { line in
            Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
        }
    }

    /// The password that somebody has.
    ///
    /// - Throws: `ErrorDocument` where there is none.
    mutating func present(of user: String) throws -> SecretBytes {
        if var line = try nextLine(of: user) { return try Self.secret(&line, user) }
        if let environment {
            var bytes = Array(environment.utf8)
            return try Self.secret(&bytes, user)
        }
        var bytes = try ask("Password of \(user): ", user)
        return try Self.secret(&bytes, user)
    }

    /// The password that somebody will have; asked for twice at a terminal.
    ///
    /// - Throws: `ErrorDocument` where there is none, where it is too short, or both differ.
    mutating func new(of user: String) throws -> SecretBytes {
        if var line = try nextLine(of: user) { return try Self.checked(&line, user) }
        var typed = try ask("New password of \(user): ", user)
        let first = try Self.checked(&typed, user)
        var again = try ask("Once more: ", user)
        guard try Self.secret(&again, user) == first else {
            throw ErrorDocument.usage("the two new passwords differ; nothing was changed")
        }
        return first
    }

    private mutating func nextLine(of user: String) throws(ErrorDocument) -> [UInt8]? {
        guard lines != nil else { return nil }
        guard let line = lines?.first else {
            throw .usage(
                "standard input: expected the password of \(user) as a line, found its end")
        }
        lines?.removeFirst()
        return line
    }

    private func ask(_ prompt: String, _ user: String) throws(ErrorDocument) -> [UInt8] {
        guard let conversation else {
            throw .usage(
                "expected the password of \(user), found nobody to ask",
                hint: "use --password-stdin")
        }
        return try conversation.secret(escaped(prompt))
    }

    private static func checked(
        _ bytes: inout [UInt8], _ user: String
    ) throws(ErrorDocument) -> SecretBytes {
        guard bytes.count >= shortest else {
            throw .usage(
                "the new password of \(user): expected at least \(shortest) bytes, found fewer")
        }
        return try secret(&bytes, user)
    }

    private static func secret(
        _ bytes: inout [UInt8], _ user: String
    ) throws(ErrorDocument) -> SecretBytes {
        guard PasswordSecrets.acceptedPassword.contains(bytes.count) else {
            throw .usage(
                "the password of \(user): expected 1 to"
                    + " \(PasswordSecrets.acceptedPassword.upperBound) bytes, found another length")
        }
        return SecretBytes(moving: &bytes)
    }
}

/// The option that has passwords come by standard input.
struct PasswordOptions: ParsableArguments {
    @Flag(
        name: .customLong("password-stdin"),
        help: "Read passwords from standard input, one a line, in the order of the prompts.")
    var fromInput = false
}
