// SPDX-License-Identifier: Apache-2.0

public import ClusterModel

/// Looks at what belongs to the site and not to the node: repositories and database.
///
/// Read anew each time; those who ask at once share an answer. Never blocks a thread of the
/// cooperative pool, and ends early where its task is cancelled. What cannot be read is data.
public protocol SiteSurveyor: Sendable {
    /// The repositories below the installation's root, in any order.
    func repositories() async -> RepositorySurvey
    /// What the database answers; `nil` where none is configured.
    func database() async -> DatabaseState?
}

/// The repositories that were found.
public struct RepositorySurvey: Sendable, Hashable {
    /// Each of them once.
    public var repositories: [RepositoryState]
    /// Why some may be missing; `nil` where these are all.
    public var problem: String?

    /// Joins repositories and problem.
    public init(_ repositories: [RepositoryState], problem: String? = nil) {
        self.repositories = repositories
        self.problem = problem
    }
}

/// What a look at the site found.
public struct SiteSurvey: Sendable, Hashable {
    /// Its repositories.
    public var repositories: RepositorySurvey
    /// Its database; `nil` where none is configured.
    public var database: DatabaseState?

    /// Joins the parts.
    public init(repositories: RepositorySurvey, database: DatabaseState? = nil) {
        self.repositories = repositories
        self.database = database
    }
}
