// SPDX-License-Identifier: Apache-2.0
import Foundation
import ServerTesting

/// The site of the vendor's example: a core, two packages at tags, and a database in a file.
struct SiteFixture {
    /// The commits that are live: of the core, and of both packages.
    let core: String
    let acssa: String
    let namb: String
    /// The version of SQLite that wrote the database.
    let version: String
    private let root: String

    static var isUsable: Bool {
        let isThere = ["/usr/bin/git", "/usr/bin/python3"]
            .allSatisfy(FileManager.default.isExecutableFile)
        return isThere || ProcessInfo.processInfo.environment["CI"] == "true"
    }

    /// Makes the repositories that the site's are cloned from, below a folder.
    init(at root: String) async throws {
        self.root = root
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        version = try await Self.run(
            "/usr/bin/python3", ["-c", "import sqlite3; print(sqlite3.sqlite_version)"], at: root)
        core = try await Self.upstream("core", "index.php", tag: nil, in: root)
        acssa = try await Self.upstream("ACSSA", "a.php", tag: "1.0.0", in: root)
        namb = try await Self.upstream("NAMB", "n.php", tag: "1.1.0-beta", in: root)
    }

    /// A repository with one commit; where it is tagged, a second one follows on the branch.
    private static func upstream(
        _ name: String, _ file: String, tag: String?, in root: String
    ) async throws -> String {
        let folder = "\(root)/\(name)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        func git(_ arguments: String...) async throws -> String {
            try await run("/usr/bin/git", ["-C", folder] + arguments, at: root)
        }
        _ = try await git("init", "-q", "-b", "master")
        try Foundation.Data("<?php // \(name)\n".utf8)
            .write(to: URL(fileURLWithPath: "\(folder)/\(file)"))
        _ = try await git("add", file)
        _ = try await git("commit", "-q", "-m", "first")
        let commit = try await git("rev-parse", "HEAD")
        if let tag {
            _ = try await git("tag", tag)
            _ = try await git("commit", "-q", "--allow-empty", "-m", "second")
        }
        return commit
    }

    /// Makes a server's site a clone of the core, and its database.
    func installCore(in server: Server) async throws {
        let site = server.site
        try await git("init", "-q", "-b", "unborn", in: site)
        try await git("remote", "add", "origin", "\(root)/core", in: site)
        try await git("fetch", "-q", "origin", in: site)
        try await git("checkout", "-q", "-b", "master", "origin/master", in: site)
        try await git("remote", "set-head", "origin", "master", in: site)
        try FileManager.default.createDirectory(
            atPath: "\(site)/webroot", withIntermediateDirectories: true)
        let script = """
            import sqlite3, sys
            site = sqlite3.connect(sys.argv[1])
            site.execute("create table page (text)")
            site.commit()
            """
        _ = try await Self.run(
            "/usr/bin/python3", ["-c", script, "\(site)/webroot/site.sqlite"], at: root)
    }

    /// Clones both packages into a server's site, at their tags.
    func installPackages(in server: Server) async throws {
        for (name, tag) in [("ACSSA", "1.0.0"), ("NAMB", "1.1.0-beta")] {
            let folder = "packages/templates/\(name)"
            try await git("clone", "-q", "\(root)/\(name)", folder, in: server.site)
            try await git("checkout", "-q", tag, in: "\(server.site)/\(folder)")
        }
    }

    /// The vendor's text with the commits of these repositories.
    func replacingCommits(in text: String) -> String {
        let pairs = [
            ("27d9bb77457e12f3ac06043f1b3b3f61959e96de", acssa),
            ("4375fe16d42634dc31807f558ae809b7f948182f", namb),
            ("27d9bb7", String(acssa.prefix(7))), ("4375fe1", String(namb.prefix(7))),
            ("6212a58", String(core.prefix(7))),
        ]
        return pairs.reduce(text) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
    }

    /// What the branch and the tag of a package's clone stand for.
    func commits(of folder: String) async throws -> (newest: String, tagged: String) {
        (
            try await git("rev-parse", "master", in: folder),
            try await git("rev-parse", "1.0.0^{commit}", in: folder)
        )
    }

    /// Runs git in a folder; gives what it prints.
    @discardableResult
    func git(_ arguments: String..., in folder: String) async throws -> String {
        try await Self.run("/usr/bin/git", ["-C", folder] + arguments, at: root)
    }

    /// Runs a program to its good end; gives what it prints.
    private static func run(
        _ program: String, _ arguments: [String], at root: String
    ) async throws -> String {
        let outcome = try await RunningProcess(
            program, arguments,
            environment: [
                "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a",
                "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "a",
                "GIT_COMMITTER_EMAIL": "a@example.com",
            ], directory: root
        ).end()
        guard outcome.status == 0 else {
            throw Overdue(description: "\(program) \(arguments): \(outcome)")
        }
        return outcome.text
    }
}
