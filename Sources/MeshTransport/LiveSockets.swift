// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
internal import ClusterModel
internal import NodeRuntime
internal import Synchronization
internal import ZeroMQ

/// PUB and a SUB per peer, on the thread that also runs the node.
actor LiveSockets {
    /// What one message on a broadcast may hold: topic, header, signature, body, and slack.
    private static let receiveLimit = ReceiveLimit(frames: 8, bytes: 300 * 1_024)
    /// Messages taken from one socket at a time, so that no peer keeps the thread.
    private static let messagesPerTurn = 64

    nonisolated let executor: PollingExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private nonisolated let settings: TransportSettings
    private nonisolated let keys: CurveKeyPair
    private nonisolated let context: Context
    private nonisolated let watcher: PollingExecutor
    private nonisolated let isWoken = Atomic(false)
    private let admissions: Admissions
    private let ledger: MemoryLedger
    private let crossing: Outbox<Delivery>
    private let commands: Outbox<BulkCommand>

    private var publisher: Listener<Publish>?
    private var authenticator: ZapAuthenticator?
    private var links: [NodeID: PeerSubscription] = [:]
    /// Links that could not be made, for want of descriptors perhaps; they are tried again.
    private var unmade: [NodeID: PeerLink] = [:]
    private var queues = PeerQueues()
    private var sink: (any TransportSink)?
    private var alarm: Alarm?
    private var maker: Alarm?
    private var isTurning = false

    init(
        settings: TransportSettings, keys: CurveKeyPair, admissions: Admissions,
        ledger: MemoryLedger, watcher: PollingExecutor, crossing: Outbox<Delivery>,
        commands: Outbox<BulkCommand>
    ) throws(ZeroMQError) {
        executor = try PollingExecutor(name: "mesh-live")
        context = try Context()
        self.settings = settings
        self.keys = keys
        self.watcher = watcher
        self.admissions = admissions
        self.ledger = ledger
        self.crossing = crossing
        self.commands = commands
    }

    func open(delivering sink: any TransportSink) throws(ZeroMQError) {
        let (admissions, crossing) = (admissions, crossing)
        authenticator = try ZapAuthenticator(in: context, on: watcher) { request in
            admissions.verdict(on: request, refusingTo: crossing)
        }
        let socket = try Socket<Publish>(in: context, options: try .publisher(settings, keys))
        let publisher = try Listener(
            socket, at: Endpoint(tcp: settings.address, port: settings.publishPort)
        ) { [weak self] error in
            self?.assumeIsolated {
                $0.queues.addOther(
                    .dropped(from: NodeID(.zero), reason: "bind anew: \(error)"))
            }
        }
        publisher.retry = executor.makeAlarm(for: self) { $0.publisher?.bind() }
        self.publisher = publisher
        self.sink = sink
        alarm = executor.makeAlarm(for: self) { $0.turn() }
        maker = executor.makeAlarm(for: self) { $0.makeLinks() }
        crossing.deliver(to: self, on: executor) { $0.takeCrossed() }
    }

    private var endpoint: Endpoint? { publisher?.endpoint }

    nonisolated func knock(
        patience: Duration
    ) async throws(ZeroMQError) -> HandshakeSelfTest.Outcome {
        guard let endpoint = await endpoint else { return .unreachable }
        return try await HandshakeSelfTest.run(
            against: endpoint, serverKey: keys.publicKey, in: context, on: executor,
            patience: patience)
    }

    func close() {
        sink = nil
        alarm?.set(nil)
        publisher?.retry?.set(nil)
        maker?.set(nil)
        links = [:]
        unmade = [:]
        publisher = nil
        authenticator = nil
    }

    // MARK: The sink

    nonisolated func wakeUp() {
        guard !isWoken.exchange(true, ordering: .acquiringAndReleasing) else { return }
        executor.perform { [weak self] in
            guard let self else { return }
            isWoken.store(false, ordering: .releasing)
            assumeIsolated { $0.turn() }
        }
    }

    private func turn() {
        guard let sink, !isTurning else { return }
        isTurning = true
        let hasMore = sink.turn()
        isTurning = false
        ledger.noteQueued(queues.byteCount)
        if hasMore { wakeUp() }
    }

    private func takeCrossed() {
        for delivery in crossing.drain() { queues.addCrossed(delivery) }
        turn()
    }

    func next() -> Delivery? { queues.next() }

    func wake(at instant: Instant?) {
        guard let instant else { return alarm?.set(nil) ?? () }
        alarm?.set(.now + instant.since(settings.clock.now().instant))
    }

    // MARK: Sending

    func broadcast(_ frames: [[UInt8]]) {
        do {
            // PUB drops for a slow subscriber in silence: its beacon and the log are the remedy.
            try publisher?.socket.trySend(Message(frames))
        } catch {
            queues.addOther(.dropped(from: NodeID(.zero), reason: "\(error)"))
        }
    }

    func request(_ frames: [[UInt8]], of peer: NodeID) -> Bool {
        guard links[peer] != nil else { return false }
        return commands.append(.request(frames, of: peer))
    }

    func reply(_ frames: [[UInt8]], to ticket: ReplyTicket) {
        commands.append(.reply(frames, to: ticket))
    }

    // MARK: Links

    func setLinks(_ wanted: [PeerLink]) {
        var unwanted = Set(links.keys)
        unmade = [:]
        for address in wanted {
            unwanted.remove(address.node)
            if let link = links[address.node], link.address == address { continue }
            link(to: address)
        }
        for peer in unwanted.sorted() {
            links[peer] = nil
            queues.forget(peer)
            queues.addOther(.linkDown(peer))
        }
        ledger.note(wanted)
        commands.append(.setLinks(wanted))
    }

    private func link(to address: PeerLink) {
        links[address.node] = nil
        unmade[address.node] = nil
        do {
            let link = try PeerSubscription(address, keys: keys, in: context)
            let executor = executor
            try link.open(on: executor, for: self, monitoredBy: watcher) {
                $0.drain(address.node)
            } onEvent: { [weak self] event in
                executor.perform { [weak self] in
                    self?.assumeIsolated { $0.witness(event, of: address.node) }
                }
            }
            links[address.node] = link
        } catch {
            queues.addOther(.linkTrouble(address.node, .protocolFailure))
            queues.addOther(.dropped(from: address.node, reason: "\(error)"))
            unmade[address.node] = address
            maker?.set(.now + BulkSockets.linkPause)
        }
    }

    private func makeLinks() {
        for address in unmade.values { link(to: address) }
        turn()
    }

    func relink(_ peer: NodeID, freshSockets: Bool) {
        guard let link = links[peer] else { return }
        if freshSockets {
            self.link(to: link.address)
        } else {
            do {
                try link.reconnect()
            } catch {
                self.link(to: link.address)
            }
        }
        commands.append(.relink(peer, freshSocket: freshSockets))
    }

    func bindAnew() {
        commands.append(.bindAnew)
        publisher?.bindAnew()
    }

    // MARK: Memory

    /// Carries out what the watcher of memory found; from any thread.
    nonisolated func follow(_ verdict: MemoryVerdict) {
        executor.perform { [weak self] in
            self?.assumeIsolated { $0.carryOut(verdict) }
        }
    }

    private func carryOut(_ verdict: MemoryVerdict) {
        switch verdict {
        case .recycle(.subscription(let peer)):
            if let address = links[peer]?.address { link(to: address) }
        case .recycle(.requests(let peer)):
            commands.append(.relink(peer, freshSocket: true))
        case .recycle(.answers): commands.append(.bindAnew)
        case .tell(let peer, let what):
            queues.addOther(.dropped(from: peer ?? NodeID(.zero), reason: what))
        }
        turn()
    }

    private func drain(_ peer: NodeID) {
        guard let link = links[peer] else { return }
        for _ in 0..<LiveSockets.messagesPerTurn {
            guard let reception = link.receive(limit: LiveSockets.receiveLimit) else { break }
            switch reception {
            case .message(let message):
                queues.addLive(
                    .broadcast(message.frames.map(\.copiedBytes), from: peer), of: peer)
            case .oversize(let oversize):
                queues.addLive(
                    .dropped(from: peer, reason: "\(oversize.frameCount) frames at once"),
                    of: peer)
            case .nothing:
                return turn()
            }
        }
        turn()
    }

    private func witness(_ event: SocketEvent, of peer: NodeID) {
        guard let delivery = LinkWitness.delivery(for: event.kind, of: peer) else { return }
        queues.addOther(delivery)
        turn()
    }
}

/// What a monitor's events mean for a link.
enum LinkWitness {
    /// What to tell the node; `nil` for events that mean nothing to it.
    static func delivery(for kind: SocketEvent.Kind, of peer: NodeID) -> Delivery? {
        switch kind {
        case .handshakeSucceeded: .linkUp(peer)
        case .disconnected: .linkDown(peer)
        case .handshakeFailed(.protocolViolation): .linkTrouble(peer, .protocolFailure)
        case .handshakeFailed(.authentication): .linkTrouble(peer, .authenticationFailure)
        case .handshakeFailed(.broken), .connected, .connectDelayed, .connectRetried, .listening,
            .bindFailed, .accepted, .acceptFailed, .closed, .closeFailed, .stopped, .unknown:
            nil
        }
    }
}
