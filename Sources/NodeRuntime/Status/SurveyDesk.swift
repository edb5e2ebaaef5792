// SPDX-License-Identifier: Apache-2.0

internal import ClusterModel

/// Where `status` asks what the site looks like: shared readings with a deadline each.
///
/// Law: git and database are read side by side, one reading of each at a time; a slow one is told
/// as such, and does not hold up the other.
final class SurveyDesk: Sendable {
    /// How long each part may take: less than a peer waits for an answer.
    static let patience: Duration = .seconds(4)
    /// For how long an answer serves those who ask after it came.
    static let freshness: Duration = .seconds(1)

    private let patience: Duration
    private let repositories: SharedReading<RepositorySurvey>
    private let database: SharedReading<DatabaseState?>

    /// A desk that answers while `run` runs.
    init(
        _ surveyor: any SiteSurveyor, clock: any HostClock,
        patience: Duration = SurveyDesk.patience, freshness: Duration = SurveyDesk.freshness
    ) {
        self.patience = patience
        repositories = SharedReading(clock: clock, freshness: freshness) {
            await surveyor.repositories()
        }
        database = SharedReading(clock: clock, freshness: freshness) { await surveyor.database() }
    }

    /// Reads whenever somebody asks, until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.repositories.run() }
            group.addTask { await self.database.run() }
        }
    }

    /// What the site looks like.
    func survey() async -> SiteSurvey {
        async let repositories = repositories.value(within: patience)
        async let database = database.value(within: patience)
        let silence = "no answer within \(patience)"
        return SiteSurvey(
            repositories: await repositories ?? RepositorySurvey([], problem: "git: \(silence)"),
            database: await database
                ?? DatabaseState(version: nil, sizeBytes: nil, problem: silence))
    }
}
