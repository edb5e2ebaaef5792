// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import Glibc
internal import Logging
internal import NodeConfiguration
internal import NodeRuntime
internal import ServiceLifecycle

/// Takes in changed files without a restart: the list of URLs, caches, handlers, the
/// application's socket and users.
///
/// `port:`, `bind:`, `settle:` and `stagger:` hold from the next start.
///
/// A file that cannot be used leaves in force what was, and says so once.
struct FileWatch: Sendable {
    /// How often the files are looked at.
    static let interval: Duration = .seconds(1)

    let configurationFile: String
    let usersFile: String
    let installation: Installation
    let reactor: ConfiguredReactor
    let caches: CurrentCaches
    let application: ApplicationSocketService
    let survey: CurrentSurvey
    let hosts: HostNames
    let logger: Logger

    /// Looks until it is cancelled.
    func run() async throws {
        var configuration = FileVersion(of: configurationFile)
        var users = FileVersion(of: usersFile)
        while !Task.isCancelled {
            try await Task.sleep(for: FileWatch.interval)
            let newConfiguration = FileVersion(of: configurationFile)
            if newConfiguration != configuration {
                configuration = newConfiguration
                await takeConfiguration()
            }
            let newUsers = FileVersion(of: usersFile)
            if newUsers != users {
                users = newUsers
                await takeUsers()
            }
        }
    }

    /// Reads both files, changed or not: what SIGHUP asks for.
    func reload() async {
        await takeConfiguration()
        await takeUsers()
    }

    private func takeConfiguration() async {
        do {
            let configuration = try SiteConfiguration.load(from: configurationFile)
            try application.take(configuration.applicationSocket)
            try caches.take(configuration.caches)
            survey.take(configuration)
            hosts.take(configuration.urls)
            await installation.setConfiguration(
                addresses: configuration.urls.map(NodeAddress.init),
                handlers: reactor.take(configuration.reactions),
                retention: Retention(configuration.limits),
                payloadLimit: configuration.limits.payload)
            installation.site.notices.set(nil, about: configurationFile)
            logger.notice("took in \(configurationFile)")
        } catch {
            installation.site.notices.set(
                "the old configuration stays in force: \(error)", about: configurationFile)
            logger.error("the old configuration stays in force: \(error)")
        }
    }

    private func takeUsers() async {
        do {
            let users = try UsersFile.load(
                from: usersFile, replacesUsers: await installation.allowsUsers)
            await installation.setUsers(users.entries.map(AllowedUser.init))
            installation.site.notices.set(nil, about: usersFile)
            logger.notice("took in \(usersFile)")
        } catch {
            installation.site.notices.set(
                "the old users stay in force: \(error)", about: usersFile)
            logger.error("the old users stay in force: \(error)")
        }
    }
}

/// What tells one state of a file from the next.
///
/// Source: stat(2).
struct FileVersion: Equatable {
    private var seconds = 0
    private var nanoseconds = 0
    private var size = -1
    private var inode: UInt = 0

    init(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
        size = Int(status.st_size)
        inode = UInt(status.st_ino)
    }
}
