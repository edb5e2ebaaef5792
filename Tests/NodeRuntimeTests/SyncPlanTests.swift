// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Testing

@testable import NodeRuntime

@Suite("The plan that makes another server equal to this one")
struct SyncPlanTests {
    private static let old = String(repeating: "a", count: 40)
    private static let new = String(repeating: "b", count: 40)

    private static func at(
        _ commit: String?, path: String = ".", isModified: Bool = false, updated: UInt64? = nil,
        problem: String? = nil
    ) -> RepositoryState {
        RepositoryState(
            path: path, commit: commit, short: commit.map { String($0.prefix(7)) },
            isModified: isModified, updatedOn: updated.map(WallTime.init(milliseconds:)),
            problem: problem)
    }

    private static let cases:
        [(here: [RepositoryState], there: [RepositoryState], steps: [SyncPlan.Step])] = [
            ([], [], []),
            ([at(new)], [at(new)], [.inSync(path: ".")]),
            ([at(new)], [at(old)], [.checkout(path: ".", from: old, to: new)]),
            ([at(new)], [], [.clone(path: ".", commit: new)]),
            ([], [at(new, path: "p/a")], [.extra(path: "p/a")]),
            ([], [at(new)], [.skip(path: ".", reason: "there is no repository here")]),
            (
                [at(new)], [at(old, isModified: true)],
                [.skip(path: ".", reason: "local modifications")]
            ),
            (
                [at(new)], [at(new, isModified: true)],
                [.skip(path: ".", reason: "local modifications")]
            ),
            ([at(new, isModified: true)], [at(new)], [.inSync(path: ".")]),
            (
                [at(new)], [at(nil, problem: "not readable")],
                [.skip(path: ".", reason: "not readable")]
            ),
            ([at(new)], [at(nil)], [.skip(path: ".", reason: "no commit")]),
            (
                [at(nil, problem: "no commit yet")], [at(new)],
                [.skip(path: ".", reason: "here: no commit yet")]
            ),
            // The root first, then by path, whatever order they came in; extra ones last.
            (
                [at(new, path: "-p"), at(new, path: "p/b"), at(new), at(new, path: "p/a")],
                [at(new, path: "z"), at(new, path: "e"), at(new)],
                [
                    .inSync(path: "."), .clone(path: "-p", commit: new),
                    .clone(path: "p/a", commit: new), .clone(path: "p/b", commit: new),
                    .extra(path: "e"), .extra(path: "z"),
                ]
            ),
        ]

    @Test("One step a repository", arguments: cases.indices)
    func steps(_ index: Int) {
        let (here, there, steps) = Self.cases[index]
        let plan = SyncPlan(from: RepositorySurvey(here), to: RepositorySurvey(there), revision: [])
        #expect(plan.steps == steps)
        #expect(plan.behind == [])
    }

    @Test("What is not known to be absent is neither cloned nor called extra")
    func unknown() {
        let here = [Self.at(Self.new, path: "p/a")]
        let there = [Self.at(Self.new, path: "p/b")]
        let plan = SyncPlan(
            from: RepositorySurvey(here, problem: "git: no answer"),
            to: RepositorySurvey(there, problem: "git: no answer"), revision: [])
        #expect(
            plan.steps == [
                .skip(path: "p/a", reason: "not all repositories there are known"),
                .skip(path: "p/b", reason: "not all repositories here are known"),
            ])
    }

    @Test(
        "Who is behind says so: by the agreed revision, else by the dates of the notes",
        arguments: [
            // A note that is older than theirs.
            (at(new, updated: 1), at(old, updated: 2), nil, true),
            (at(new, updated: 2), at(old, updated: 1), nil, false),
            (at(new, updated: 2), at(old, updated: 2), nil, false),
            // No note here: it came by hand, and may be what the next update brings.
            (at(new), at(old, updated: 2), nil, false),
            (at(new, updated: 1), at(old), nil, false),
            // The revision decides before dates do: going back is a new generation.
            (at(new, updated: 2), at(old, updated: 1), old, true),
            (at(new, updated: 1), at(old, updated: 2), new, false),
            (at(new), at(old), old, false),
            // In step is in step.
            (at(new, updated: 1), at(new, updated: 2), nil, false),
        ] as [(RepositoryState, RepositoryState, String?, Bool)])
    func behind(
        _ here: RepositoryState, _ there: RepositoryState, _ agreed: String?, _ isBehind: Bool
    ) {
        let plan = SyncPlan(
            from: RepositorySurvey([here]), to: RepositorySurvey([there]),
            revision: agreed.map { [RepositoryCommit(path: ".", commit: $0)] } ?? [])
        #expect(!plan.behind.isEmpty == isBehind, "\(plan.behind)")
    }
}
