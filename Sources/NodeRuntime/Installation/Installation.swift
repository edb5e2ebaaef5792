// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
public import ClusterCore
public import ClusterModel
public import ClusterSigning
public import Logging
public import WireFormat

/// One installation of the daemon: what its doors talk to, logged in or not.
///
/// While it is logged in it runs a node; `join` and `logout` start and end that.
public actor Installation: AdminService, DoorService {
    nonisolated let ports: InstallationPorts
    nonisolated let identity: NodeIdentity
    /// One run of the node; a new one each time, as its beacons are numbered from 1 again.
    private var instance: InstanceID
    nonisolated let logger: Logger
    nonisolated let counters = Counters()
    nonisolated let audit: Auditor
    nonisolated let logins: LoginService
    /// What `status` tells of the site.
    public nonisolated let site: SiteView

    var settings: InstallationSettings
    var node: Node?
    /// What logins may use while there is no node: read from the log once, not for each message.
    var idleHolding: LoginService.Holding?
    private var hasStopped = false
    private nonisolated let loginChanges: AsyncStream<Void>
    private nonisolated let loginSink: AsyncStream<Void>.Continuation

    /// An installation that `run` brings to life.
    public init(
        settings: InstallationSettings, identity: NodeIdentity, ports: InstallationPorts,
        logger: Logger
    ) {
        self.settings = settings
        self.identity = identity
        self.ports = ports
        self.logger = logger
        instance = Installation.newInstance()
        (loginChanges, loginSink) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let audit = Auditor(trail: ports.audit, clock: ports.clock)
        self.audit = audit
        logins = LoginService(
            identity: identity, clock: ports.clock, counters: counters, audit: audit)
        site = SiteView(
            SurveyDesk(ports.surveyor, clock: ports.clock), counters: counters)
    }

    /// Serves until the task is cancelled.
    ///
    /// - Throws: What ended a node that nobody asked to end: `TransportError`, `EventLogError`,
    ///   `NodeStopped`; the process should end with it, and start again.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [site] in await site.run() }
            group.addTask { [logins] in await logins.watch() }
            defer { group.cancelAll() }
            try await serve()
        }
    }

    private func serve() async throws {
        while !hasStopped, !Task.isCancelled {
            if let node = try await makeNode() {
                self.node = node
                defer { self.node = nil }
                try await node.run()
            } else {
                logger.notice("not logged in: the door answers, the mesh is closed")
                await waitForLogin()
            }
        }
    }

    private func waitForLogin() async {
        for await _ in loginChanges.prefix(1) {}
    }

    /// Ends `run`.
    public func stop() async {
        hasStopped = true
        await loginChanged()
    }

    /// Has `run` look again whether there is a login.
    func loginChanged() async {
        idleHolding = nil
        loginSink.yield()
        await node?.finish()
    }

    private func makeNode() async throws -> Node? {
        guard let pin = try ports.store.clusterPin() else { return nil }
        let recovered = try await ports.log.recover()
        instance = Installation.newInstance()
        guard let ended = endedSerial else { return nil }
        let start = try NodeRecovery(
            identity: identity, instance: instance, pin: pin,
            joinedAs: try ports.store.joinedUser(), settings: settings, ignoredGrantSerial: ended,
            bootstrap: try ports.store.bootstrapRecords()
        ).start(from: recovered)
        guard let start else { return nil }
        if try ports.store.joinedUser() == nil, let user = start.recovered.authority.ownUser {
            try ports.store.join(as: user)
        }
        let transport = try ports.transport(identity)
        return Node(start, ports: ports.nodePorts(introduction, transport, site), logger: logger)
    }

    private static func newInstance() -> InstanceID {
        InstanceID(high: SecureRandom.uint64(), low: SecureRandom.uint64())
    }

    var introduction: Introduction {
        Introduction(
            identity: identity, instance: instance, endpoints: ports.endpoints,
            version: ports.host.version)
    }

    // MARK: What changes while it runs

    /// Whether the users file that is in force names anybody.
    public var allowsUsers: Bool { !settings.users.isEmpty }

    /// Takes a users file that was read anew.
    public func setUsers(_ users: [AllowedUser]) {
        settings.users = users
        node?.post(.authority(.usersChanged(users)))
    }

    /// Takes what was read anew: a list of URLs, handlers, and bounds.
    public func setConfiguration(
        addresses: [NodeAddress], handlers: [ReactionRule], retention: Retention, payloadLimit: Int
    ) {
        settings.addresses = addresses
        settings.handlers = handlers
        settings.retention = retention
        settings.payloadLimit = payloadLimit
        site.health.forget()
        node?.post(.roster(.listed(addresses)))
        node?.post(.configurationChanged(settings.core))
    }

    /// The node, or the error that everything which needs a login answers without one.
    func loggedInNode() throws(ErrorDocument) -> Node {
        guard let node else { throw .notLoggedIn }
        return node
    }
}

/// What an installation is configured with.
public struct InstallationSettings: Sendable {
    /// The list of URLs, in its order.
    public var addresses: [NodeAddress]
    /// The users file.
    public var users: [AllowedUser]
    /// How messages name it.
    public var usersFile: String
    /// The handlers, by index.
    public var handlers: [ReactionRule]
    /// How much the log keeps.
    public var retention: Retention
    /// The URL that is taken for this server's own until the node has found itself.
    public var ownURL: String?
    /// How long after a switch of the code caches are cleared once more.
    public var settle: Duration = .seconds(2)
    /// How long after one member the next one clears everything.
    public var stagger: Duration = .milliseconds(500)
    /// The largest payload that may be published here; more than the wire carries counts as that.
    ///
    /// Unit: bytes.
    public var payloadLimit = WireLimits.blob
    /// Whether somebody calls `tellCode`: the node is not ready before.
    public var tellsCode = false

    /// Joins the settings.
    public init(
        addresses: [NodeAddress], users: [AllowedUser], usersFile: String,
        handlers: [ReactionRule], retention: Retention = Retention(), ownURL: String? = nil
    ) {
        self.retention = retention
        self.ownURL = ownURL
        self.addresses = addresses
        self.users = users
        self.usersFile = usersFile
        self.handlers = handlers
    }

    /// What of them the core needs.
    var core: CoreConfiguration {
        var core = CoreConfiguration(
            peerCount: Roster.peerCount(of: addresses), handlers: handlers)
        core.settle = settle
        core.stagger = stagger
        core.surveysCode = tellsCode
        core.horizon = retention.age
        core.capacity = retention.byteCount
        return core
    }
}

/// The outside of an installation.
public struct InstallationPorts: Sendable {
    /// The event log.
    public var log: any EventLog
    /// The cluster it belongs to, on disk.
    public var store: any ClusterStore
    /// Makes the mesh's sockets for a run of the node.
    public var transport: @Sendable (NodeIdentity) throws -> any Transport
    /// Where they listen.
    public var endpoints: Endpoints
    /// The caches.
    public var caches: any CacheClearer
    /// The handlers.
    public var reactor: any EventReactor
    /// The doors of other nodes.
    public var doors: any DoorClient
    /// The clocks.
    public var clock: any HostClock
    /// What this host says of itself.
    public var host: HostFacts
    /// What there is to see of the site.
    public var surveyor: any SiteSurveyor
    /// Where is kept who did what.
    public var audit: any AuditTrail

    /// Joins the ports.
    public init(
        log: any EventLog, store: any ClusterStore,
        transport: @escaping @Sendable (NodeIdentity) throws -> any Transport,
        endpoints: Endpoints, caches: any CacheClearer, reactor: any EventReactor,
        doors: any DoorClient, clock: any HostClock, host: HostFacts,
        surveyor: any SiteSurveyor, audit: any AuditTrail
    ) {
        self.surveyor = surveyor
        self.audit = audit
        self.log = log
        self.store = store
        self.transport = transport
        self.endpoints = endpoints
        self.caches = caches
        self.reactor = reactor
        self.doors = doors
        self.clock = clock
        self.host = host
    }

    func nodePorts(
        _ introduction: Introduction, _ transport: any Transport, _ site: SiteView
    ) -> NodePorts {
        NodePorts(
            transport: transport, log: log, caches: caches, reactor: reactor, doors: doors,
            clock: clock, hub: SubscriptionHub(), host: host, introduction: introduction,
            audit: audit, site: site)
    }
}

/// Where an installation keeps which cluster it belongs to.
public protocol ClusterStore: Sendable {
    /// The cluster and its root; `nil` before the first login.
    func clusterPin() throws -> ClusterPin?
    /// Makes the cluster durable.
    func pin(_ pin: ClusterPin) throws
    /// The name of the user as whom the node joined; `nil` before the first login.
    func joinedUser() throws -> String?
    /// Makes durable as whom the node joins.
    func join(as user: String) throws
    /// Records that were made before there was a log, as `init` does.
    func bootstrapRecords() throws -> [SealedRecord]
    /// The serial of the grant that `logout` ended; 0 for none.
    ///
    /// - Throws: where something was written that cannot be read: the node counts as logged out.
    func loggedOutSerial() throws -> UInt64
    /// Makes durable that grants up to that serial are not used any more; 0 takes it back.
    func logOut(serial: UInt64) throws
}

extension ErrorDocument {
    /// Nobody vouches for this node.
    static var notLoggedIn: ErrorDocument {
        ErrorDocument(
            code: "not-logged-in", message: "this node is not logged in",
            hint: "run sitestacker login -r with this server's own URL and -u with your name",
            exitStatus: ExitStatus.notAuthorised)
    }
}
