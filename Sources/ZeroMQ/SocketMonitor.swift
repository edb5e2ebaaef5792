// SPDX-License-Identifier: Apache-2.0
internal import CZeroMQLibrary
internal import Synchronization

/// Something that happened to a connection of a monitored socket.
public struct SocketEvent: Hashable, Sendable {
    /// What happened.
    ///
    /// Source: zmq_socket_monitor(3).
    public enum Kind: Hashable, Sendable {
        /// TCP is up; the handshake follows.
        case connected
        /// TCP is on its way up.
        case connectDelayed
        /// The next attempt comes after this pause.
        case connectRetried(after: Duration)
        /// The socket accepts connections.
        case listening
        /// It does not, for this errno.
        case bindFailed(errno: Int32)
        /// A peer connected; the handshake follows.
        case accepted
        /// It could not be accepted, for this errno.
        case acceptFailed(errno: Int32)
        /// A descriptor was closed on our side.
        case closed
        /// It could not be, for this errno.
        case closeFailed(errno: Int32)
        /// A connection ended.
        case disconnected
        /// The peer is authenticated and messages may flow.
        case handshakeSucceeded
        /// It did not come to that.
        case handshakeFailed(HandshakeFailure)
        /// The monitor ends; nothing follows.
        case stopped
        /// A number that this version does not know.
        case unknown(UInt16)
    }

    /// What happened.
    public let kind: Kind
    /// The local or remote endpoint, as libzmq names it; empty if it names none.
    public let endpoint: String
}

/// Why a handshake failed.
public enum HandshakeFailure: Hashable, Sendable {
    /// The connection broke or time ran out, with this errno.
    case broken(errno: Int32)
    /// The peer speaks something else, or another mechanism. libzmq does not connect again.
    case protocolViolation(code: UInt32)
    /// The authenticator's status code, such as 400. libzmq does not connect again.
    case authentication(status: UInt32)
}

extension Socket {
    /// Calls back for every event of this socket's connections; call before bind or connect.
    ///
    /// The reader has no high-water mark and is drained by the executor: an unread monitor stops
    /// *all* traffic of the context (measured after 700 connections). The monitor ends with the
    /// socket, in the order that libzmq needs.
    /// - Parameters:
    ///   - executor: Whose thread calls back; it need not be the socket's own.
    ///   - onEvent: Must not block.
    /// - Throws: `outOfResources`; each monitor takes two sockets of the context.
    public borrowing func monitor(
        on executor: PollingExecutor, onEvent: @escaping @Sendable (SocketEvent) -> Void
    ) throws(ZeroMQError) {
        try core.monitor(on: executor, onEvent: onEvent)
    }

    /// Calls the owner for every event; as above, with the owner's isolation.
    ///
    /// The owner must run on the executor, and is not kept alive.
    public borrowing func monitor<Owner: Actor>(
        on executor: PollingExecutor, for owner: Owner,
        onEvent: @escaping @Sendable (isolated Owner, SocketEvent) -> Void
    ) throws(ZeroMQError) {
        try core.monitor(on: executor) { [weak owner] event in
            guard let owner else { return }
            owner.assumeIsolated { onEvent($0, event) }
        }
    }
}

/// Tells the in-process endpoints of monitors apart.
private let nextMonitorNumber = Atomic<UInt64>(0)

extension SocketCore {
    func monitor(
        on executor: PollingExecutor, onEvent: @escaping @Sendable (SocketEvent) -> Void
    ) throws(ZeroMQError) {
        precondition(monitoringExecutor == nil, "the socket is monitored already")
        let number = nextMonitorNumber.wrappingAdd(1, ordering: .relaxed).newValue
        let endpoint = try Endpoint(inProcess: "sitestacker.monitor.\(number)")
        let reader = try Socket<Pair>(
            in: context, options: SocketOptions(maximumMessageSize: 4_096, security: .unprotected))
        guard zmq_socket_monitor(handle, endpoint.description, CInt(ZMQ_EVENT_ALL)) == 0 else {
            throw .last("monitor a socket")
        }
        // From here on events queue up, so the reader connects before anything can happen.
        do {
            try reader.connect(to: endpoint)
        } catch {
            zmq_socket_monitor(handle, nil, 0)
            throw error
        }
        monitoringExecutor = executor
        let adopted = AdoptedSocket(reader)
        adopted.adopt(by: executor) { core in
            if core.readEvents(onEvent) { adopted.close() }
        }
    }

    /// Reads a bounded number of events; true once the monitor has stopped.
    private func readEvents(_ onEvent: (SocketEvent) -> Void) -> Bool {
        for _ in 0..<256 {
            do {
                guard case .message(let message) = try tryReceive(limit: monitorLimit) else {
                    return false
                }
                guard let event = SocketEvent(frames: message.frames.map(\.copiedBytes)) else {
                    continue
                }
                onEvent(event)
                if event.kind == .stopped { return true }
            } catch {
                // Only the end of the context makes a pair socket fail.
                return true
            }
        }
        return false
    }
}

/// Two frames: six bytes of event, and an endpoint of at most 256 bytes.
private let monitorLimit = ReceiveLimit(frames: 2, bytes: 1_024)

extension SocketEvent {
    /// Reads libzmq's two frames: event (16 bits), value (32 bits), both native; endpoint.
    package init?(frames: [[UInt8]]) {
        guard frames.count == 2, frames[0].count == 6 else { return nil }
        let (number, value) = frames[0].withUnsafeBytes { bytes in
            (
                bytes.loadUnaligned(as: UInt16.self),
                bytes.loadUnaligned(fromByteOffset: 2, as: UInt32.self)
            )
        }
        kind = Kind(number: number, value: value)
        endpoint = String(decoding: frames[1], as: UTF8.self)
    }
}

extension SocketEvent.Kind {
    init(number: UInt16, value: UInt32) {
        let errno = Int32(truncatingIfNeeded: value)
        switch CInt(number) {
        case ZMQ_EVENT_CONNECTED: self = .connected
        case ZMQ_EVENT_CONNECT_DELAYED: self = .connectDelayed
        case ZMQ_EVENT_CONNECT_RETRIED: self = .connectRetried(after: .milliseconds(Int64(value)))
        case ZMQ_EVENT_LISTENING: self = .listening
        case ZMQ_EVENT_BIND_FAILED: self = .bindFailed(errno: errno)
        case ZMQ_EVENT_ACCEPTED: self = .accepted
        case ZMQ_EVENT_ACCEPT_FAILED: self = .acceptFailed(errno: errno)
        case ZMQ_EVENT_CLOSED: self = .closed
        case ZMQ_EVENT_CLOSE_FAILED: self = .closeFailed(errno: errno)
        case ZMQ_EVENT_DISCONNECTED: self = .disconnected
        case ZMQ_EVENT_MONITOR_STOPPED: self = .stopped
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: self = .handshakeSucceeded
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: self = .handshakeFailed(.broken(errno: errno))
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
            self = .handshakeFailed(.protocolViolation(code: value))
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
            self = .handshakeFailed(.authentication(status: value))
        default: self = .unknown(number)
        }
    }
}
