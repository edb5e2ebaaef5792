// SPDX-License-Identifier: Apache-2.0

internal import ClusterModel
internal import NodeRuntime
internal import ZeroMQ

/// The request channel to one peer.
///
/// A request that cannot go out yet, since its peer is not authenticated or the queue is full,
/// waits a little here: libzmq would keep it for as long as the peer is away, and then send it
/// with a thousand others when nobody wants the answers any more. `ZMQ_IMMEDIATE` is no way out: it
/// takes a request as soon as TCP is up, and a connection that breaks within a reply aborts the
/// process.
///
/// Source: docs/internals/zeromq.md.
final class PeerRequests {
    let address: PeerLink
    let socket: Socket<Dealer>
    private let endpoint: Endpoint
    private var waiting = WaitingRequests()

    init(_ address: PeerLink, keys: CurveKeyPair, in context: Context) throws(ZeroMQError) {
        self.address = address
        endpoint = try Endpoint(tcp: address.host, port: address.requestPort)
        var options = SocketOptions(
            maximumMessageSize: MessageSize.batch,
            security: .curveClient(
                keys: keys, serverKey: try CurvePublicKey(address.curveKey.bytes)))
        options.sendHighWaterMark = .messages(1_024)
        options.isIPv6Enabled = endpoint.isIPv6
        socket = try Socket(in: context, options: options)
    }

    /// Whether requests wait for the connection.
    var isWaiting: Bool { !waiting.isEmpty }
    /// Whether the peer is authenticated, as the monitor told.
    var isUp = false

    func open<Owner: Actor>(
        on executor: PollingExecutor, for owner: Owner, monitoredBy watcher: PollingExecutor,
        onReadable: @escaping @Sendable (isolated Owner) -> Void,
        onEvent: @escaping @Sendable (SocketEvent) -> Void
    ) throws(ZeroMQError) {
        try socket.monitor(on: watcher, onEvent: onEvent)
        executor.watch(socket, for: owner, onReadable: onReadable)
        try socket.connect(to: endpoint)
    }

    func reconnect() throws(ZeroMQError) {
        isUp = false
        try socket.disconnect(from: endpoint)
        try socket.connect(to: endpoint)
    }

    /// Sends now, or within its patience; what never goes out is missed by its asker in time.
    func send(_ message: Message) {
        if waiting.isEmpty, isSent(message) { return }
        waiting.add(message, at: .now)
    }

    /// Sends what waits, in its order, as far as it goes; forgets what has waited for too long.
    func flush(at now: ContinuousClock.Instant) {
        waiting.expire(at: now)
        waiting.take { isSent($0) }
    }

    private func isSent(_ message: Message) -> Bool {
        guard isUp else { return false }
        do {
            return try socket.trySend(message) == .sent
        } catch {
            return false
        }
    }
}

/// Requests that wait for their connection.
struct WaitingRequests {
    /// How long one may wait.
    ///
    /// Below the time after which its asker asks somebody else, and above the handshake interval,
    /// after which a peer comes again that was not admitted at first.
    static let patience: Duration = .seconds(4)
    /// How much may wait; beyond it the oldest is forgotten.
    ///
    /// Unit: bytes. Acknowledgements of some seconds, so that they do not crowd out the request
    /// that its asker waits for.
    static let byteLimit = 1_024 * 1_024

    private var requests: [(message: Message, until: ContinuousClock.Instant)] = []
    private var byteCount = 0

    var isEmpty: Bool { requests.isEmpty }

    mutating func add(_ message: Message, at now: ContinuousClock.Instant) {
        requests.append((message, now + WaitingRequests.patience))
        byteCount += message.waitingByteCount
        while byteCount > WaitingRequests.byteLimit { forget(1) }
    }

    mutating func expire(at now: ContinuousClock.Instant) {
        forget(requests.firstIndex { $0.until > now } ?? requests.count)
    }

    /// Takes out, in order, what is sent, up to the first that is not.
    mutating func take(whileSent isSent: (Message) -> Bool) {
        forget(requests.firstIndex { !isSent($0.message) } ?? requests.count)
    }

    private mutating func forget(_ count: Int) {
        byteCount -= requests.prefix(count).reduce(0) { $0 + $1.message.waitingByteCount }
        requests.removeFirst(count)
    }
}

extension Message {
    /// What it takes while it waits, with something for itself and its frames.
    fileprivate var waitingByteCount: Int { frames.reduce(64) { $0 + $1.count + 64 } }
}
