// SPDX-License-Identifier: Apache-2.0
internal import ProgramRunner

/// The questions that are put to git in one repository.
struct Git: Sendable {
    let program: String
    let directory: String
    let owner: ProgramOwner?
    let deadline: Duration

    /// The most that git may say about HEAD: its refs and its note.
    ///
    /// Unit: bytes.
    static let outputLimit = 256 << 10

    /// HEAD with its refs and the note of its last update.
    func head() async throws(GitFailure) -> HeadReport {
        do throws(GitFailure) {
            return try HeadReport(parsing: try await answer(Self.headWords(withNames: true)))
        } catch {
            guard error.code == .tooLong else { throw error }
        }
        let rest = try await answer(Self.headWords(withNames: false))
        return try HeadReport(parsing: rest).cut()
    }

    /// Whether tracked files differ from HEAD.
    ///
    /// Untracked files are none of git's: an update that would meet one stops by itself. What a
    /// submodule holds is its own repository's affair.
    func isModified() async throws(GitFailure) -> Bool {
        do throws(GitFailure) {
            return StatusReport.isModified(
                try await answer([
                    "status", "--porcelain=v2", "-z", "--untracked-files=no", "--no-renames",
                    "--ignore-submodules=all", "--no-ahead-behind",
                ]))
        } catch {
            // Nothing but modifications is listed, so too many of them are some.
            guard error.code == .tooLong else { throw error }
            return true
        }
    }

    /// The address of the remote `origin`, without credentials.
    func origin() async throws(GitFailure) -> String? {
        let result = try await result(["config", "-z", "--get", "remote.origin.url"])
        // Source: git-config(1): 1 means that there is no such key.
        guard result.ending != .exited(1) else { return nil }
        return OriginAddress.shown(try Self.output(of: result))
    }

    /// One commit, its refs in full so that none can pass for another, and its note at the end,
    /// since a note alone may hold any byte.
    private static func headWords(withNames: Bool) -> [String] {
        let fields = withNames ? "%H%x00%h%x00%D%x00%N" : "%H%x00%h%x00%x00"
        return [
            "log", "-1", "--no-patch", "--no-show-signature", "--no-color", "--encoding=UTF-8",
            "--abbrev=7", "--decorate=full", "--decorate-refs=HEAD", "--decorate-refs=refs/heads/",
            "--decorate-refs=refs/tags/", "--decorate-refs=refs/remotes/",
            "--notes=refs/notes/update", "--format=tformat:\(fields)",
        ]
    }

    private func answer(_ words: [String]) async throws(GitFailure) -> [UInt8] {
        try Self.output(of: try await result(words))
    }

    private static func output(of result: ProgramResult) throws(GitFailure) -> [UInt8] {
        guard result.isSuccess else { throw GitFailure(result) }
        return result.output
    }

    private func result(_ words: [String]) async throws(GitFailure) -> ProgramResult {
        let call = ProgramCall(
            [program] + Self.options + words, in: directory, environment: environment,
            outputLimit: Self.outputLimit, deadline: deadline, owner: owner)
        do {
            return try await ProgramRunner().run(call)
        } catch {
            throw GitFailure(error)
        }
    }

    /// What no repository's own configuration may decide.
    ///
    /// Filters of its `.gitattributes` remain: git knows them only from `.git/config`, which is
    /// the tree owner's own, and they run as that owner.
    static let options = [
        "--no-pager", "--no-replace-objects", "--no-optional-locks",
        "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false",
        "-c", "core.untrackedCache=false", "-c", "core.attributesFile=/dev/null",
        "-c", "core.excludesFile=/dev/null", "-c", "protocol.allow=never",
        "-c", "submodule.recurse=false", "-c", "log.showSignature=false",
        "-c", "log.mailmap=false",
    ]

    /// Git looks for a repository here alone, reads no configuration but the repository's, asks
    /// nobody and fetches nothing.
    private var environment: [String: String] {
        var variables = ProgramEnvironment.clean(for: owner, adding: Self.variables)
        variables["LANG"] = nil
        variables["GIT_CEILING_DIRECTORIES"] = Self.parent(of: directory)
        return variables
    }

    private static let variables = [
        "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_COUNT": "0", "GIT_ATTR_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false", "SSH_ASKPASS": "/bin/false", "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_OPTIONAL_LOCKS": "0",
    ]

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
