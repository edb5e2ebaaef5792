// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import DatabaseStatus
internal import GitWorkspace
internal import NodeConfiguration
internal import NodeRuntime
internal import Synchronization

/// The repositories and the database of the configuration in force.
final class CurrentSurvey: SiteSurveyor {
    /// How long one git may take: with less than the desk's patience a stuck repository is named.
    private static let gitDeadline: Duration = .seconds(3)

    private struct Site: Sendable {
        var git: GitWorkspace
        var database: DatabaseStatus?
    }

    private let root: String
    private let site: Mutex<Site>

    /// Looks at an installation as its first configuration says.
    init(_ configuration: SiteConfiguration, root: String) {
        self.root = root
        site = Mutex(CurrentSurvey.site(configuration, root))
    }

    /// Takes a new configuration; a look that is under way goes on with the old one.
    func take(_ configuration: SiteConfiguration) {
        let new = CurrentSurvey.site(configuration, root)
        site.withLock { $0 = new }
    }

    private static func site(_ configuration: SiteConfiguration, _ root: String) -> Site {
        Site(
            git: GitWorkspace(
                root: root, patterns: configuration.repositories, deadline: gitDeadline),
            database: configuration.database.flatMap(DatabaseLocation.init).map {
                DatabaseStatus($0, root: root)
            })
    }

    func repositories() async -> RepositorySurvey {
        RepositorySurvey(await site.withLock { $0.git }.survey())
    }

    func database() async -> DatabaseState? {
        guard let database = site.withLock({ $0.database }) else { return nil }
        return await database.read()
    }
}

extension DatabaseLocation {
    /// Where the configuration says that the database is; `nil` without a server's address.
    fileprivate init?(_ address: DatabaseAddress) {
        guard address.engine != .sqlite else {
            self = .sqlite(path: address.name)
            return
        }
        guard let host = address.host, let port = address.port else { return nil }
        let login = DatabaseLogin(
            host: host.canonical, port: port, user: address.user,
            password: address.password?.revealed, database: address.name)
        self = address.engine == .mysql ? .mysql(login) : .postgresql(login)
    }
}
