// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import GitWorkspace

extension FuzzTarget {
    /// What stands in the folders of repositories, and what git says of them.
    static let folders: [FuzzTarget] = [
        FuzzTarget(
            name: "git-status", shape: .text(["\0", "1 ", "2 ", "u ", "? ", "! ", "# "]),
            check: status),
        FuzzTarget(
            name: "git-origin",
            shape: .text([
                "://", "@", "/", ":", "?", "#", "\0", "\u{301}", "\u{202E}", "\u{1B}[2J",
                "user:pw@",
            ]),
            check: origin),
        FuzzTarget(
            name: "git-file", shape: .text(["gitdir: ", "\n", "\r\n", "/", "..", "\0"]),
            check: gitFile),
        FuzzTarget(
            name: "folder-name", shape: .text(["\u{202E}", "\u{1B}[2J", "\n", "ä", "\u{FFFD}"]),
            check: name),
    ]

    /// Law: an entry counts wherever it stands; what is modified is accepted.
    private static func status(_ input: [UInt8]) throws(Flaw) -> Verdict {
        let isModified = StatusReport.isModified(input)
        try expect(
            StatusReport.isModified(Array("? new".utf8) + [0] + input), isModified,
            "the same behind a new file")
        try expect(
            StatusReport.isModified(input + [0] + Array("u both".utf8)), true,
            "a modification at the end")
        return isModified ? .accepted : .refused
    }

    /// Laws: what is shown is fit for a terminal, and nobody logs in with it.
    private static func origin(_ input: [UInt8]) throws(Flaw) -> Verdict {
        guard let shown = OriginAddress.shown(input) else { return .refused }
        let bytes = Array(shown.utf8)
        guard shown.unicodeScalars.allSatisfy(PrintableText.isPrintable) else {
            throw Flaw(description: "unprintable: \(shown)")
        }
        guard let scheme = bytes.firstRange(of: Array("://".utf8)) else { return .accepted }
        let rest = bytes[scheme.upperBound...]
        guard !rest.prefix(while: { $0 != UInt8(ascii: "/") }).contains(UInt8(ascii: "@")),
            !rest.contains(UInt8(ascii: "?")), !rest.contains(UInt8(ascii: "#"))
        else { throw Flaw(description: "a user or a query in \(shown)") }
        return .accepted
    }

    /// Law: a target is one line that is not empty.
    private static func gitFile(_ input: [UInt8]) throws(Flaw) -> Verdict {
        guard let target = DirectoryEntries.gitFileTarget(input) else { return .refused }
        guard !target.isEmpty, !target.utf8.contains(0x0A) else {
            throw Flaw(description: "the target \(target)")
        }
        return .accepted
    }

    /// Law: a name is either the bytes themselves and fit for a terminal, or stood for by such.
    private static func name(_ input: [UInt8]) throws(Flaw) -> Verdict {
        let shown: String
        let verdict: Verdict
        switch DirectoryEntries.Name(input) {
        case .text(let text):
            try expect(Array(text.utf8), input, "the bytes of the name")
            (shown, verdict) = (text, .accepted)
        case .unusable(let bytes, let stand):
            try expect(bytes, input, "the bytes of the name")
            (shown, verdict) = (stand, .refused)
        }
        guard shown.unicodeScalars.allSatisfy(PrintableText.isPrintable) else {
            throw Flaw(description: "unprintable: \(shown)")
        }
        return verdict
    }
}
