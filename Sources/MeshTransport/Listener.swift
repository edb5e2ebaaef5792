// SPDX-License-Identifier: Apache-2.0

internal import ZeroMQ

/// A socket bound to a port, which can be bound anew to end every connection that others made.
///
/// libzmq has no call that ends one accepted connection: a key that is admitted no more loses its
/// connection when the listener goes, and those still admitted come again by themselves.
final class Listener<Role: SocketRole> {
    let socket: Socket<Role>
    /// Where it listens, with the port that was found where any was asked for.
    let endpoint: Endpoint
    /// Set by the owner to call ``bind()`` later.
    var retry: Alarm?
    private let report: (ZeroMQError) -> Void
    private var pause = BindPause()

    /// Binds a socket.
    ///
    /// - Parameter report: Called when the port has been in use for so long that somebody else must
    ///   have taken it.
    init(
        _ socket: consuming Socket<Role>, at endpoint: Endpoint,
        report: @escaping (ZeroMQError) -> Void
    ) throws(ZeroMQError) {
        try socket.bind(to: endpoint)
        self.endpoint = try socket.lastEndpoint()
        self.socket = socket
        self.report = report
    }

    /// Ends all accepted connections, and listens again.
    ///
    /// A connection ends when the socket's own thread has let go of its pipe. ROUTER is polled all
    /// the time; PUB does so with its next broadcast, and the beacon is one a second at least.
    func bindAnew() {
        retry?.set(nil)
        pause = BindPause()
        do {
            try socket.unbind(from: endpoint)
        } catch {
            // An attempt to bind was under way: nothing is bound.
        }
        bind()
    }

    /// Listens, or tries again after a pause.
    func bind() {
        do {
            try socket.bind(to: endpoint)
        } catch {
            if pause.isLong { report(error) }
            retry?.set(.now + pause.next())
        }
    }
}

/// How long to wait before a port is bound again.
///
/// libzmq closes a listener later, on a thread of its own; until then its port is in use.
/// Source: zmq_unbind(3), and `address in use` right after it.
struct BindPause {
    private var duration: Duration = .milliseconds(2)

    /// Whether it has taken so long that somebody else must have the port.
    var isLong: Bool { duration >= .seconds(1) }

    /// The next pause: twice the last, at most two seconds.
    mutating func next() -> Duration {
        defer { duration = min(duration * 2, .seconds(2)) }
        return duration
    }
}
