// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import NodeRuntime

/// Notices when other code is served: somebody deployed by hand, or ran `git pull`.
///
/// A survey costs processes, so it is made at the start, every few minutes, and whenever a file
/// changed that git writes at each checkout, commit, reset and pull: `HEAD` or its reflog.
struct CodeWatch: Sendable {
    /// How often those files are looked at.
    static let interval: Duration = .seconds(1)
    /// How often everything is: what has its `.git` elsewhere, and new repositories.
    static let surveyInterval: Duration = .seconds(300)

    let site: String
    let installation: Installation
    /// Looks at all repositories.
    let survey: @Sendable () async -> [RepositoryState]

    /// Looks until it is cancelled.
    func run() async throws {
        var known: [String: String] = [:]
        var marks: [FileVersion] = []
        var lastSurvey: ContinuousClock.Instant?
        while !Task.isCancelled {
            let present = self.marks(of: known.keys.sorted())
            let isDue =
                marks != present
                || lastSurvey.map { .now - $0 >= CodeWatch.surveyInterval } ?? true
            let isWanted = await installation.wantsCode()
            if isDue || isWanted {
                let states = await survey()
                await tell(states, known)
                let found = CodeWatch.commits(states, known)
                // The marks are those from before the survey: what changed while it ran, and what
                // is watched from now on, is looked at once more.
                marks = found.keys.sorted() == known.keys.sorted() ? present : []
                known = found
                lastSurvey = .now
            }
            try await Task.sleep(for: CodeWatch.interval)
        }
    }

    /// The commits by path; of a repository that cannot be read now, the one that was known.
    private static func commits(
        _ states: [RepositoryState], _ known: [String: String]
    ) -> [String: String] {
        var commits: [String: String] = [:]
        for state in states {
            if let commit = state.commit ?? known[state.path] { commits[state.path] = commit }
        }
        return commits
    }

    /// A repository that was never readable does not count; one that is not any more makes the
    /// whole unknown.
    private func tell(_ states: [RepositoryState], _ known: [String: String]) async {
        if let lost = states.first(where: { $0.commit == nil && known[$0.path] != nil }) {
            let problem = lost.problem ?? "no commit"
            return await installation.tellCodeUnknown("\(lost.path): \(problem)")
        }
        await installation.tellCode(
            states.compactMap { state in
                state.commit.map { RepositoryCommit(path: state.path, commit: $0) }
            })
    }

    private func marks(of paths: [String]) -> [FileVersion] {
        paths.flatMap { path in
            let folder = path == "." ? "\(site)/.git" : "\(site)/\(path)/.git"
            return [FileVersion(of: "\(folder)/HEAD"), FileVersion(of: "\(folder)/logs/HEAD")]
        }
    }
}
