// SPDX-License-Identifier: Apache-2.0
import Glibc
import Hummingbird
import NIOCore

/// The connection that a request came by.
struct Connection: InitializableFromSource, Sendable {
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        channel = source.channel
    }

    /// The numeric address at the other end; empty for a local socket.
    var address: String { channel.remoteAddress?.ipAddress ?? "" }

    /// Who is at the other end of a local socket, as the kernel knows it.
    ///
    /// Source: unix(7), SO_PEERCRED.
    ///
    /// - Throws: what the system says where the connection has gone.
    func peer() async throws -> PeerCredentials? {
        guard let socket = channel as? any SocketOptionProvider else { return nil }
        return try await socket.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED)
        ).get()
    }
}

/// What the kernel tells of a local socket's other end.
///
/// Source: unix(7), struct ucred.
struct PeerCredentials: Sendable {
    let process: pid_t
    let user: uid_t
    let group: gid_t
}

/// Ends connections that do not come to the point.
///
/// It stands behind the HTTP decoder: what it sees first is a whole head. A client that sends a
/// byte now and then (slow loris) therefore meets the first deadline, however busy it looks.
final class ConnectionDeadlines: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    typealias OutboundIn = NIOAny

    /// How long the other side may go on after our last word.
    private static let linger = TimeAmount.seconds(1)

    private let head: TimeAmount
    private let whole: TimeAmount?
    private let gate: AddressGate?
    private var alarm: Scheduled<Void>?
    private var hasHead = false
    private var admitted: String?

    /// Ends a connection without a head after `head`, and every one after `whole`.
    init(head: TimeAmount, whole: TimeAmount?, gate: AddressGate?) {
        self.head = head
        self.whole = whole
        self.gate = gate
    }

    func handlerAdded(context: ChannelHandlerContext) {
        schedule(head, context.channel)
        guard let gate else { return }
        let address = context.channel.remoteAddress?.ipAddress ?? ""
        if gate.connect(address, now: .now) {
            admitted = address
        } else {
            context.channel.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !hasHead {
            hasHead = true
            alarm?.cancel()
            if let whole { schedule(whole, context.channel) }
        }
        context.fireChannelRead(data)
    }

    func close(
        context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?
    ) {
        // Whoever still sends a body that was refused would otherwise never see our answer's end.
        if mode == .output { schedule(Self.linger, context.channel) }
        context.close(mode: mode, promise: promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        leave()
    }

    private func leave() {
        alarm?.cancel()
        if let address = admitted.take() { gate?.disconnect(address) }
    }

    private func schedule(_ delay: TimeAmount, _ channel: any Channel) {
        alarm?.cancel()
        alarm = channel.eventLoop.scheduleTask(in: delay) { channel.close(promise: nil) }
    }
}
