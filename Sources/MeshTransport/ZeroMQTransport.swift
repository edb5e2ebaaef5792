// SPDX-License-Identifier: Apache-2.0

public import ClusterCore
public import ClusterModel
public import NodeRuntime
internal import Synchronization
internal import ZeroMQ

/// The mesh on libzmq: one live and one bulk context, each with a thread of its own.
///
/// The *live* thread owns PUB and a SUB per peer, and runs the node. The *bulk* thread owns ROUTER
/// and a DEALER per peer: requests, replays and chunks, which must not stand in the way of events.
/// What comes in on the bulk side crosses over in batches. A third thread answers authenticators,
/// reads monitors and looks at memory: every socket that a thread watches costs each of its turns.
///
/// Every socket speaks CURVE; who may connect is decided by the keys of `setAdmitted` alone.
public final class ZeroMQTransport: Transport {
    private let live: LiveSockets
    private let bulk: BulkSockets
    private let admissions: Admissions
    private let memory: MemoryWatcher

    /// The executor of the live thread.
    public var executor: any SerialExecutor { live.executor }

    /// Prepares both sides; nothing is on the network before `start`.
    ///
    /// - Throws: `TransportError` where libzmq lacks threads, descriptors or CURVE.
    public init(_ settings: TransportSettings) throws(TransportError) {
        do {
            let keys = try CurveKeyPair(secretBytes: settings.curveSecret)
            let admissions = Admissions()
            let crossing = Outbox<Delivery>(limit: BulkSockets.crossingLimit)
            let commands = Outbox<BulkCommand>(limit: BulkSockets.crossingLimit)
            let watcher = try PollingExecutor(name: "mesh-watch")
            let ledger = MemoryLedger()
            memory = MemoryWatcher(settings, ledger: ledger, on: watcher)
            self.admissions = admissions
            live = try LiveSockets(
                settings: settings, keys: keys, admissions: admissions, ledger: ledger,
                watcher: watcher, crossing: crossing, commands: commands)
            bulk = try BulkSockets(
                settings: settings, keys: keys, admissions: admissions, ledger: ledger,
                watcher: watcher, crossing: crossing, commands: commands)
        } catch {
            throw TransportError("prepare the sockets", error)
        }
    }

    /// Binds, proves that a stranger is kept out, and begins to call the sink.
    public func start(delivering sink: any TransportSink) async throws(TransportError) {
        do {
            try await bulk.open()
            try await live.open(delivering: sink)
        } catch {
            throw TransportError("open the mesh's sockets", error)
        }
        try await proveThatStrangersAreRefused()
        admissions.tellRefusals()
        await memory.start { [weak live] in live?.follow($0) }
    }

    /// Knocks at both sockets with a random key.
    ///
    /// - Throws: `TransportError` unless both were seen to refuse it.
    func proveThatStrangersAreRefused() async throws(TransportError) {
        do {
            // Side by side: each takes as long as a handshake may, for a refusal is silence.
            async let publisher: Void = StrangerProof.prove("PUB", knock: live.knock)
            async let router: Void = StrangerProof.prove("ROUTER", knock: bulk.knock)
            _ = try await (publisher, router)
        } catch let error as TransportError {
            throw error
        } catch {
            throw TransportError("knock at the mesh's own sockets", error)
        }
    }

    /// The next thing that came in, peers in turn.
    public func next() -> Delivery? { live.assumeIsolated { $0.next() } }

    /// Sends frames to every subscriber.
    public func broadcast(_ frames: [[UInt8]]) {
        live.assumeIsolated { $0.broadcast(frames) }
    }

    /// Hands a request to the bulk thread; returns whether there is a link to the peer.
    public func request(_ frames: [[UInt8]], of peer: NodeID) -> Bool {
        live.assumeIsolated { $0.request(frames, of: peer) }
    }

    /// Hands a reply to the bulk thread.
    public func reply(_ frames: [[UInt8]], to ticket: ReplyTicket) {
        live.assumeIsolated { $0.reply(frames, to: ticket) }
    }

    /// Makes the links exactly these.
    public func setLinks(_ links: [PeerLink]) {
        live.assumeIsolated { $0.setLinks(links) }
    }

    /// Admits exactly these keys; what a lost key had open ends by binding anew.
    public func setAdmitted(_ admitted: [CurveKey: AdmittedKey]) {
        guard admissions.replace(with: admitted) else { return }
        live.assumeIsolated { $0.bindAnew() }
    }

    /// Disconnects from a peer and connects again.
    public func relink(_ peer: NodeID, freshSockets: Bool) {
        live.assumeIsolated { $0.relink(peer, freshSockets: freshSockets) }
    }

    /// Sets the one alarm of the sink.
    public func wake(at instant: Instant?) { live.assumeIsolated { $0.wake(at: instant) } }

    /// Calls the sink soon.
    public func wakeUp() { live.wakeUp() }

    /// Closes every socket.
    public func stop() async {
        await memory.stop()
        await live.close()
        await bulk.close()
    }
}

/// What the transport is told once.
public struct TransportSettings: Sendable {
    /// The node's secret CURVE key.
    public var curveSecret: [UInt8]
    /// The numeric address to bind, IPv6 without brackets.
    public var address: String
    /// PUB's port; 0 for any, which only tests use.
    public var publishPort: UInt16
    /// ROUTER's port; 0 for any, which only tests use.
    public var requestPort: UInt16
    /// The clock that `wake` speaks of.
    public var clock: any HostClock
    /// Growth of memory beyond which sockets are made anew to find whose it is.
    ///
    /// Unit: bytes. Twice what all queues of a small cluster may hold.
    var memoryAllowance = 128 << 20
    /// How often memory is looked at.
    ///
    /// Shorter than a peer needs to fill the memory; one system call.
    var memoryLookPause: Duration = .seconds(1)

    /// Joins the settings.
    public init(
        curveSecret: [UInt8], address: String, publishPort: UInt16, requestPort: UInt16,
        clock: any HostClock
    ) {
        self.curveSecret = curveSecret
        self.address = address
        self.publishPort = publishPort
        self.requestPort = requestPort
        self.clock = clock
    }
}

/// Who gets in, looked up by the authenticators of both threads.
final class Admissions: Sendable {
    private struct State {
        var byKey: [[UInt8]: AdmittedKey] = [:]
        var byUserID: [String: AdmittedKey] = [:]
        /// False while the self-test knocks, whose refusal is no news.
        var tellsRefusals = false
    }

    /// Refusals are told to the node only while fewer messages than this wait for it.
    private static let refusalLimit = 1_024

    private let state = Mutex(State())

    /// From now on refusals are told to the node.
    func tellRefusals() { state.withLock { $0.tellsRefusals = true } }

    /// Replaces the keys; returns whether any was taken away.
    func replace(with admitted: [CurveKey: AdmittedKey]) -> Bool {
        state.withLock { state in
            let old = state.byKey
            state.byKey = [:]
            state.byUserID = [:]
            for (key, admission) in admitted {
                state.byKey[key.bytes] = admission
                state.byUserID[key.description] = admission
            }
            return old.contains { state.byKey[$0.key] != $0.value }
        }
    }

    /// The authenticator's answer for a key; a refusal is told to the node.
    ///
    /// An unknown one is asked to come again (300): it may be admitted a moment later.
    func verdict(on request: ZapRequest, refusingTo crossing: Outbox<Delivery>) -> ZapVerdict {
        guard let key = CurveKey(bytes: request.curveKey.bytes) else { return .deny }
        let (isAdmitted, tells) = state.withLock { ($0.byKey[key.bytes] != nil, $0.tellsRefusals) }
        if isAdmitted { return .allow(userID: key.description) }
        // Strangers may knock as often as they like: that must not crowd out traffic.
        if tells, crossing.count < Admissions.refusalLimit {
            crossing.append(.refused(key: key, address: request.address))
        }
        return .deny
    }

    /// What a connection's key stands for; `nil` once it is not admitted any more.
    func admission(of userID: String?) -> AdmittedKey? {
        guard let userID else { return nil }
        return state.withLock { $0.byUserID[userID] }
    }
}

extension TransportError {
    /// Wraps what the binding says.
    init(_ operation: String, _ error: any Error) {
        self.init(
            operation: operation, detail: "\(error)",
            hint: "Is another program using a port? The mesh's are the two after the door's, which "
                + "`port:` in sitestacker.yml names (without it 5570).")
    }
}

extension Message {
    /// A message of byte arrays.
    init(_ frames: [[UInt8]]) { self.init(frames.map { Frame($0) }) }
}
