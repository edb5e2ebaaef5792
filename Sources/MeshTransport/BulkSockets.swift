// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
internal import ClusterModel
internal import NodeRuntime
internal import ZeroMQ

/// What the live thread has for the bulk thread.
enum BulkCommand: Sendable {
    /// Send a request to a peer.
    case request([[UInt8]], of: NodeID)
    /// Answer a request.
    case reply([[UInt8]], to: ReplyTicket)
    /// Have links to exactly these.
    case setLinks([PeerLink])
    /// Connect again.
    case relink(NodeID, freshSocket: Bool)
    /// End all connections that others made here; those still admitted come again.
    case bindAnew
}

/// ROUTER, and a DEALER per peer, on a thread of their own.
actor BulkSockets {
    /// What may wait between the two threads.
    ///
    /// Unit: messages.
    ///
    /// Far beyond what the core has out at once; more is dropped, and asked for again.
    static let crossingLimit = 16_384
    /// A request: routing ID, delimiter, header, body.
    private static let requestLimit = ReceiveLimit(frames: 8, bytes: 400 * 1_024)
    /// A reply: at the most a pull's credit in small batches of three frames.
    private static let replyLimit = ReceiveLimit(frames: 16_384, bytes: 8 * 1_024 * 1_024)
    /// How soon a request that could not go out is tried again.
    private static let flushPause: Duration = .milliseconds(5)
    /// How soon a link that could not be made is tried again.
    static let linkPause: Duration = .seconds(1)
    /// Messages taken from one socket at a time.
    private static let messagesPerTurn = 64
    /// Requests, the latest ones, that may still be answered; acknowledgements never are.
    private static let ticketLimit: UInt64 = 8_192

    nonisolated let executor: PollingExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private nonisolated let settings: TransportSettings
    private nonisolated let keys: CurveKeyPair
    private nonisolated let context: Context
    private nonisolated let watcher: PollingExecutor
    private let admissions: Admissions
    private let ledger: MemoryLedger
    private let crossing: Outbox<Delivery>
    private let commands: Outbox<BulkCommand>

    private var router: Listener<Router>?
    private var authenticator: ZapAuthenticator?
    private var links: [NodeID: PeerRequests] = [:]
    /// Links that could not be made, for want of descriptors perhaps; they are tried again.
    private var unmade: [NodeID: PeerLink] = [:]
    private var askers: [ReplyTicket: Frame] = [:]
    private var nextTicket: UInt64 = 1
    private var flusher: Alarm?
    private var maker: Alarm?

    init(
        settings: TransportSettings, keys: CurveKeyPair, admissions: Admissions,
        ledger: MemoryLedger, watcher: PollingExecutor, crossing: Outbox<Delivery>,
        commands: Outbox<BulkCommand>
    ) throws(ZeroMQError) {
        executor = try PollingExecutor(name: "mesh-bulk")
        context = try Context()
        self.settings = settings
        self.keys = keys
        self.watcher = watcher
        self.admissions = admissions
        self.ledger = ledger
        self.crossing = crossing
        self.commands = commands
    }

    func open() throws(ZeroMQError) {
        let (admissions, crossing) = (admissions, crossing)
        authenticator = try ZapAuthenticator(in: context, on: watcher) { request in
            admissions.verdict(on: request, refusingTo: crossing)
        }
        let socket = try Socket<Router>(in: context, options: try .router(settings, keys))
        executor.watch(socket, for: self) { $0.drainRouter() }
        let router = try Listener(
            socket, at: Endpoint(tcp: settings.address, port: settings.requestPort)
        ) { error in
            crossing.append(.dropped(from: NodeID(.zero), reason: "bind anew: \(error)"))
        }
        router.retry = executor.makeAlarm(for: self) { $0.router?.bind() }
        self.router = router
        flusher = executor.makeAlarm(for: self) { $0.flush() }
        maker = executor.makeAlarm(for: self) { $0.makeLinks() }
        commands.deliver(to: self, on: executor) { $0.takeCommands() }
    }

    private var endpoint: Endpoint? { router?.endpoint }

    nonisolated func knock(
        patience: Duration
    ) async throws(ZeroMQError) -> HandshakeSelfTest.Outcome {
        guard let endpoint = await endpoint else { return .unreachable }
        return try await HandshakeSelfTest.run(
            against: endpoint, serverKey: keys.publicKey, in: context, on: executor,
            patience: patience)
    }

    func close() {
        router?.retry?.set(nil)
        flusher?.set(nil)
        maker?.set(nil)
        links = [:]
        unmade = [:]
        router = nil
        authenticator = nil
    }

    private func takeCommands() {
        for command in commands.drain() {
            switch command {
            case .request(let frames, of: let peer): ask(peer, Message(frames))
            case .reply(let frames, to: let ticket): reply(frames, to: ticket)
            case .setLinks(let wanted): setLinks(wanted)
            case .relink(let peer, freshSocket: let isFresh): relink(peer, isFresh)
            case .bindAnew: router?.bindAnew()
            }
        }
    }

    // MARK: Asking

    private func ask(_ peer: NodeID, _ message: Message) {
        guard let link = links[peer] else { return }
        link.send(message)
        if link.isWaiting { flusher?.set(.now + BulkSockets.flushPause) }
    }

    /// Sends what waited for its connection.
    private func flush() {
        let now = ContinuousClock.now
        for link in links.values where link.isWaiting { link.flush(at: now) }
        let isWaiting = links.values.contains { $0.isWaiting }
        flusher?.set(isWaiting ? now + BulkSockets.flushPause : nil)
    }

    /// Takes note of whether requests can go out on a link, if it is still that one.
    private func witness(_ kind: SocketEvent.Kind, of peer: NodeID, on id: ObjectIdentifier) {
        guard let link = links[peer], ObjectIdentifier(link) == id else { return }
        switch LinkWitness.delivery(for: kind, of: peer) {
        case .linkUp:
            link.isUp = true
            link.flush(at: .now)
        case .linkDown: link.isUp = false
        case .linkTrouble, .broadcast, .request, .reply, .dropped, .refused, nil: break
        }
    }

    private func makeLinks() {
        for address in unmade.values { link(to: address) }
    }

    private func setLinks(_ wanted: [PeerLink]) {
        let peers = Set(wanted.map(\.node))
        for peer in links.keys where !peers.contains(peer) { links[peer] = nil }
        unmade = [:]
        for address in wanted where links[address.node]?.address != address {
            link(to: address)
        }
    }

    private func link(to address: PeerLink) {
        let peer = address.node
        links[peer] = nil
        unmade[peer] = nil
        do {
            let link = try PeerRequests(address, keys: keys, in: context)
            let (executor, id) = (executor, ObjectIdentifier(link))
            try link.open(on: executor, for: self, monitoredBy: watcher) {
                $0.drainReplies(of: peer)
            } onEvent: { [weak self] event in
                executor.perform { [weak self] in
                    self?.assumeIsolated { $0.witness(event.kind, of: peer, on: id) }
                }
            }
            links[peer] = link
        } catch {
            crossing.append(.dropped(from: peer, reason: "\(error)"))
            unmade[peer] = address
            maker?.set(.now + BulkSockets.linkPause)
        }
    }

    private func relink(_ peer: NodeID, _ isFresh: Bool) {
        guard let link = links[peer] else { return }
        if isFresh { return self.link(to: link.address) }
        do {
            try link.reconnect()
        } catch {
            self.link(to: link.address)
        }
    }

    private func drainReplies(of peer: NodeID) {
        guard let link = links[peer] else { return }
        for _ in 0..<BulkSockets.messagesPerTurn {
            do {
                switch try link.socket.tryReceive(limit: BulkSockets.replyLimit) {
                case .message(let message):
                    crossing.append(.reply(message.frames.map(\.copiedBytes), from: peer))
                case .oversize(let oversize):
                    crossing.append(
                        .dropped(from: peer, reason: "a reply of \(oversize.byteCount) bytes"))
                case .nothing:
                    return
                }
            } catch {
                return
            }
        }
    }

    // MARK: Answering

    private func drainRouter() {
        for _ in 0..<BulkSockets.messagesPerTurn {
            do {
                guard let reception = try router?.socket.tryReceive(limit: BulkSockets.requestLimit)
                else { return }
                switch reception {
                case .message(let message): take(message)
                case .oversize(let oversize):
                    guard case .node(let node) = admissions.admission(of: oversize.userID)
                    else { continue }
                    crossing.append(
                        .dropped(from: node, reason: "a request of \(oversize.byteCount) bytes"))
                case .nothing: return
                }
            } catch {
                return
            }
        }
    }

    private func take(_ message: Message) {
        // The routing ID is a claim; who asks is what the connection's key stands for.
        guard let asker = admissions.admission(of: message.userID), message.frames.count > 1 else {
            return
        }
        if let descriptor = message.frames[1].descriptor { ledger.note(asker, by: descriptor) }
        let ticket = ReplyTicket(nextTicket)
        nextTicket += 1
        askers[ticket] = message.frames[0]
        if nextTicket > BulkSockets.ticketLimit {
            askers[ReplyTicket(nextTicket - BulkSockets.ticketLimit)] = nil
        }
        crossing.append(
            .request(message.frames.dropFirst().map(\.copiedBytes), from: asker, ticket))
    }

    private func reply(_ frames: [[UInt8]], to ticket: ReplyTicket) {
        guard let asker = askers.removeValue(forKey: ticket) else { return }
        do {
            // Not sent: the asker is gone or does not read; it asks again, here or elsewhere.
            try router?.socket.trySend(Message([asker] + frames.map { Frame($0) }))
        } catch {
            crossing.append(.dropped(from: NodeID(.zero), reason: "\(error)"))
        }
    }
}
