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
    /// Messages taken from one socket at a time.
    private static let messagesPerTurn = 64
    /// Requests that wait for an answer of this node; the oldest are forgotten.
    private static let ticketLimit = 4_096

    nonisolated let executor: PollingExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private nonisolated let settings: TransportSettings
    private nonisolated let keys: CurveKeyPair
    private nonisolated let context: Context
    private nonisolated let watcher: PollingExecutor
    private let admissions: Admissions
    private let crossing: Outbox<Delivery>
    private let commands: Outbox<BulkCommand>

    private var router: Socket<Router>?
    private var endpoint: Endpoint?
    private var authenticator: ZapAuthenticator?
    private var links: [NodeID: PeerRequests] = [:]
    private var askers: [ReplyTicket: Frame] = [:]
    private var nextTicket: UInt64 = 1
    private var binder: Alarm?
    private var pause = BindPause()

    init(
        settings: TransportSettings, keys: CurveKeyPair, admissions: Admissions,
        watcher: PollingExecutor, crossing: Outbox<Delivery>, commands: Outbox<BulkCommand>
    ) throws(ZeroMQError) {
        executor = try PollingExecutor(name: "mesh-bulk")
        context = try Context()
        self.settings = settings
        self.keys = keys
        self.watcher = watcher
        self.admissions = admissions
        self.crossing = crossing
        self.commands = commands
    }

    func open() throws(ZeroMQError) {
        let admissions = admissions
        authenticator = try ZapAuthenticator(in: context, on: watcher) { request in
            admissions.verdict(on: request.curveKey)
        }
        let socket = try Socket<Router>(in: context, options: try .router(settings, keys))
        executor.watch(socket, for: self) { $0.drainRouter() }
        try socket.bind(to: Endpoint(tcp: settings.address, port: settings.requestPort))
        endpoint = try socket.lastEndpoint()
        router = consume socket
        binder = executor.makeAlarm(for: self) { $0.bind() }
        commands.deliver(to: self, on: executor) { $0.takeCommands() }
    }

    nonisolated func knock() async throws(ZeroMQError) -> HandshakeSelfTest.Outcome {
        guard let endpoint = await endpoint else { return .unreachable }
        return try await HandshakeSelfTest.run(
            against: endpoint, serverKey: keys.publicKey, in: context, on: executor)
    }

    func close() {
        binder?.set(nil)
        links = [:]
        router = nil
        authenticator = nil
    }

    private func takeCommands() {
        for command in commands.drain() {
            switch command {
            case .request(let frames, of: let peer): links[peer]?.send(Message(frames))
            case .reply(let frames, to: let ticket): reply(frames, to: ticket)
            case .setLinks(let wanted): setLinks(wanted)
            case .relink(let peer, freshSocket: let isFresh): relink(peer, isFresh)
            case .bindAnew: bindAnew()
            }
        }
    }

    // MARK: Asking

    private func setLinks(_ wanted: [PeerLink]) {
        let peers = Set(wanted.map(\.node))
        for peer in links.keys where !peers.contains(peer) { links[peer] = nil }
        for address in wanted where links[address.node]?.address != address {
            link(to: address)
        }
    }

    private func link(to address: PeerLink) {
        let peer = address.node
        links[peer] = nil
        do {
            let link = try PeerRequests(address, keys: keys, in: context)
            executor.watch(link.socket, for: self) { $0.drainReplies(of: peer) }
            try link.connect()
            links[peer] = link
        } catch {
            crossing.append(.dropped(from: peer, reason: "\(error)"))
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
                guard let reception = try router?.tryReceive(limit: BulkSockets.requestLimit)
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
        let ticket = ReplyTicket(nextTicket)
        nextTicket += 1
        askers[ticket] = message.frames[0]
        if askers.count > BulkSockets.ticketLimit, let oldest = askers.keys.min() {
            askers[oldest] = nil
        }
        crossing.append(
            .request(message.frames.dropFirst().map(\.copiedBytes), from: asker, ticket))
    }

    private func reply(_ frames: [[UInt8]], to ticket: ReplyTicket) {
        guard let asker = askers.removeValue(forKey: ticket) else { return }
        do {
            // Not sent: the asker is gone or does not read; it asks again, here or elsewhere.
            try router?.trySend(Message([asker] + frames.map { Frame($0) }))
        } catch {
            crossing.append(.dropped(from: NodeID(.zero), reason: "\(error)"))
        }
    }

    private func bindAnew() {
        guard let endpoint else { return }
        binder?.set(nil)
        pause = BindPause()
        do {
            try router?.unbind(from: endpoint)
        } catch {
            // An attempt to bind was under way: nothing is bound.
        }
        bind()
    }

    private func bind() {
        guard let endpoint else { return }
        do {
            try router?.bind(to: endpoint)
        } catch {
            if pause.isLong {
                crossing.append(.dropped(from: NodeID(.zero), reason: "bind anew: \(error)"))
            }
            binder?.set(.now + pause.next())
        }
    }
}

/// The request channel to one peer.
final class PeerRequests {
    let address: PeerLink
    let socket: Socket<Dealer>
    private let endpoint: Endpoint

    init(_ address: PeerLink, keys: CurveKeyPair, in context: Context) throws(ZeroMQError) {
        self.address = address
        endpoint = try Endpoint(tcp: address.host, port: address.requestPort)
        var options = SocketOptions(
            maximumMessageSize: MessageSize.batch,
            security: .curveClient(
                keys: keys, serverKey: try CurvePublicKey(address.curveKey.bytes)))
        options.sendHighWaterMark = .messages(1_024)
        options.isImmediate = true
        options.isIPv6Enabled = endpoint.isIPv6
        socket = try Socket(in: context, options: options)
    }

    func connect() throws(ZeroMQError) { try socket.connect(to: endpoint) }

    func reconnect() throws(ZeroMQError) {
        try socket.disconnect(from: endpoint)
        try socket.connect(to: endpoint)
    }

    /// Sends now or never: what does not go out is missed by its asker when its time is over.
    func send(_ message: Message) {
        do {
            try socket.trySend(message)
        } catch {
            return
        }
    }
}
