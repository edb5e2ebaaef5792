// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Foundation
import ProgramRunner
import Testing

@testable import GitWorkspace

/// An installation in a temporary folder, made with the real git.
struct TestSite {
    let root: String

    /// Runs the body in a site that is removed afterwards.
    static func with(_ body: (TestSite) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.path
        let site = TestSite(root: "\(folder)/site-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            atPath: site.root, withIntermediateDirectories: true)
        defer {
            #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: site.root) }
        }
        try await body(site)
    }

    func path(_ relative: String) -> String { relative == "." ? root : "\(root)/\(relative)" }

    func folder(_ relative: String) throws {
        try FileManager.default.createDirectory(
            atPath: path(relative), withIntermediateDirectories: true)
    }

    func write(_ text: String, to relative: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path(relative)))
    }

    /// Runs git in a folder of the site, with fixed names and times, and expects it to work.
    @discardableResult
    func git(_ words: String..., at relative: String = ".") async throws -> String {
        let identity = [
            "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.com", "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
            "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z", "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
        ]
        let result = try await ProgramRunner().run(
            ProgramCall(
                ["git"] + words, in: path(relative),
                environment: ProgramEnvironment.clean(for: nil, adding: identity),
                outputLimit: 1 << 20, deadline: .seconds(30)))
        try #require(result.isSuccess, "git \(words): \(result.lastComplaint)")
        return String(decoding: result.output, as: UTF8.self).trimmingCharacters(in: .newlines)
    }

    /// A repository with one commit on `master`; returns the commit.
    @discardableResult
    func repository(at relative: String) async throws -> String {
        try folder(relative)
        try await git("init", "-q", "-b", "master", at: relative)
        try write("hello \(relative)", to: "\(relative)/index.php")
        try await git("add", "index.php", at: relative)
        try await git("commit", "-q", "-m", "First", at: relative)
        return try await git("rev-parse", "HEAD", at: relative)
    }

    func workspace(
        _ patterns: [String] = ["packages/*/*"], deadline: Duration = .seconds(30),
        program: String = "git"
    ) -> GitWorkspace {
        GitWorkspace(root: root, patterns: patterns, deadline: deadline, program: program)
    }

    /// The one state at a path.
    func state(
        at relative: String = ".", _ patterns: [String] = ["packages/*/*"]
    ) async throws -> RepositoryState {
        try #require(await workspace(patterns).survey().first { $0.path == relative })
    }

    /// Every file below the root with its bytes and its time of modification.
    func everything() throws -> [String: String] {
        var found: [String: String] = [:]
        let files = try #require(FileManager.default.enumerator(atPath: root))
        while let name = files.nextObject() as? String {
            let attributes = try FileManager.default.attributesOfItem(atPath: path(name))
            let time = attributes[.modificationDate] as? Date
            let bytes = FileManager.default.contents(atPath: path(name)) ?? Data()
            found[name] = "\(time?.timeIntervalSince1970 ?? 0) \(bytes.base64EncodedString())"
        }
        return found
    }
}
