// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
internal import ProgramRunner

/// The git repositories of an installation, looked at through the real git.
///
/// Law: looking changes nothing, neither in a work tree nor in a repository, and reaches no
/// network. Nothing that a repository holds is run.
public struct GitWorkspace: Sendable {
    /// The installation's root.
    let root: String
    /// Where repositories are looked for besides the root.
    let patterns: [PathPattern]
    /// How long one git may take.
    let deadline: Duration
    /// The program, by name or by path.
    let program: String

    /// How many repositories are looked at side by side.
    ///
    /// A git is a process: more of them than cores only stand in one another's way.
    static let width = 4

    /// Describes where to look.
    ///
    /// - Parameters:
    ///   - root: The installation's root, an absolute path.
    ///   - patterns: Paths below the root, as `repositories:` lists them; `*` and `?` stand for
    ///     any characters of one name.
    ///   - deadline: How long one git may take before its repository counts as stuck.
    ///   - program: The git to use, by name or by path.
    public init(
        root: String, patterns: [String], deadline: Duration = .seconds(10),
        program: String = "git"
    ) {
        self.root = root
        self.patterns = patterns.map(PathPattern.init)
        self.deadline = deadline
        self.program = program
    }

    /// The state of every repository: the root's first, the others by path.
    ///
    /// A folder without a `.git` of its own is no repository: it is left out where a pattern with
    /// wildcards found it, as is a root without one. What was named outright and is none, and what
    /// cannot be read, is reported with a problem.
    /// Limit: 1,000 repositories; a last entry says so where there are more.
    public func survey() async -> [RepositoryState] {
        let places = await onItsOwnThread { RepositorySearch(root: root).places(patterns) }
        return await withTaskGroup(of: (Int, RepositoryState).self) { group in
            var states: [Int: RepositoryState] = [:]
            for (index, place) in places.enumerated() {
                if index >= Self.width, let (done, state) = await group.next() {
                    states[done] = state
                }
                group.addTask { (index, await self.state(of: place)) }
            }
            for await (done, state) in group { states[done] = state }
            return places.indices.compactMap { states[$0] }
        }
    }

    private func state(of place: RepositorySearch.Place) async -> RepositoryState {
        switch place {
        case .unusable(let path, let problem):
            return RepositoryState(path: path, commit: nil, short: nil, problem: problem)
        case .repository(let path, let warning):
            let directory = path == "." ? root : "\(root)/\(path)"
            do throws(GitFailure) {
                let owner = try await owner(of: directory)
                let git = Git(
                    program: program, directory: directory, owner: owner, deadline: deadline)
                return try await Self.read(path, with: git, warning: warning)
            } catch {
                return RepositoryState(
                    path: path, commit: nil, short: nil, problem: error.description)
            }
        }
    }

    /// Who owns the tree; looked up away from the cooperative threads, since it may wait.
    private func owner(of directory: String) async throws(GitFailure) -> ProgramOwner? {
        let result: Result<ProgramOwner?, ProgramError> = await onItsOwnThread {
            do throws(ProgramError) {
                return .success(try ProgramOwner.ofTree(directory))
            } catch {
                return .failure(error)
            }
        }
        do {
            return try result.get()
        } catch {
            throw GitFailure(error)
        }
    }

    /// Three processes: what HEAD is, what was changed, where it came from.
    private static func read(
        _ path: String, with git: Git, warning: String?
    ) async throws(GitFailure) -> RepositoryState {
        let head = try await git.head()
        let isModified = try await git.isModified()
        let origin = try await git.origin()
        let (note, noteProblem) = head.note
        let problems = [warning, head.problem, noteProblem].compactMap { $0 }
        return RepositoryState(
            path: path, commit: head.commit, short: head.short, names: head.names,
            isDetached: head.isDetached, isModified: isModified, updatedOn: note?.time,
            updatedBy: note?.person, origin: origin,
            problem: problems.isEmpty ? nil : problems.joined(separator: "; "))
    }
}
