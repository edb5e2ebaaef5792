// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Foundation
import Testing

@testable import GitWorkspace

@Suite("A survey of real repositories")
struct SurveyTests {
    @Test("A clone, a tag and a detached release show as in the manual")
    func heads() async throws {
        try await TestSite.with { site in
            try await site.repository(at: "origin.git")
            try await site.git("clone", "-q", "origin.git", "site")
            let inner = TestSite(root: site.path("site"))
            let release = try await inner.repository(at: "packages/templates/ACSSA")
            try await inner.git("tag", "1.0.0", at: "packages/templates/ACSSA")
            try await inner.git("checkout", "-q", "1.0.0", at: "packages/templates/ACSSA")
            try await inner.git("branch", "-q", "-D", "master", at: "packages/templates/ACSSA")
            try inner.folder("packages/templates/not-a-repository")
            try inner.write("x", to: "packages/README")
            let core = try await inner.git("rev-parse", "HEAD")
            let states = await inner.workspace().survey()
            #expect(states.map(\.path) == [".", "packages/templates/ACSSA"])
            #expect(states[0].commit == core)
            #expect(states[0].head == "\(core.prefix(7)) (master, origin/master, origin/HEAD)")
            #expect(states[0].origin == site.path("origin.git"))
            #expect(states[1].head == "\(release.prefix(7)) (1.0.0, \(release.prefix(7)))")
            #expect(states.allSatisfy { $0.problem == nil && !$0.isModified })
            #expect(states.allSatisfy { $0.updatedOn == nil && $0.updatedBy == nil })
        }
    }

    @Test("The note of the last update is shown; one that is none is named")
    func notes() async throws {
        try await TestSite.with { site in
            try await site.repository(at: ".")
            try await site.git(
                "notes", "--ref=update", "add", "-m",
                "Updated-On: 2026-11-23T14:03:21Z\nUpdated-By: Alice Admin (alice)")
            let state = try await site.state()
            #expect(state.updatedOn?.milliseconds == 1_795_442_601_000)
            #expect(state.updatedBy == "Alice Admin (alice)")
            #expect(state.problem == nil)
            try await site.git("notes", "--ref=update", "add", "-f", "-m", "by \u{1B}[2J Mallory")
            let hostile = try await site.state()
            #expect(hostile.updatedBy == nil && hostile.commit == state.commit)
            #expect(hostile.problem?.contains("refs/notes/update") == true)
            #expect(hostile.problem?.contains("\u{1B}") == false)
        }
    }

    @Test("Changed tracked files are modifications; untracked and merely touched ones are none")
    func modifications() async throws {
        try await TestSite.with { site in
            try await site.repository(at: ".")
            try site.write("new", to: "untracked \"file\"\nwith a line feed")
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1)],
                ofItemAtPath: site.path("index.php"))
            #expect(try await site.state().isModified == false)
            try site.write("changed", to: "index.php")
            let state = try await site.state()
            #expect(state.isModified)
            #expect(state.head == "\(state.short ?? "")* (master)")
            try await site.git("add", "index.php")
            #expect(try await site.state().isModified)
        }
    }

    @Test("Looking changes no file and runs nothing that a repository brings")
    func nothingChanges() async throws {
        try await TestSite.with { site in
            try await site.repository(at: ".")
            try site.write("#!/bin/sh\ntouch '\(site.root)/caught'\n", to: "trap")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: site.path("trap"))
            let trap = site.path("trap")
            for hook in ["post-index-change", "reference-transaction", "post-checkout"] {
                try FileManager.default.copyItem(
                    atPath: trap, toPath: site.path(".git/hooks/\(hook)"))
            }
            for (key, value) in [
                ("core.fsmonitor", trap), ("core.hooksPath", site.path(".git/hooks")),
                ("core.pager", trap), ("pager.log", trap), ("gpg.program", trap),
                ("log.showSignature", "true"), ("diff.external", trap), ("core.sshCommand", trap),
                ("log.excludeDecoration", "*"), ("core.abbrev", "4"), ("color.ui", "always"),
                ("notes.displayRef", "*"), ("log.decorate", "no"), ("core.editor", trap),
                ("alias.log", "!\(trap)"), ("alias.status", "!\(trap)"),
            ] {
                try await site.git("config", key, value)
            }
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1)],
                ofItemAtPath: site.path("index.php"))
            let before = try site.everything()
            let state = try await site.state()
            #expect(try site.everything() == before)
            #expect(!FileManager.default.fileExists(atPath: site.path("caught")))
            #expect(state.head == "\(state.commit?.prefix(7) ?? "") (master)")
            #expect(state.problem == nil)
        }
    }

    @Test("Odd names of refs and folders are shown, or named as unfit")
    func oddNames() async throws {
        try await TestSite.with { site in
            try await site.repository(at: "packages/a/with \"quotes\" and 'more'")
            try await site.repository(at: "packages/a/-rf")
            try await site.repository(at: "packages/a/$(touch x)")
            try await site.git("tag", "v\"1,0'$(x)", at: "packages/a/-rf")
            try await site.repository(at: "packages/a/line\nfeed")
            let states = await site.workspace().survey()
            #expect(
                states.map(\.path) == [
                    "packages/a/$(touch x)", "packages/a/-rf", "packages/a/line\\u{a}feed",
                    "packages/a/with \"quotes\" and 'more'",
                ])
            #expect(states[1].names == ["master", "v\"1,0'$(x)"])
            #expect(states[2].commit == nil && states[2].problem?.contains("Rename") == true)
            #expect([0, 1, 3].allSatisfy { states[$0].problem == nil })
        }
    }

    @Test("More refs than are read leave the commit")
    func tooManyRefs() async throws {
        try await TestSite.with { site in
            let commit = try await site.repository(at: ".")
            let name = String(repeating: "x", count: 200)
            let refs = (0..<2_000).map { "\(commit) refs/heads/\(name)\($0)\n" }.joined()
            try site.write(
                "# pack-refs with: peeled fully-peeled \n\(refs)", to: ".git/packed-refs")
            let state = try await site.state()
            #expect(state.commit == commit)
            #expect(state.names.isEmpty && state.head == String(commit.prefix(7)))
            #expect(state.problem?.contains("too long") == true)
        }
    }
}
