// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Foundation
import Glibc
import ProgramRunner
import Testing

@testable import GitWorkspace

@Suite("Repositories in trouble")
struct TroubleTests {
    @Test("No repository anywhere is an empty survey, and a missing root too")
    func nothing() async throws {
        try await TestSite.with { site in
            try site.folder("packages/a/b")
            #expect(await site.workspace().survey().isEmpty)
            let gone = GitWorkspace(root: site.path("gone"), patterns: ["*"])
            #expect(await gone.survey().isEmpty)
        }
    }

    @Test("A branch without commits is named")
    func unborn() async throws {
        try await TestSite.with { site in
            try await site.git("init", "-q", "-b", "master")
            let state = try await site.state()
            #expect(state.commit == nil && state.head == "")
            #expect(state.problem?.contains("Make the first commit") == true)
        }
    }

    @Test("A repository without files to serve is named")
    func bare() async throws {
        try await TestSite.with { site in
            try site.folder("packages/a")
            try await site.git("init", "-q", "--bare", "packages/a/bare")
            try await site.repository(at: "packages/a/marked")
            try await site.git("config", "core.bare", "true", at: "packages/a/marked")
            let states = await site.workspace().survey()
            #expect(states.map(\.path) == ["packages/a/bare", "packages/a/marked"])
            #expect(states.allSatisfy { $0.commit == nil })
            #expect(states.allSatisfy { $0.problem?.contains("no files to serve") == true })
        }
    }

    @Test(
        "A broken repository is named, and its neighbours are read",
        arguments: [
            (".git/HEAD", "garbage"), (".git/HEAD", ""), (".git/config", "[core\n"),
            (".git/refs/heads/master", "0123456789012345678901234567890123456789\n"),
            (".git/refs/heads/master", "nonsense\n"), (".git/index", "DIRCgarbage"),
            (".git/config", "[core]\n\trepositoryformatversion = 9\n"),
        ])
    func broken(file: String, text: String) async throws {
        try await TestSite.with { site in
            try await site.repository(at: "packages/a/broken")
            try await site.repository(at: "packages/a/sound")
            try site.write(text, to: "packages/a/broken/\(file)")
            let states = await site.workspace().survey()
            #expect(states[0].commit == nil && states[0].problem != nil, "\(states[0])")
            #expect(states[1].commit != nil && states[1].problem == nil)
            let words = states[0].problem ?? ""
            #expect(words.unicodeScalars.allSatisfy(PrintableText.isPrintable))
        }
    }

    @Test("The repository around a broken one is not taken for it")
    func ceiling() async throws {
        try await TestSite.with { site in
            try await site.repository(at: ".")
            try site.folder("packages/a/b/.git")
            let state = try await site.state(at: "packages/a/b")
            #expect(state.commit == nil)
            #expect(state.problem?.contains("not a git repository") == true)
        }
    }

    @Test("A linked work tree is read; one of a repository elsewhere is named besides")
    func linked() async throws {
        try await TestSite.with { outside in
            let commit = try await outside.repository(at: "other")
            try outside.folder("site/packages/a")
            let site = TestSite(root: outside.path("site"))
            try await outside.git(
                "worktree", "add", "-q", "--detach", site.path("packages/a/tree"), at: "other")
            let state = try await site.state(at: "packages/a/tree")
            #expect(state.commit == commit)
            #expect(state.problem?.contains("out of the installation") == true)
            try await site.repository(at: ".")
            try await site.git("worktree", "add", "-q", "--detach", "packages/a/own")
            let own = try await site.state(at: "packages/a/own")
            #expect(own.commit != nil && own.problem == nil)
            try site.folder("packages/a/lost")
            try site.write("gitdir: /nowhere\n", to: "packages/a/lost/.git")
            #expect(try await site.state(at: "packages/a/lost").problem != nil)
        }
    }

    @Test("Links are not followed, and a path that was named must hold a repository")
    func namedPaths() async throws {
        try await TestSite.with { site in
            try await site.repository(at: "elsewhere/real")
            try site.folder("packages/a")
            for name in ["packages/a/link", "named"] {
                try FileManager.default.createSymbolicLink(
                    atPath: site.path(name), withDestinationPath: site.path("elsewhere/real"))
            }
            try site.folder("empty")
            try site.write("x", to: "file")
            let states = await site.workspace(
                ["packages/*/*", "named", "empty", "file", "missing", "../x", "elsewhere/real"]
            ).survey()
            #expect(states.map(\.path) == ["elsewhere/real", "empty", "file", "named"])
            #expect(states[0].problem == nil)
            #expect(states[1].problem?.contains("a folder without .git") == true)
            #expect(states[2].problem?.contains("found a file") == true)
            #expect(states[3].problem?.contains("found a symbolic link") == true)
        }
    }

    @Test("What the daemon's user may not look into is no empty folder")
    func hidden() async throws {
        #expect(Entry(at: Array("/nowhere".utf8)) == .nothing)
        #expect(Entry(at: Array("/etc/hostname/x".utf8)) == .nothing)
        // Root may look everywhere; a name that is too long stops it too.
        let name = String(repeating: "x", count: 300)
        #expect(Entry(at: Array("/\(name)".utf8)) == .hidden)
        #expect(DirectoryEntries.names(in: "/\(name)") == nil)
        try await TestSite.with { site in
            let states = await site.workspace([name, "\(name)/*"]).survey()
            #expect(states.map(\.path) == [name])
            #expect(states.first?.problem?.contains("may not look") == true)
        }
    }

    @Test("A git that is missing, hangs or babbles is named")
    func programs() async throws {
        try await TestSite.with { site in
            try await site.repository(at: ".")
            let missing = await site.workspace(program: "/nonexistent/git").survey()
            #expect(missing.first?.problem?.contains("Debian package git") == true)
            for (script, words) in [
                ("exec sleep 30", "an end within"), ("exec yes", "refs"),
                ("echo hello", "four fields"),
                ("kill -9 $$", "signal 9"), ("exit 3", "exit status 3"),
            ] {
                try site.write("#!/bin/sh\n\(script)\n", to: "fake")
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o755], ofItemAtPath: site.path("fake"))
                let states = await site.workspace(
                    deadline: .milliseconds(script.contains("sleep") ? 200 : 20_000),
                    program: site.path("fake")
                ).survey()
                #expect(states.count == 1 && states[0].commit == nil)
                let problem = states.first?.problem ?? ""
                #expect(
                    problem.contains(words) || (script == "exec yes" && problem.contains("more")),
                    "\(script): \(problem)")
            }
        }
    }

    @Test("Another user's tree is read as that user", .enabled(if: geteuid() == 0))
    func owners() async throws {
        try await TestSite.with { site in
            let commit = try await site.repository(at: ".")
            let nobody = try #require(getpwnam("nobody")).pointee.pw_uid
            #expect(chmod(site.root, 0o755) == 0)
            for name in try site.everything().keys {
                #expect(lchown(site.path(name), nobody, 0) == 0)
            }
            #expect(lchown(site.root, nobody, 0) == 0)
            #expect(try await site.state().commit == commit)
            #expect(lchown(site.path(".git"), 1, 1) == 0)
            let state = try await site.state()
            #expect(state.commit == nil)
            #expect(state.problem?.contains("dubious ownership") == true)
            #expect(state.problem?.contains("chown") == true)
        }
    }
}
