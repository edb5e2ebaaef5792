// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import NodeRuntimeTesting
import Testing

@testable import NodeRuntime

@Suite("Looks at the site", .timeLimit(.minutes(1)))
struct SurveyDeskTests {
    private static let core = RepositoryState(
        path: ".", commit: String(repeating: "a", count: 40), short: "aaaaaaa")
    private static let survey = SiteSurvey(
        repositories: RepositorySurvey([core]),
        database: DatabaseState(version: "5.7.17", sizeBytes: 1))

    /// Runs the body beside a desk.
    private func withDesk(
        patience: Duration = .seconds(30), freshness: Duration = .zero,
        _ body: (SurveyDesk, ScriptedSurveyor) async throws -> Void
    ) async throws {
        let surveyor = ScriptedSurveyor(Self.survey)
        let desk = SurveyDesk(
            surveyor, clock: TestClock(), patience: patience, freshness: freshness)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await desk.run() }
            defer { group.cancelAll() }
            try await body(desk, surveyor)
        }
    }

    @Test("All parts come together")
    func whole() async throws {
        try await withDesk { desk, _ in #expect(await desk.survey() == Self.survey) }
    }

    @Test("A burst is one look")
    func burst() async throws {
        try await withDesk { desk, surveyor in
            surveyor.setStuck(true)
            await withTaskGroup(of: SiteSurvey.self) { group in
                for _ in 0..<50 { group.addTask { await desk.survey() } }
                while surveyor.looks == 0 { await Task.yield() }
                surveyor.setStuck(false)
                for await survey in group { #expect(survey == Self.survey) }
            }
            // Those who came after the first look ended share a second one at the most.
            #expect(surveyor.looks <= 2)
        }
    }

    @Test("An answer serves for a while, and no longer")
    func freshness() async throws {
        try await withDesk(freshness: .seconds(3_600)) { desk, surveyor in
            for _ in 0..<3 { _ = await desk.survey() }
            #expect(surveyor.looks == 1)
        }
        try await withDesk { desk, surveyor in
            for _ in 0..<3 { _ = await desk.survey() }
            #expect(surveyor.looks == 3)
        }
    }

    @Test("A database that does not answer is told as such; the repositories are there")
    func stuck() async throws {
        try await withDesk(patience: .milliseconds(50)) { desk, surveyor in
            surveyor.setStuck(true)
            for _ in 0..<3 {
                let survey = await desk.survey()
                #expect(survey.repositories == Self.survey.repositories)
                #expect(survey.database?.problem == "no answer within 0.05 seconds")
            }
            #expect(surveyor.looks == 1)
            surveyor.setStuck(false)
            while await desk.survey() != Self.survey { await Task.yield() }
        }
    }

    @Test("Nobody waits for a desk that is closed, or after he has left")
    func closed() async throws {
        let surveyor = ScriptedSurveyor(Self.survey)
        let desk = SurveyDesk(surveyor, clock: TestClock())
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await desk.run() }
            group.cancelAll()
        }
        #expect(await desk.survey().database?.version == nil)
        #expect(surveyor.looks == 0)
        try await withDesk { desk, surveyor in
            surveyor.setStuck(true)
            await withTaskGroup(of: Void.self) { group in
                group.addTask { _ = await desk.survey() }
                while surveyor.looks == 0 { await Task.yield() }
                group.cancelAll()
            }
            surveyor.setStuck(false)
        }
    }
}
