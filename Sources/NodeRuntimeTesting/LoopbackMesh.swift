// SPDX-License-Identifier: Apache-2.0
public import ClusterCore
public import ClusterModel
public import NodeRuntime
internal import Synchronization

/// The mesh's twin for tests: several transports in one process, no socket.
///
/// Obeys the port's laws: frames arrive as they were sent or not at all, only between nodes that
/// are linked and admitted, each in its sender's name. A test may cut a node off.
public final class LoopbackMesh: Sendable {
    private struct State {
        var transports: [NodeID: LoopbackTransport] = [:]
        var isCut: Set<NodeID> = []
    }

    private let state = Mutex(State())

    /// A mesh without nodes.
    public init() {}

    /// A transport for a node of the mesh.
    public func transport(for node: NodeID, key: CurveKey) -> LoopbackTransport {
        LoopbackTransport(node: node, key: key, mesh: self)
    }

    /// Cuts a node off from all others, or joins it again; links go down and up.
    public func cut(_ node: NodeID, _ isCut: Bool) {
        let transports = state.withLock { state in
            if isCut { state.isCut.insert(node) } else { state.isCut.remove(node) }
            return Array(state.transports.values)
        }
        for transport in transports { transport.checkLinks() }
    }

    func add(_ transport: LoopbackTransport) {
        let all = state.withLock { state in
            state.transports[transport.node] = transport
            return Array(state.transports.values)
        }
        for one in all { one.checkLinks() }
    }

    func remove(_ node: NodeID) {
        let all = state.withLock { state in
            state.transports[node] = nil
            return Array(state.transports.values)
        }
        for one in all { one.checkLinks() }
    }

    /// The other end of a link, if a frame would get there now.
    func reach(_ peer: NodeID, from node: NodeID) -> LoopbackTransport? {
        state.withLock { state in
            state.isCut.contains(peer) || state.isCut.contains(node)
                ? nil : state.transports[peer]
        }
    }

    var all: [LoopbackTransport] { state.withLock { Array($0.transports.values) } }
}

/// One node's end of a ``LoopbackMesh``.
public final class LoopbackTransport: Transport {
    private struct State {
        var sink: (any TransportSink)?
        var links: Set<NodeID> = []
        var up: Set<NodeID> = []
        var admitted: [CurveKey: AdmittedKey] = [:]
        var queue: [Delivery] = []
        var askers: [ReplyTicket: NodeID] = [:]
        var nextTicket: UInt64 = 1
        var isWoken = false
    }

    let node: NodeID
    private let key: CurveKey
    private let mesh: LoopbackMesh
    private let queue = QueueExecutor(label: "loopback mesh")
    private let state = Mutex(State())

    init(node: NodeID, key: CurveKey, mesh: LoopbackMesh) {
        self.node = node
        self.key = key
        self.mesh = mesh
    }

    /// The executor of this end.
    public var executor: any SerialExecutor { queue }

    /// Joins the mesh.
    public func start(delivering sink: any TransportSink) async throws(TransportError) {
        state.withLock { $0.sink = sink }
        mesh.add(self)
    }

    /// The next thing that came in.
    public func next() -> Delivery? {
        state.withLock { $0.queue.isEmpty ? nil : $0.queue.removeFirst() }
    }

    /// Sends frames to every node that is linked to this one and admitted by it.
    public func broadcast(_ frames: [[UInt8]]) {
        for peer in mesh.all where peer.isLinked(to: node) && admits(peer) {
            mesh.reach(peer.node, from: node)?.deliver(.broadcast(frames, from: node))
        }
    }

    /// Sends a request to a linked peer.
    public func request(_ frames: [[UInt8]], of peer: NodeID) -> Bool {
        guard state.withLock({ $0.links.contains(peer) }) else { return false }
        mesh.reach(peer, from: node)?.ask(frames, from: self)
        return true
    }

    /// Answers a request.
    public func reply(_ frames: [[UInt8]], to ticket: ReplyTicket) {
        guard let asker = state.withLock({ $0.askers.removeValue(forKey: ticket) }) else { return }
        mesh.reach(asker, from: node)?.deliver(.reply(frames, from: node))
    }

    /// Makes the links exactly these.
    public func setLinks(_ links: [PeerLink]) {
        state.withLock { $0.links = Set(links.map(\.node)) }
        checkLinks()
    }

    /// Admits exactly these keys.
    public func setAdmitted(_ admitted: [CurveKey: AdmittedKey]) {
        state.withLock { $0.admitted = admitted }
        for peer in mesh.all { peer.checkLinks() }
    }

    /// Links are as good as they can be already.
    public func relink(_ peer: NodeID, freshSockets: Bool) { checkLinks() }

    /// Calls the sink at an instant.
    public func wake(at instant: Instant?) {
        guard let instant else { return }
        queue.perform(after: instant.since(TestClock().now().instant)) { [weak self] in
            self?.turn()
        }
    }

    /// Calls the sink soon.
    public func wakeUp() {
        let mustCall = state.withLock { state in
            defer { state.isWoken = true }
            return !state.isWoken
        }
        if mustCall { queue.perform { [weak self] in self?.turn() } }
    }

    /// Leaves the mesh.
    public func stop() async {
        state.withLock { $0.sink = nil }
        mesh.remove(node)
    }

    // MARK: What the mesh does

    private func turn() {
        let sink = state.withLock { state in
            state.isWoken = false
            return state.sink
        }
        if sink?.turn() == true { wakeUp() }
    }

    private func deliver(_ delivery: Delivery) {
        state.withLock { $0.queue.append(delivery) }
        wakeUp()
    }

    private func ask(_ frames: [[UInt8]], from asker: LoopbackTransport) {
        let admitted = state.withLock { state -> (ReplyTicket, AdmittedKey)? in
            guard let admitted = state.admitted[asker.key] else { return nil }
            let ticket = ReplyTicket(state.nextTicket)
            state.nextTicket += 1
            state.askers[ticket] = asker.node
            return (ticket, admitted)
        }
        if let (ticket, key) = admitted { deliver(.request(frames, from: key, ticket)) }
    }

    private func isLinked(to peer: NodeID) -> Bool {
        state.withLock { $0.links.contains(peer) }
    }

    private func admits(_ peer: LoopbackTransport) -> Bool {
        state.withLock { $0.admitted[peer.key] != nil }
    }

    /// Tells the sink which links came up and which went down since the last look.
    func checkLinks() {
        let links = state.withLock { $0.links }
        let up = links.filter { peer in
            mesh.reach(peer, from: node).map { $0.admits(self) } ?? false
        }
        let (came, went) = state.withLock { state in
            defer { state.up = up }
            return (up.subtracting(state.up), state.up.subtracting(up))
        }
        for peer in went.sorted() { deliver(.linkDown(peer)) }
        for peer in came.sorted() { deliver(.linkUp(peer)) }
    }
}
