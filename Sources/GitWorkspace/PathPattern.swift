// SPDX-License-Identifier: Apache-2.0

/// A path below a root, in which `*` and `?` stand for characters of one name.
///
/// `*` is any number of them, `?` exactly one; `**` reaches no deeper than `*`. A name that begins
/// with a dot is only met by a pattern that begins with one.
struct PathPattern: Hashable, Sendable {
    /// The names on the way, from the root.
    let names: [String]

    /// Splits a pattern.
    init(_ text: String) {
        names = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    }

    /// Whether it stays below the root.
    ///
    /// The configuration has checked that already; a path that leaves must never be looked at.
    var isContained: Bool { names.allSatisfy { !["", ".", ".."].contains($0) } }

    /// Whether it names one path outright.
    var isPlain: Bool { !names.contains(where: Self.isWild) }

    /// Whether a part of a pattern stands for several names.
    static func isWild(_ name: String) -> Bool { name.contains("*") || name.contains("?") }

    /// Whether a name is one of those that a part of a pattern stands for.
    ///
    /// Takes at most the product of both lengths.
    static func matches(_ name: String, _ part: String) -> Bool {
        if name.hasPrefix("."), !part.hasPrefix(".") { return false }
        let name = Array(name.unicodeScalars)
        let part = Array(part.unicodeScalars)
        var (at, wanted) = (0, 0)
        var (lastStar, resume): (Int?, Int) = (nil, 0)
        while at < name.count {
            if wanted < part.count, part[wanted] == "*" {
                (lastStar, resume) = (wanted, at)
                wanted += 1
            } else if wanted < part.count, part[wanted] == "?" || part[wanted] == name[at] {
                (at, wanted) = (at + 1, wanted + 1)
            } else if let star = lastStar {
                resume += 1
                (at, wanted) = (resume, star + 1)
            } else {
                return false
            }
        }
        return part[wanted...].allSatisfy { $0 == "*" }
    }
}
