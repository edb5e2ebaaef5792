// SPDX-License-Identifier: Apache-2.0

/// One line of the users file: whom this daemon lets act, and what they may do.
public struct UserEntry: Sendable, Hashable {
    /// How the line names the user.
    public enum Identifier: Sendable, Hashable, CustomStringConvertible {
        /// By the name of the account.
        ///
        /// Invariant: holds no `@`.
        case name(String)
        /// By the email address of the account.
        ///
        /// Invariant: holds one `@`.
        case email(String)

        /// The name or address as written.
        public var description: String {
            switch self {
            case .name(let text), .email(let text): text
            }
        }

        /// The text by which entries are told apart: letter case is no difference.
        public var key: String { description.lowercased() }

        /// Reads a name or an email address.
        ///
        /// Names are 1 to 64 letters, digits, dots, hyphens and underscores, all ASCII, and begin
        /// with a letter or digit: what looks alike is then alike, in whatever script it was typed.
        ///
        /// - Throws: ``ConfigurationError`` with code `invalid`.
        public init(_ text: String) throws(ConfigurationError) {
            do {
                try self.init(parsing: text)
            } catch {
                let finding = Finding(
                    file: "user", expected: error.expected, found: error.found, hint: error.hint)
                throw ConfigurationError(
                    code: .invalid, operation: "read the user name", findings: [finding])
            }
        }

        init(parsing text: String) throws(ValueProblem) {
            if text.contains("@"), UserEntry.isEmail(text) {
                self = .email(text)
            } else if UserEntry.isName(text) {
                self = .name(text)
            } else {
                throw ValueProblem(
                    expected: "a user name or an email address", found: "\"\(printable(text))\"",
                    hint: text == "*"
                        ? "every user is named by himself"
                        : "ASCII letters, digits and . - _ (an address also @ and +)")
            }
        }
    }

    /// How the line names the user.
    public let identifier: Identifier
    /// What the user may do, in the order of ``ConfiguredScope``; all of it for a bare name.
    public let scopes: [ConfiguredScope]
    /// The line of the file, from 1.
    public let line: Int

    /// Whether the user may do everything.
    public var hasAllScopes: Bool { scopes == ConfiguredScope.allCases }

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "."),
            first != UInt8(ascii: "-"), first != UInt8(ascii: "_")
        else { return false }
        return text.utf8.count <= 64 && isAtom(text)
    }

    static func isEmail(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= 254 else { return false }
        let local = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let domain = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        return parts[0].utf8.count <= 64
            && local.allSatisfy { !$0.isEmpty && isAtom($0.replacing("+", with: "-")) }
            && domain.allSatisfy { label in
                (1...63).contains(label.utf8.count) && isAtom(label) && !label.hasPrefix("-")
                    && !label.hasSuffix("-") && !label.contains("_")
            }
    }

    private static func isAtom(_ text: some StringProtocol) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            case _:
                false
            }
        }
    }
}

/// The users whom one daemon lets act: the content of `users` in its state directory.
///
/// Which key a name stands for is not said here but pinned in a file which the daemon writes.
/// Invariant: no two entries have the same ``UserEntry/Identifier/key``.
public struct UsersFile: Sendable, Hashable {
    /// The name of the file.
    public static let fileName = "users"
    /// The largest file that is looked at.
    ///
    /// Unit: bytes. Limit: 256 KiB.
    public static let byteLimit = 256 * 1024
    /// The most users a file may name.
    ///
    /// Limit: 4,096.
    public static let entryLimit = 4096

    /// The entries in the order of the file.
    public let entries: [UserEntry]
    /// Whether there is no such file, which lets nobody act from elsewhere.
    public let isMissing: Bool

    /// The state of a node without the file.
    public static let missing = UsersFile(entries: [], isMissing: true)

    /// Reads the content of a users file: a name or email a line, optionally scopes, `#` comments.
    ///
    /// Total: any bytes give a list or an error, never a part of a list; whoever gets an error
    /// keeps the last good list.
    ///
    /// - Throws: ``ConfigurationError`` with code `invalid` and every wrong line, up to
    ///   ``ConfigurationError/findingLimit``.
    public static func decode(
        _ bytes: [UInt8], file: String = fileName
    ) throws(ConfigurationError) -> UsersFile {
        let log = FindingLog(file: file)
        var entries: [UserEntry] = []
        if bytes.count > byteLimit {
            log.add(
                ValueProblem(
                    expected: "at most \(byteLimit) bytes", found: "\(bytes.count) bytes"),
                at: SourcePosition(line: 1, column: 0))
        } else {
            var reader = UserLines(log: log)
            reader.read(bytes)
            entries = reader.entries
        }
        guard log.findings.isEmpty else { throw log.error(operation: "read the users file") }
        return UsersFile(entries: entries, isMissing: false)
    }
}

/// Reads a users file line by line.
private struct UserLines {
    let log: FindingLog
    var entries: [UserEntry] = []
    private var lines: [String: Int] = [:]

    init(log: FindingLog) {
        self.log = log
    }

    mutating func read(_ bytes: [UInt8]) {
        let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        let lines = body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let content = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            let position = SourcePosition(line: index + 1, column: 0)
            do {
                guard let entry = try entry(content, line: index + 1) else { continue }
                guard entries.count < UsersFile.entryLimit else {
                    log.add(
                        ValueProblem(
                            expected: "at most \(UsersFile.entryLimit) users", found: "more"),
                        at: position)
                    return
                }
                entries.append(entry)
            } catch {
                log.add(error, at: position)
            }
        }
    }

    /// The entry of a line; `nil` for an empty line or a comment.
    private mutating func entry(
        _ bytes: ArraySlice<UInt8>, line: Int
    ) throws(ValueProblem) -> UserEntry? {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ValueProblem(expected: "UTF-8", found: "bytes that are not UTF-8")
        }
        if let hidden = text.unicodeScalars.first(where: { $0 != "\t" && isUnprintable($0) }) {
            let code = String(hidden.value, radix: 16, uppercase: true)
            throw ValueProblem(expected: "printable text", found: "the character U+\(code)")
        }
        let content = text.prefix { $0 != "#" }
        let fields = content.split { $0 == " " || $0 == "\t" }.map(String.init)
        guard let name = fields.first else { return nil }
        let identifier = try UserEntry.Identifier(parsing: name)
        guard fields.count <= 2 else {
            throw ValueProblem(
                expected: "a user and perhaps scopes", found: "\(quoted(fields[2])) after them",
                hint: "separate scopes by commas, without spaces")
        }
        let scopes = try fields.count == 2 ? scopes(fields[1]) : ConfiguredScope.allCases
        if let other = lines[identifier.key] {
            throw ValueProblem(
                expected: "each user once",
                found: "\"\(identifier)\" again, after line \(other)",
                hint: "join the scopes in one line")
        }
        lines[identifier.key] = line
        return UserEntry(identifier: identifier, scopes: scopes, line: line)
    }

    private func scopes(_ text: String) throws(ValueProblem) -> [ConfiguredScope] {
        let words = ConfiguredScope.allCases.map(\.rawValue)
        var found: Set<ConfiguredScope> = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let scope = ConfiguredScope(rawValue: String(word)) else {
                throw ValueProblem(
                    expected: "scopes out of " + words.joined(separator: ","),
                    found: quoted(String(word)),
                    hint: suggestion(for: String(word), among: words))
            }
            found.insert(scope)
        }
        return ConfiguredScope.allCases.filter(found.contains)
    }
}
