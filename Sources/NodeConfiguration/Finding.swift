// SPDX-License-Identifier: Apache-2.0

/// One thing that is wrong in one place of one file.
///
/// Invariant: no field holds a secret or a control character, whatever the file held.
public struct Finding: Sendable, Hashable, CustomStringConvertible {
    /// The file as the caller named it.
    public let file: String
    /// The line, from 1; 0 where the whole file is meant.
    public let line: Int
    /// The column in Unicode scalars, from 1; 0 where the whole line or file is meant.
    public let column: Int
    /// The way to the key, such as `caches[1].redis`; empty where no key is meant.
    public let keyPath: String
    /// What would have been right.
    public let expected: String
    /// What is there.
    public let found: String
    /// What the reader can do about it, if we know.
    public let hint: String?

    /// Makes a finding of a file, cleaning what may come from outside.
    public init(
        file: String, line: Int = 0, column: Int = 0, keyPath: String = "",
        expected: String, found: String, hint: String? = nil
    ) {
        self.file = printable(file)
        self.line = line
        self.column = column
        self.keyPath = printable(keyPath)
        self.expected = expected
        self.found = printable(found)
        self.hint = hint
    }

    /// The finding in one line, as compilers write theirs.
    public var description: String {
        var text = file
        if line > 0 { text += ":\(line)" }
        if column > 0 { text += ":\(column)" }
        text += ": "
        if !keyPath.isEmpty { text += "\(keyPath): " }
        text += "expected \(expected), found \(found)"
        if let hint { text += " (\(hint))" }
        return text
    }
}

/// Why a file of the configuration cannot be used.
///
/// The caller keeps what was in force before.
///
/// Invariant: `findings` is never empty.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure, for programs.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The file was read, and its content is not valid.
        case invalid
        /// There is no such file or folder.
        case missing
        /// The file exists and could not be read or written.
        case unreadable
        /// Somebody else could have written the file.
        case unsafe
        /// Another program is writing the file just now.
        case busy
    }

    /// How many findings are kept.
    ///
    /// Limit: 20; more help nobody, and the count of the rest is told.
    public static let findingLimit = 20

    /// The kind of failure.
    public let code: Code
    /// What was tried, such as "read the configuration".
    public let operation: String
    /// What is wrong, in the order of the file.
    public let findings: [Finding]
    /// How many findings there were beyond ``findingLimit``.
    public let suppressed: Int

    /// Makes an error out of what was found.
    public init(code: Code, operation: String, findings: [Finding], suppressed: Int = 0) {
        self.code = code
        self.operation = operation
        self.findings = Array(findings.prefix(Self.findingLimit))
        self.suppressed = suppressed + max(0, findings.count - Self.findingLimit)
    }

    /// The exit status of a command that ends with this error.
    ///
    /// Source: sysexits.h; 75 try again later, 78 configuration.
    public var exitStatus: Int32 {
        switch code {
        case .busy: 75
        case .invalid, .missing, .unreadable, .unsafe: 78
        }
    }

    /// All findings, one a line, under a line that says what was tried.
    public var description: String {
        var lines = ["cannot \(operation):"]
        lines += findings.map { "  \($0)" }
        if suppressed > 0 { lines.append("  and \(suppressed) more") }
        return lines.joined(separator: "\n")
    }
}

/// What is wrong with one value, before it is known where the value stands.
struct ValueProblem: Error {
    let expected: String
    let found: String
    let hint: String?

    init(expected: String, found: String, hint: String? = nil) {
        self.expected = expected
        self.found = found
        self.hint = hint
    }
}

/// Collects the findings of one file, bounded.
final class FindingLog {
    let file: String
    private(set) var findings: [Finding] = []
    private(set) var suppressed = 0

    init(file: String) {
        self.file = file
    }

    func add(
        _ problem: ValueProblem, at position: SourcePosition, keyPath: String = ""
    ) {
        guard findings.count < ConfigurationError.findingLimit else {
            suppressed += 1
            return
        }
        findings.append(
            Finding(
                file: file, line: position.line, column: position.column, keyPath: keyPath,
                expected: problem.expected, found: problem.found, hint: problem.hint))
    }

    /// The error that holds everything found so far, in the order of the file.
    func error(operation: String) -> ConfigurationError {
        let ordered = findings.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
        return ConfigurationError(
            code: .invalid, operation: operation, findings: ordered, suppressed: suppressed)
    }
}

/// A place in a file, counted from 1.
struct SourcePosition: Hashable {
    let line: Int
    let column: Int
}
