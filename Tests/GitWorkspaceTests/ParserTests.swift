// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import ProgramRunner
import Testing

@testable import GitWorkspace

@Suite("What git says")
struct ParserTests {
    static let commit = "27d9bb77457e12f3ac06043f1b3b3f61959e96de"

    static func answer(
        commit: String = commit, short: String = "27d9bb7", refs: String, note: String = "\n"
    ) -> [UInt8] {
        Array("\(commit)\0\(short)\0\(refs)\0\(note)".utf8)
    }

    @Test(
        "Refs keep git's order and lose their folders",
        arguments: [
            (
                "HEAD -> refs/heads/master, refs/remotes/origin/master, refs/remotes/origin/HEAD",
                "27d9bb7 (master, origin/master, origin/HEAD)"
            ),
            ("HEAD, tag: refs/tags/1.0.0", "27d9bb7 (1.0.0, 27d9bb7)"),
            (
                "grafted, HEAD, tag: refs/tags/1.0.0, refs/heads/x",
                "27d9bb7 (1.0.0, x, 27d9bb7)"
            ),
            ("HEAD", "27d9bb7 (27d9bb7)"), ("", "27d9bb7 (27d9bb7)"),
            ("HEAD -> refs/heads/a/b, replaced", "27d9bb7 (a/b)"),
            (
                "HEAD, refs/heads/a,b, refs/heads/(c), refs/heads/->",
                "27d9bb7 (a,b, (c), ->, 27d9bb7)"
            ),
            ("HEAD, tag: refs/tags/HEAD", "27d9bb7 (HEAD, 27d9bb7)"),
            ("HEAD, refs/heads/\u{202E}evil", "27d9bb7 (\\u{202e}evil, 27d9bb7)"),
            ("HEAD, refs/heads/, tag: , refs/other/x", "27d9bb7 (27d9bb7)"),
        ])
    func refs(decoration: String, head: String) throws {
        let report = try HeadReport(parsing: Self.answer(refs: decoration))
        let state = RepositoryState(
            path: ".", commit: report.commit, short: report.short, names: report.names,
            isDetached: report.isDetached)
        #expect(state.head == head)
    }

    @Test("A star marks local modifications")
    func star() {
        let modified = RepositoryState(
            path: ".", commit: Self.commit, short: "27d9bb7", names: ["master"], isModified: true)
        #expect(modified.head == "27d9bb7* (master)")
        let nameless = RepositoryState(
            path: ".", commit: Self.commit, short: "27d9bb7", isModified: true)
        #expect(nameless.head == "27d9bb7*")
        #expect(RepositoryState(path: ".", commit: nil, short: nil, problem: "x").head == "")
    }

    @Test("A million refs are counted, not shown")
    func manyRefs() throws {
        let refs = (0..<5_000).map { "refs/heads/\($0)" }.joined(separator: ", ")
        let report = try HeadReport(parsing: Self.answer(refs: "HEAD, \(refs)"))
        #expect(report.names.count == 101)
        #expect(report.names.last == "and 4900 more")
    }

    @Test(
        "An answer that git never gives is refused",
        arguments: [
            "", "\0\0\0", "27d9bb7\027d9bb7\0\0", "\(commit)\0aaaaaaa\0\0", "\(commit)\027d\0\0",
            "\(commit.uppercased())\027D9BB7\0\0", "\(commit)\027d9bb7\0",
            "x\(commit)\0x27d9bb\0\0",
            "\(commit)\0\(commit)0\0\0",
        ])
    func refused(text: String) {
        #expect(throws: GitFailure.self) { try HeadReport(parsing: Array(text.utf8)) }
    }

    @Test("SHA-256 repositories are read too")
    func sha256() throws {
        let long = String(repeating: "0f", count: 32)
        let report = try HeadReport(
            parsing: Self.answer(commit: long, short: "0f0f0f0", refs: "HEAD"))
        #expect(report.commit == long)
    }

    @Test("A note may hold anything, also NUL, and takes nothing along")
    func noteWithNUL() throws {
        let report = try HeadReport(
            parsing: Self.answer(refs: "HEAD -> refs/heads/m", note: "a\0b\0c"))
        #expect(report.names == ["m"])
        #expect(report.note.note == nil)
        #expect(report.note.problem?.contains("Updated-On") == true)
    }

    @Test(
        "Changed, renamed and unmerged files are modifications; headers and others are none",
        arguments: [
            ("", false), ("# branch.oid abc\0# stash 3\0", false), ("? new.php\0", false),
            ("! ignored\0", false), ("1 .M N... 100644 100644 100644 a b index.php\0", true),
            ("2 R. N... 100644 100644 100644 a b R100 b\0a\0", true),
            ("# x\0? y\0u UU N... 1 2 3 4 a b c f\0", true),
            ("1 .M N... 100644 100644 100644 a b with\nnewline \"and\" quotes\0", true),
        ])
    func status(text: String, isModified: Bool) {
        #expect(StatusReport.isModified(Array(text.utf8)) == isModified)
    }

    @Test(
        "An origin is shown without credentials",
        arguments: [
            ("https://user:secret@example.com/x.git\0", "https://example.com/x.git"),
            ("https://token@example.com/x?private_token=secret\0", "https://example.com/x"),
            ("https://a:b@c@example.com/x#secret\0", "https://example.com/x"),
            ("ssh://git:secret@example.com:22/x\0", "ssh://example.com:22/x"),
            ("git@example.com:group/x.git\0", "git@example.com:group/x.git"),
            ("/srv/git/x@1.git\0", "/srv/git/x@1.git"),
            ("https://example.com/a@b\0", "https://example.com/a@b"),
            ("https://?secret\0", "https://"), ("a\u{1B}[2Jb\0", "a\\u{1b}[2Jb"),
            ("https://user:sec/ret@example.com/x\0", "https://user:sec/ret@example.com/x"),
        ])
    func origin(written: String, shown: String) {
        #expect(OriginAddress.shown(Array(written.utf8)) == shown)
    }

    @Test("No origin is none", arguments: ["", "\0", "\0\0"])
    func noOrigin(written: String) {
        #expect(OriginAddress.shown(Array(written.utf8)) == nil)
    }

    @Test(
        "A .git file names a folder, or nothing",
        arguments: [
            ("gitdir: ../.git/modules/x\n", "../.git/modules/x"), ("gitdir: /a b\nrest", "/a b"),
            ("gitdir: ", nil), ("gitdir:/x", nil), ("", nil), ("\u{0}\u{1}", nil),
        ] as [(String, String?)])
    func gitFile(text: String, target: String?) {
        #expect(DirectoryEntries.gitFileTarget(Array(text.utf8)) == target)
    }

    @Test(
        "Names that cannot be shown are told from text",
        arguments: [
            ([0x61, 0x0A], false), ([0xFF], false), ([0x1B, 0x5B], false),
            ([0xC3, 0xA4, 0x20, 0x22], true),
        ] as [([UInt8], Bool)])
    func names(bytes: [UInt8], isText: Bool) {
        switch DirectoryEntries.Name(bytes) {
        case .text: #expect(isText)
        case .unusable(let same, let shown):
            #expect(!isText && same == bytes)
            #expect(shown.unicodeScalars.allSatisfy(PrintableText.isPrintable))
        }
    }
}
