// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import ClusterSigning
internal import EventLogSQLite
internal import Glibc
internal import Logging
internal import MeshTransport
internal import NodeRuntime
internal import WireFormat

/// One node of the cluster, as the daemon assembles it, but for doors and handlers.
struct MeasuredNode: Sendable {
    let node: Node
    private let hub: SubscriptionHub
    private let log: SQLiteEventLog

    /// Opens the log and prepares the sockets; `run` opens them.
    init(
        _ fixture: Fixture, index: Int, caches: any CacheClearer = NoCaches()
    ) async throws {
        let state = "\(fixture.folder)/node-\(index)"
        guard mkdir(state, 0o700) == 0 || errno == EEXIST else {
            throw BenchmarkError.system("make \(state)")
        }
        let identity = fixture.identities[index]
        let settings = InstallationSettings(
            addresses: Fixture.addresses,
            users: [AllowedUser(identifier: "bench", scopes: .all)], usersFile: "users",
            handlers: [])
        log = try SQLiteEventLog(directory: state)
        let start = try NodeRecovery(
            identity: identity, instance: fixture.instance(of: index), pin: fixture.pin,
            joinedAs: nil, settings: settings, ignoredGrantSerial: 0, bootstrap: fixture.records
        ).start(from: try await log.recover())
        guard let start else {
            throw BenchmarkError(operation: "start node \(index)", detail: "no grant for it")
        }
        let endpoints = fixture.endpoints(of: index)
        let clock = HostClocks()
        let transport = try ZeroMQTransport(
            TransportSettings(
                curveSecret: identity.curveSecret.withUnsafeBytes { [UInt8]($0) },
                address: Fixture.address(of: index), publishPort: endpoints.publishPort,
                requestPort: endpoints.requestPort, clock: clock))
        hub = SubscriptionHub()
        var logger = Logger(label: "node-\(index)") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .critical
        node = Node(
            start,
            ports: NodePorts(
                transport: transport, log: log, caches: caches, reactor: NoReactions(),
                doors: FixtureDoors(fixture: fixture), clock: clock, hub: hub,
                host: HostFacts(hostname: "bench", path: state, version: "bench"),
                introduction: Introduction(
                    identity: identity, instance: fixture.instance(of: index),
                    endpoints: endpoints, version: "bench"),
                audit: NoTrail()),
            logger: logger)
    }

    /// Notes on a board what its subscribers are handed.
    func noteArrivals(on board: Scoreboard, of subscriber: Int) {
        hub.observe { events in
            for delivered in events {
                if case .inline(let payload) = delivered.event.payload {
                    board.noteReceived(payload, by: subscriber)
                }
            }
        }
    }

    /// What this node has heard of some events' effects.
    func receipts(about range: EventRange) async throws -> [StoredReceipt] {
        try await log.receipts(about: range)
    }

    /// Serves while the body runs.
    func whileRunning(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let node = node
        let outcome = await withTaskGroup(of: Result<Void, any Error>.self) { group in
            group.addTask {
                do {
                    try await node.run()
                    return .failure(BenchmarkError(operation: "run the node", detail: "it ended"))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                do {
                    return .success(try await body())
                } catch {
                    return .failure(error)
                }
            }
            defer { group.cancelAll() }
            return await group.next()
        }
        await log.close()
        try outcome?.get()
    }
}

/// Doors that answer with what the run's folder says: real signed hellos, without HTTP.
private struct FixtureDoors: DoorClient {
    let fixture: Fixture

    func hello(
        _ request: [UInt8], host: String, port: UInt16, hostHeader: String
    ) async throws(DoorError) -> DoorAnswer {
        let hosts = Fixture.addresses.map(\.host)
        guard let index = hosts.firstIndex(of: host) else { throw .unreachable("no such door") }
        do {
            let introduction = Introduction(
                identity: fixture.identities[index], instance: fixture.instance(of: index),
                endpoints: fixture.endpoints(of: index), version: "bench")
            let hello = try introduction.answer(
                try HelloCodec.decodeRequest(request), cluster: fixture.pin.cluster,
                grant: fixture.grant(of: index), isReady: true, wall: HostClocks().now().wall)
            return DoorAnswer(body: try HelloCodec.encode(hello), address: host)
        } catch {
            throw .unreachable("\(error)")
        }
    }
}

/// A host without caches.
struct NoCaches: CacheClearer {
    func clear(
        _ invalidation: Invalidation, sparing spared: Set<String>
    ) async -> [StepReceipt] { [] }
}

/// A configuration without handlers.
private struct NoReactions: EventReactor {
    func react(
        _ index: Int, to event: ApplicationEvent, payload: [UInt8], id: EventID
    ) async -> String? { nil }
}

/// Nobody asks afterwards who did what.
private struct NoTrail: AuditTrail {
    func note(_ entry: AuditEntry) {}
}
