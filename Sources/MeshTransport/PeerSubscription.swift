// SPDX-License-Identifier: Apache-2.0

internal import ClusterModel
internal import NodeRuntime
internal import ZeroMQ

/// One peer's broadcast, as the live thread hears it.
///
/// A class only because a noncopyable socket cannot be the value of a dictionary; it never leaves
/// the actor that made it.
final class PeerSubscription {
    let address: PeerLink
    private let socket: Socket<Subscribe>
    private let endpoint: Endpoint

    init(_ address: PeerLink, keys: CurveKeyPair, in context: Context) throws(ZeroMQError) {
        self.address = address
        endpoint = try Endpoint(tcp: address.host, port: address.publishPort)
        var options = SocketOptions(
            maximumMessageSize: MessageSize.batch,
            security: .curveClient(
                keys: keys, serverKey: try CurvePublicKey(address.curveKey.bytes)))
        options.isIPv6Enabled = endpoint.isIPv6
        socket = try Socket(in: context, options: options)
    }

    /// Subscribes to everything, and connects.
    func open<Owner: Actor>(
        on executor: PollingExecutor, for owner: Owner, monitoredBy watcher: PollingExecutor,
        onReadable: @escaping @Sendable (isolated Owner) -> Void,
        onEvent: @escaping @Sendable (SocketEvent) -> Void
    ) throws(ZeroMQError) {
        try socket.monitor(on: watcher, onEvent: onEvent)
        executor.watch(socket, for: owner, onReadable: onReadable)
        // Every node receives everything; what is for whom is decided where it is verified.
        try socket.subscribe(prefix: Array("E/".utf8))
        try socket.subscribe(prefix: Array("H".utf8))
        try socket.connect(to: endpoint)
    }

    /// Disconnects and connects again: libzmq gives up on a connection after a protocol error.
    func reconnect() throws(ZeroMQError) {
        try socket.disconnect(from: endpoint)
        try socket.connect(to: endpoint)
    }

    /// The next message; `nil` where the socket is beyond use, which ends the draining.
    func receive(limit: ReceiveLimit) -> Reception? {
        do {
            return try socket.tryReceive(limit: limit)
        } catch {
            return nil
        }
    }
}

/// How large frames may be.
///
/// Unit: bytes.
enum MessageSize {
    /// What a receiver of batches and chunks accepts: twice what a sender may send.
    static let batch = 512 * 1_024
    /// What ROUTER accepts: the largest request lists the hashes of all records.
    static let request = 384 * 1_024
    /// What PUB accepts: subscriptions, and the handshake, which needs 280.
    static let subscription = 1_024
}

extension SocketOptions {
    /// PUB's options.
    ///
    /// 64 messages of at most 256 KiB: a subscriber that stands still costs at most 16 MiB. Small
    /// ones wait in the kernel's buffer first, which has room for thousands.
    static func publisher(
        _ settings: TransportSettings, _ keys: CurveKeyPair
    ) throws(ZeroMQError) -> SocketOptions {
        var options = SocketOptions(
            maximumMessageSize: MessageSize.subscription,
            security: .curveServer(keys: keys, domain: try ZapDomain("mesh")))
        options.sendHighWaterMark = .messages(64)
        options.isIPv6Enabled = settings.address.contains(":")
        return options
    }

    /// ROUTER's options.
    static func router(
        _ settings: TransportSettings, _ keys: CurveKeyPair
    ) throws(ZeroMQError) -> SocketOptions {
        var options = SocketOptions(
            maximumMessageSize: MessageSize.request,
            security: .curveServer(keys: keys, domain: try ZapDomain("mesh")))
        options.sendHighWaterMark = .messages(64)
        options.isRouterMandatory = true
        options.isIPv6Enabled = settings.address.contains(":")
        return options
    }
}
