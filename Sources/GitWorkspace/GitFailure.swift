// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import ProgramRunner

/// Why the state of a repository could not be read.
public struct GitFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of trouble.
    public enum Code: Sendable, Hashable, CaseIterable {
        /// There is no git to ask.
        case gitMissing
        /// There is no commit yet.
        case unborn
        /// The folder has no repository that git knows.
        case notARepository
        /// The repository has no work tree.
        case bare
        /// The repository belongs to somebody else.
        case foreignOwner
        /// Git may not read it, or may not be run.
        case notPermitted
        /// Git did not answer in time.
        case timedOut
        /// Git said more than is read.
        case tooLong
        /// Git said something that it never says.
        case unexpected
        /// Git cannot read its own files.
        case unreadable
    }

    /// What kind of trouble it is.
    public let code: Code
    /// What was being done.
    public let operation: String
    /// What would have been right.
    public let expected: String
    /// What was there instead.
    public let found: String
    /// What to do about it.
    public let hint: String

    init(_ code: Code, operation: String, expected: String, found: String, hint: String) {
        self.code = code
        self.operation = operation
        self.expected = expected
        self.found = PrintableText.make(found, limit: 200)
        self.hint = hint
    }

    /// The whole message on one line, without its path: the repository's entry has it.
    public var description: String { "\(operation): expected \(expected), found \(found). \(hint)" }

    /// An answer that is none of git's.
    static func unexpected(_ expected: String, found: String) -> GitFailure {
        GitFailure(
            .unexpected, operation: "read git's answer", expected: expected, found: found,
            hint: "Try the same git by hand: its version is not one that was tried.")
    }

    /// Git could not be run to its end.
    init(_ error: ProgramError) {
        let code: Code =
            switch error.code {
            case .notFound: .gitMissing
            case .notPermitted, .unknownOwner: .notPermitted
            case .timedOut, .cancelled: .timedOut
            case .tooTalkative: .tooLong
            case .invalidCall, .system: .unreadable
            }
        self.init(
            code, operation: "run git", expected: error.expected, found: error.found,
            hint: code == .gitMissing ? "Install the Debian package git." : error.hint)
    }

    /// Git ended with a complaint.
    ///
    /// The words are those of git with `LC_ALL=C`; unknown ones are shown as they are.
    init(_ result: ProgramResult) {
        let words = String(decoding: result.complaint, as: UTF8.self)
        let row = Self.known.first { words.contains($0.words) }
        let first = words.split(whereSeparator: \.isNewline)
            .first { $0.hasPrefix("fatal: ") || $0.hasPrefix("error: ") }
        let said = first.map { String($0) } ?? result.lastComplaint
        self.init(
            row?.code ?? .unreadable, operation: "look at the repository",
            expected: row?.expected ?? "a repository that git can read",
            found: said.isEmpty ? "\(result.ending)" : said,
            hint: row?.hint ?? "Run git status and git fsck there.")
    }

    private static let known: [(words: String, code: Code, expected: String, hint: String)] = [
        (
            "does not have any commits yet", .unborn, "a commit",
            "Make the first commit, or check out a branch that has one."
        ),
        (
            "detected dubious ownership", .foreignOwner,
            "a repository of the daemon's own user",
            "Give the tree to that user with chown -R, or run the daemon as root."
        ),
        (
            "must be run in a work tree", .bare, "a repository with a work tree",
            "Clone it; a bare one has no files to serve."
        ),
        (
            "not a git repository", .notARepository, "a repository",
            "Clone it anew, or remove its .git."
        ),
        (
            "invalid gitfile format", .notARepository, "a .git file that names a folder",
            "Clone it anew, or remove its .git."
        ),
        (
            "Permission denied", .notPermitted, "files that the tree's owner can read",
            "Give the whole tree to one user with chown -R."
        ),
    ]
}
