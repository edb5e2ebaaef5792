// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterModel
import ClusterSigning
import Logging
import NodeRuntime
import NodeRuntimeTesting
import Synchronization
import Testing
import WireFormat

/// A cluster of installations in one process, on twins of every port.
final class TestCluster: Sendable {
    let servers: [TestServer]
    /// What logins of alice are checked against; no form of it matters here.
    static let credential = [UInt8](repeating: 7, count: 250)

    let mesh = LoopbackMesh()
    let owner: SigningKey
    let pin: ClusterPin
    /// The servers' grants, in their order.
    let grants: [Digest]

    /// Founds a cluster: one user, alice, who vouches for every node.
    ///
    /// Servers of which `lacking` is true begin without her credential; her grants are valid until
    /// `end`, and have the scopes.
    init(
        _ count: Int, allowing users: [String] = ["alice"],
        lacking: (Int) -> Bool = { _ in false },
        until end: WallTime = WallTime(milliseconds: 1 << 47), granting scopes: Scopes = .all
    ) throws {
        owner = try SigningKey()
        let root = try #require(UserKey(bytes: owner.verificationKey.bytes))
        let cluster = try #require(ClusterID(bytes: SecureRandom.bytes(32)))
        pin = ClusterPin(cluster: cluster, root: root)
        let sealer = RecordSealer(cluster: cluster)
        let account = Account(
            name: "alice", email: "alice@example.com", fullName: "Alice Admin", key: root,
            scopes: .all, serial: 1, credential: Digest(ofCredential: Self.credential))
        var records = [
            try sealer.seal(.account(account), credential: Self.credential, with: owner).sealed
        ]
        let identities = try (0..<count).map { _ in try NodeIdentity() }
        var grants: [Digest] = []
        for identity in identities {
            let grant = Grant(
                user: root, nodeKey: identity.nodeKey, node: identity.node,
                curveKey: identity.curveKey, scopes: scopes, notBefore: WallTime(milliseconds: 0),
                notAfter: end, serial: 1)
            let record = try sealer.seal(.grant(grant), with: owner)
            records.append(record.sealed)
            grants.append(record.hash)
        }
        self.grants = grants
        let addresses = (0..<count).map {
            NodeAddress(url: "http://web\($0 + 1)", host: "web\($0 + 1)", port: 5570)
        }
        let doors = TestDoors()
        let mesh = mesh
        let pin = pin
        servers = identities.enumerated().map { index, identity in
            let records = lacking(index) ? records.map { $0.carrying(nil) } : records
            return TestServer(
                index: index, identity: identity, addresses: addresses, pin: pin,
                records: records, users: users, mesh: mesh, doors: doors)
        }
        doors.servers.withLock { $0 = servers }
    }

    /// Runs the body while every server serves, and then stops them all.
    func run(
        whenReady: Bool = true, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for server in servers { group.addTask { try await server.installation.run() } }
            do {
                if whenReady { try await settle() }
                try await body()
            } catch {
                await stop()
                throw error
            }
            await stop()
            try await group.waitForAll()
        }
    }

    private func stop() async {
        for server in servers { await server.installation.stop() }
    }

    /// Waits until every server is ready.
    func settle() async throws {
        for server in servers {
            try await eventually("\(server.name) to be ready") {
                await server.installation.isReady()
            }
        }
    }
}

/// One server of a test cluster.
final class TestServer: Sendable {
    let name: String
    let identity: NodeIdentity
    let installation: Installation
    let log: InMemoryEventLog
    let caches = TestCaches()
    let surveyor = ScriptedSurveyor()
    let trail = InMemoryAuditTrail()
    let clock = MovableClock()

    init(
        index: Int, identity: NodeIdentity, addresses: [NodeAddress], pin: ClusterPin,
        records: [SealedRecord], users: [String], mesh: LoopbackMesh, doors: TestDoors
    ) {
        name = addresses[index].url
        self.identity = identity
        log = InMemoryEventLog()
        installation = Installation(
            settings: InstallationSettings(
                addresses: addresses,
                users: users.map { AllowedUser(identifier: $0, scopes: .all) },
                usersFile: "users", handlers: []),
            identity: identity,
            ports: InstallationPorts(
                log: log, store: TestStore(pin: pin, records: records),
                transport: { mesh.transport(for: $0.node, key: $0.curveKey) },
                endpoints: Endpoints(host: "127.0.0.1", publishPort: 1, requestPort: 2),
                caches: caches, reactor: NoReactor(), doors: doors, clock: clock,
                host: HostFacts(hostname: "host\(index + 1)", path: "/site", version: "test"),
                surveyor: surveyor, audit: trail),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }
}

/// The host's own clocks, of which a test may set the wall clock ahead.
final class MovableClock: HostClock {
    private let ahead = Mutex<UInt64>(0)

    func now() -> Moment {
        let now = TestClock().now()
        let ahead = ahead.withLock { $0 }
        return Moment(
            instant: now.instant, wall: WallTime(milliseconds: now.wall.milliseconds + ahead))
    }

    func setAhead(hours: UInt64) { ahead.withLock { $0 = hours * 3_600_000 } }
}

/// Doors that lead straight to the installations.
final class TestDoors: DoorClient {
    let servers = Mutex<[TestServer]>([])

    func hello(
        _ request: [UInt8], host: String, port: UInt16, hostHeader: String
    ) async throws(DoorError) -> DoorAnswer {
        let server = servers.withLock { $0.first { $0.name == "http://\(host)" } }
        guard let server, let body = await server.installation.hello(request) else {
            throw .unreachable("no such server")
        }
        return DoorAnswer(body: body, address: "127.0.0.1")
    }
}

/// Caches that count their clears, and fail or refuse when told to.
final class TestCaches: CacheClearer {
    private struct State {
        var clears = 0
        var failure: String?
        var action = "clear"
        var refusal: ClearRefusal?
    }

    private let state = Mutex(State())

    var clears: Int { state.withLock { $0.clears } }

    func fail(with reason: String?) { state.withLock { $0.failure = reason } }

    /// What the steps of further clears say was done.
    func act(_ action: String) { state.withLock { $0.action = action } }

    /// What is said of orders before they are published.
    func refuse(_ refusal: ClearRefusal?) { state.withLock { $0.refusal = refusal } }

    func refusal(of invalidation: Invalidation) -> ClearRefusal? { state.withLock { $0.refusal } }

    func clear(
        _ invalidation: Invalidation, sparing spared: Set<String>
    ) async -> [StepReceipt] {
        state.withLock { state in
            state.clears += 1
            return [
                StepReceipt(
                    target: "cache", action: state.action, failure: state.failure,
                    proof: [Proof(counter: "entries", before: 3, after: 0)], microseconds: 5)
            ]
        }
    }
}

private struct NoReactor: EventReactor {
    func react(
        _ index: Int, to event: ApplicationEvent, payload: [UInt8], id: EventID
    ) async -> String? { nil }
}

private final class TestStore: ClusterStore {
    private let state: Mutex<(pin: ClusterPin?, serial: UInt64, user: String?)>
    private let records: [SealedRecord]

    init(pin: ClusterPin?, records: [SealedRecord]) {
        state = Mutex((pin, 0, "alice"))
        self.records = records
    }

    func clusterPin() throws -> ClusterPin? { state.withLock { $0.pin } }
    func pin(_ pin: ClusterPin) throws { state.withLock { $0.pin = pin } }
    func joinedUser() throws -> String? { state.withLock { $0.user } }
    func join(as user: String) throws { state.withLock { $0.user = user } }
    func bootstrapRecords() throws -> [SealedRecord] { records }
    func loggedOutSerial() throws -> UInt64 { state.withLock { $0.serial } }
    func logOut(serial: UInt64) throws { state.withLock { $0.serial = serial } }
}

/// Waits for a condition, a minute at the longest: the machine may be busy with others.
func eventually(
    _ what: String, _ condition: @escaping @Sendable () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < end {
        if try await condition() { return }
        await Task.yield()
    }
    Issue.record("waited in vain for \(what)")
    throw CancellationError()
}

extension Installation {
    /// Whether the log here holds an event.
    func holds(_ id: String) async throws -> Bool {
        do {
            _ = try await event(id: id)
            return true
        } catch {
            guard error.code == "unknown-event" else { throw error }
            return false
        }
    }
}
