// SPDX-License-Identifier: Apache-2.0
internal import AdminHTTP
internal import ClusterModel
internal import ClusterSigning
internal import EventLogSQLite
internal import Logging
internal import NodeConfiguration
internal import NodeRuntime
internal import ServiceLifecycle
internal import UnixSignals

/// The process: every installation, its door, and the local socket, as one group of services.
///
/// They start in the order of the list and stop in the reverse: doors first, logs last.
struct Daemon {
    let sites: [String]
    let stateDirectory: String
    let logger: Logger

    /// Serves until SIGTERM or SIGINT, or until something ends the process.
    ///
    /// - Throws: `ConfigurationError`, `EventLogError`, `TransportError`, `ServerError`: nothing is
    ///   served then.
    func run() async throws {
        // The first start makes it; the audit trail stands in it.
        try SiteState.prepareFolder(stateDirectory)
        let audit = try BoundedLogFile(path: "\(stateDirectory)/audit.log")
        var served: [ServedInstallation] = []
        for site in sites {
            served.append(
                try ServedInstallation(
                    site: site, stateDirectory: stateDirectory, after: served.map(\.ports),
                    audit: audit, logger: logger))
        }
        let table = InstallationTable(entries: served.map(\.entry))
        let doors = Set(served.map { "\($0.address.numeric) port \($0.doorPort)" }).sorted()
        let ready = ReadyNotice(expecting: 1 + doors.count) {
            let places = doors.joined(separator: " and ")
            logger.notice("serving \(sites.joined(separator: " and ")); the door is at \(places)")
        }
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = served.map { one in
            .init(
                service: InstallationService(served: one),
                successTerminationBehavior: .gracefullyShutdownGroup)
        }
        services.append(
            .init(
                service: LocalSocketServer(
                    path: "\(stateDirectory)/daemon.sock", installations: table, logger: logger,
                    onListening: { ready.note() })))
        services += served.map { .init(service: $0.application) }
        services.append(.init(service: ReloadService(watches: served.map(\.watch))))
        for one in served where table.behind(one.entry.door).entries.first?.site == one.entry.site {
            services.append(
                .init(
                    service: DoorServer(
                        host: one.address.numeric, port: one.doorPort,
                        installations: table.behind(one.entry.door), logger: logger,
                        onListening: { _ in ready.note() })))
        }
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(8)
        configuration.maximumCancellationDuration = .seconds(4)
        try await ServiceGroup(configuration: configuration).run()
        for one in served { await one.log.close() }
        logger.notice("stopped")
    }
}

/// Reads the files anew on SIGHUP.
private struct ReloadService: Service {
    let watches: [FileWatch]

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            for watch in watches { await watch.reload() }
        }
    }
}

/// One installation as a service: the node, and the files it is configured with.
private struct InstallationService: Service {
    let served: ServedInstallation

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await served.installation.run() }
            group.addTask { try await served.watch.run() }
            group.addTask { try await served.code.run() }
            group.addTask {
                try await gracefulShutdown()
                await served.installation.stop()
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
