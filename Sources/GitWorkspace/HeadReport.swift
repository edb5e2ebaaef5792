// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel

/// What git says of HEAD: commit, abbreviation, refs and note, separated by NUL.
public struct HeadReport: Hashable, Sendable {
    /// The commit in full.
    public let commit: String
    /// The commit as git abbreviates it.
    public let short: String
    /// Refs in git's order, without `HEAD`.
    public let names: [String]
    /// Whether HEAD names no branch.
    public let isDetached: Bool
    /// The note as it stands; empty where there is none.
    let noteBytes: [UInt8]
    /// What is wrong beside the commit.
    let problem: String?

    /// How many refs are named; of more it is said how many they are.
    public static let maximumNames = 100

    /// Reads git's answer.
    ///
    /// - Throws: `unexpected` where it does not have the form that was asked for.
    public init(parsing bytes: [UInt8]) throws(GitFailure) {
        let fields = bytes.split(separator: 0, maxSplits: 3, omittingEmptySubsequences: false)
        guard fields.count == 4 else {
            throw .unexpected("four fields", found: "\(fields.count)")
        }
        commit = String(decoding: fields[0], as: UTF8.self)
        short = String(decoding: fields[1], as: UTF8.self)
        guard [40, 64].contains(commit.utf8.count), commit.utf8.allSatisfy(Self.isDigit) else {
            throw .unexpected("a commit of 40 or 64 hexadecimal digits", found: commit)
        }
        guard short.utf8.count >= 7, commit.hasPrefix(short) else {
            throw .unexpected("the beginning of the commit", found: short)
        }
        (names, isDetached) = Self.refs(in: String(decoding: fields[2], as: UTF8.self))
        noteBytes = Array(fields[3])
        problem = nil
    }

    /// The refs of git's decoration, in its order.
    ///
    /// No ref has a space, a colon or a NUL in its name, so what separates them is certain; what
    /// is no branch, tag or remote branch, such as `grafted`, is left out.
    /// Source: git-check-ref-format(1).
    static func refs(in decoration: String) -> (names: [String], isDetached: Bool) {
        let arrow = "HEAD -> "
        var names: [String] = []
        var isDetached = true
        for item in decoration.split(separator: ", ") {
            var ref = item
            if ref.hasPrefix(arrow) {
                isDetached = false
                ref = ref.dropFirst(arrow.count)
            } else if ref.hasPrefix("tag: ") {
                ref = ref.dropFirst("tag: ".count)
            }
            let folder = ["refs/heads/", "refs/tags/", "refs/remotes/"].first(where: ref.hasPrefix)
            guard let folder, ref.utf8.count > folder.utf8.count else { continue }
            names.append(PrintableText.make(ref.dropFirst(folder.count)))
        }
        if names.count > maximumNames {
            let more = names.count - maximumNames
            names = names.prefix(maximumNames) + ["and \(more) more"]
        }
        return (names, isDetached)
    }

    /// The same without refs and note, which were too long to be read.
    func cut() -> HeadReport {
        HeadReport(
            commit: commit, short: short, names: [], isDetached: false, noteBytes: [],
            problem: "its refs and its note are too long to be shown: more than "
                + "\(Git.outputLimit >> 10) KiB")
    }

    private init(
        commit: String, short: String, names: [String], isDetached: Bool, noteBytes: [UInt8],
        problem: String?
    ) {
        self.commit = commit
        self.short = short
        self.names = names
        self.isDetached = isDetached
        self.noteBytes = noteBytes
        self.problem = problem
    }

    /// The note of the last update, and what is wrong where there is one that cannot be read.
    var note: (note: UpdateNote?, problem: String?) {
        guard noteBytes.contains(where: { $0 != UInt8(ascii: "\n") }) else { return (nil, nil) }
        do throws(UpdateNote.Refusal) {
            return (try UpdateNote(parsing: noteBytes), nil)
        } catch {
            return (nil, error.description)
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}

/// What `git status --porcelain=v2 -z` says.
package enum StatusReport {
    /// Whether an entry tells of a changed, renamed or unmerged file.
    ///
    /// Headers (`#`), untracked (`?`) and ignored (`!`) entries do not.
    package static func isModified(_ bytes: [UInt8]) -> Bool {
        bytes.split(separator: 0).contains { entry in
            entry.first.map {
                [UInt8(ascii: "1"), UInt8(ascii: "2"), UInt8(ascii: "u")].contains($0)
            }
                ?? false
        }
    }
}
