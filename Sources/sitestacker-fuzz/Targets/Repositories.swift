// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import GitWorkspace

extension FuzzTarget {
    /// What repositories say through git.
    static let repositories: [FuzzTarget] = [
        FuzzTarget(
            name: "git-head",
            shape: .text([
                "\0", ", ", "HEAD -> ", "HEAD", "tag: ", "refs/heads/", "refs/tags/",
                "refs/remotes/origin/", "grafted", "\u{202E}", "\u{1B}[2J", "\n", "(", "\"",
                "Updated-On: ", "Updated-By: ", "2026-11-23T14:03:21Z",
            ]),
            check: head),
        FuzzTarget(
            name: "update-note",
            shape: .text([
                "Updated-On: ", "Updated-By: ", "Key: ", "\n", "\r\n", "Z", "+24:00", ".5", "60",
                "0000", "9999", "02-29", "\u{0}", "\u{1B}[2J", "\u{202E}", ": ", "T",
            ]),
            check: note),
    ]

    /// Law: whatever stands in `status` is fit for a terminal, and belongs to one commit.
    private static func head(_ input: [UInt8]) throws(Flaw) -> Verdict {
        guard let report = try attempt({ try HeadReport(parsing: input) }) else { return .refused }
        guard report.commit.hasPrefix(report.short), report.short.utf8.count >= 7 else {
            throw Flaw(description: "\(report.short) is not the beginning of \(report.commit)")
        }
        guard report.names.count <= HeadReport.maximumNames + 1 else {
            throw Flaw(description: "\(report.names.count) names")
        }
        let state = RepositoryState(
            path: ".", commit: report.commit, short: report.short, names: report.names,
            isDetached: report.isDetached)
        try checkCell(state.head)
        return .accepted
    }

    /// Law: a note that is accepted says a time and a name fit for a terminal.
    private static func note(_ input: [UInt8]) throws(Flaw) -> Verdict {
        guard let note = try attempt({ try UpdateNote(parsing: input) }) else { return .refused }
        try checkCell(note.person)
        guard !note.person.isEmpty, note.time.milliseconds < 253_402_387_200_000 else {
            throw Flaw(description: "the note \(note) says nothing")
        }
        return .accepted
    }

    private static func checkCell(_ text: String) throws(Flaw) {
        guard text.unicodeScalars.allSatisfy(PrintableText.isPrintable) else {
            throw Flaw(description: "unprintable: \(text)")
        }
    }
}
