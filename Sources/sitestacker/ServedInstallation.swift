// SPDX-License-Identifier: Apache-2.0
internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import EventLogSQLite
internal import Glibc
internal import Logging
internal import MeshTransport
internal import NodeConfiguration
internal import NodeRuntime
internal import WireFormat

/// One installation with everything that belongs to it in this process.
struct ServedInstallation: Sendable {
    /// The program's version.
    static let version = "0.1.0"

    let entry: InstallationTable.Entry
    let installation: Installation
    let log: SQLiteEventLog
    let code: CodeWatch
    let watch: FileWatch
    let application: ApplicationSocketService
    /// Where the door listens.
    let address: ListenAddress
    let doorPort: UInt16
    /// Where the mesh listens.
    let ports: MeshPorts

    /// Reads configuration and state, and opens the log; nothing is on the network yet.
    ///
    /// - Parameter taken: The mesh ports of the daemon's installations before this one.
    init(
        site: String, stateDirectory: String, after taken: [MeshPorts], audit: BoundedLogFile,
        logger: Logger
    ) throws {
        let file = "\(site)/\(SiteConfiguration.fileName)"
        let configuration = try SiteConfiguration.load(from: file)
        let state = SiteState(stateDirectory: stateDirectory, site: site)
        try state.prepare()
        let identity = try ServedInstallation.identity(in: state)
        address = try ListenAddress(of: configuration)
        doorPort = configuration.doorPort(ofOwn: address.url)
        let ports = try MeshPorts.choose(
            door: doorPort, address: address.numeric, after: taken, state: state)
        self.ports = ports
        log = try SQLiteEventLog(directory: state.folder)
        let reactor = ConfiguredReactor(site: site)
        let caches = try CurrentCaches(
            configuration.caches, site: site,
            scriptDirectory: try RuntimeDirectory.make(for: state))
        let survey = CurrentSurvey(configuration, root: site)
        let settings = ServedInstallation.settings(
            configuration, try UsersFile.load(from: state.usersFile), state, reactor,
            ownURL: address.url.display)
        let clock = SystemClock()
        let listening = address.numeric
        var logger = logger
        logger[metadataKey: "site"] = "\(site)"
        installation = Installation(
            settings: settings, identity: identity,
            ports: InstallationPorts(
                log: log, store: FileClusterStore(state: state),
                transport: { identity in
                    try ZeroMQTransport(
                        TransportSettings(
                            curveSecret: identity.curveSecret.withUnsafeBytes { [UInt8]($0) },
                            address: listening, publishPort: ports.publish,
                            requestPort: ports.request, clock: clock))
                },
                endpoints: ports.endpoints(on: address.advertised),
                caches: caches, reactor: reactor, doors: HTTPDoorClient(), clock: clock,
                host: HostFacts(
                    hostname: ServedInstallation.hostname, path: site,
                    version: ServedInstallation.version),
                surveyor: survey, audit: FileAuditTrail(site: site, file: audit)),
            logger: logger)
        code = CodeWatch(site: site, installation: installation) {
            await survey.repositories().repositories
        }
        entry = InstallationTable.Entry(
            installation: installation, site: site,
            hosts: HostNames(of: configuration.urls),
            door: "\(address.numeric) \(doorPort)")
        application = ApplicationSocketService(
            file: file, installations: InstallationTable(entries: [entry]), logger: logger)
        try application.take(configuration.applicationSocket)
        watch = FileWatch(
            configurationFile: file, usersFile: state.usersFile, installation: installation,
            reactor: reactor, caches: caches, application: application, survey: survey,
            hosts: entry.hosts, logger: logger)
    }

    /// What the node is configured with.
    private static func settings(
        _ configuration: SiteConfiguration, _ users: UsersFile, _ state: SiteState,
        _ reactor: ConfiguredReactor, ownURL: String
    ) -> InstallationSettings {
        var settings = InstallationSettings(
            addresses: configuration.urls.map(NodeAddress.init),
            users: users.entries.map(AllowedUser.init), usersFile: state.usersFile,
            handlers: reactor.take(configuration.reactions),
            retention: Retention(configuration.limits), ownURL: ownURL)
        settings.settle = configuration.settle
        settings.stagger = configuration.stagger
        settings.payloadLimit = configuration.limits.payload
        settings.tellsCode = true
        return settings
    }

    /// This node's keys, made at the first start.
    private static func identity(in state: SiteState) throws -> NodeIdentity {
        let kept = try state.decoded(.nodeKey) { bytes in
            var bytes = bytes
            return try NodeKeyFile.decode(SecretBytes(moving: &bytes))
        }
        if let kept { return kept }
        let identity = try NodeIdentity()
        // An `init` that runs just now makes keys as well; whoever is second takes the others.
        let isMade = try state.create(
            .nodeKey, NodeKeyFile.encode(identity).withUnsafeBytes { [UInt8]($0) })
        return isMade ? identity : try self.identity(in: state)
    }

    /// The host's name.
    ///
    /// Source: gethostname(2).
    private static var hostname: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return name.withUnsafeBufferPointer { buffer in
            String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}

extension NodeAddress {
    /// Where the door of a listed URL is.
    init(_ url: SiteURL) {
        self.init(url: url.display, host: url.host.canonical, port: url.doorPort)
    }
}

extension AllowedUser {
    /// A line of the users file, as the core takes it.
    init(_ entry: UserEntry) {
        let scopes = entry.scopes.reduce(into: Scopes()) { scopes, scope in
            if let one = Scopes(name: scope.rawValue) { scopes.formUnion(one) }
        }
        self.init(identifier: entry.identifier.description, scopes: scopes)
    }
}

extension Retention {
    /// What the configuration says of it.
    init(_ limits: SiteConfiguration.Limits) {
        self.init(age: limits.logAge, byteCount: limits.logSize)
    }
}
