// SPDX-License-Identifier: Apache-2.0

/// How many messages may wait on one connection in one direction.
public enum HighWaterMark: Hashable, Sendable {
    /// At most this many. Unit: messages. Limit: 1 to 2,147,483,647.
    case messages(Int)
    /// Any number: the application drains at once and bounds its own queue.
    case unlimited
}

/// When TCP itself gives up on a silent connection.
///
/// Source: tcp(7).
public struct TCPKeepalive: Hashable, Sendable {
    /// Silence before the first probe.
    ///
    /// Unit: whole seconds.
    public var idle: Duration
    /// Time between probes.
    ///
    /// Unit: whole seconds.
    public var interval: Duration
    /// Unanswered probes before the connection is dead.
    ///
    /// Unit: probes.
    public var count: Int

    /// Makes a setting.
    public init(
        idle: Duration = .seconds(30), interval: Duration = .seconds(10), count: Int = 3
    ) {
        self.idle = idle
        self.interval = interval
        self.count = count
    }
}

/// A non-empty ZAP domain.
///
/// Non-empty by type, because with an empty one libzmq skips authentication and admits every key.
public struct ZapDomain: Hashable, Sendable, CustomStringConvertible {
    /// The domain itself.
    public let description: String

    /// Takes over a name.
    ///
    /// - Throws: `invalidArgument` unless it has 1 to 254 bytes. Source: ZeroMQ RFC 27/ZAP.
    public init(_ name: String) throws(ZeroMQError) {
        guard (1...254).contains(name.utf8.count) else {
            throw ZeroMQError(
                .invalidArgument, "use a ZAP domain", expected: "1 to 254 bytes",
                found: "\(name.utf8.count)")
        }
        description = name
    }
}

/// Who may speak over a socket.
public enum SocketSecurity: Sendable {
    /// No encryption and no authentication: for endpoints inside the process, and for tests.
    ///
    /// On TCP one hostile connection can exhaust this process's memory.
    case unprotected
    /// Encrypted; peers are admitted by the context's ``ZapAuthenticator``, which must exist before
    /// the socket binds. The domain is enforced: without an authenticator nobody gets in.
    ///
    /// Law: the server side binds; a CURVE server that connects can abort the process in 4.3.4.
    case curveServer(keys: CurveKeyPair, domain: ZapDomain)
    /// Encrypted; only the owner of the server key can answer.
    case curveClient(keys: CurveKeyPair, serverKey: CurvePublicKey)
}

/// Everything that is set on a socket before it binds or connects, and never after.
///
/// Every mark and interval has an explicit value, because libzmq's defaults lose messages, hold
/// descriptors for half a minute, or wait for ever. There is deliberately no ZMTP heartbeat:
/// libzmq 4.3.4 aborts the process when a receiver that uses one is slow
/// (zeromq/libzmq#3937, #4229, #4767).
public struct SocketOptions: Sendable {
    /// The largest frame accepted from a peer.
    ///
    /// Required, because without it one unauthenticated connection can take gigabytes. A larger
    /// frame ends the connection, and the connecting side does not come back by itself, so a sender
    /// needs a much lower limit of its own. Under CURVE 33 bytes of it are overhead, and below 280
    /// no handshake succeeds. Unit: bytes.
    public var maximumMessageSize: Int
    /// Who may speak.
    public var security: SocketSecurity
    /// What may wait to be sent to one peer.
    ///
    /// Limit: times the largest frame, this is memory.
    public var sendHighWaterMark: HighWaterMark = .messages(1_000)
    /// What may wait to be received.
    ///
    /// Unlimited, because a full receive queue makes *publishers* drop and triggers upstream
    /// crashes; the owner drains every turn into queues which it bounds itself.
    public var receiveHighWaterMark: HighWaterMark = .unlimited
    /// How long unsent messages survive a close.
    ///
    /// Zero: the log is our linger.
    public var linger: Duration = .zero
    /// How long a handshake may take, and how soon a client tries again that was told to wait.
    public var handshakeInterval: Duration = .seconds(3)
    /// How long TCP may take to connect; without it the kernel tries for minutes.
    public var connectTimeout: Duration = .seconds(3)
    /// The first pause before connecting again.
    public var reconnectInterval: Duration = .milliseconds(100)
    /// The longest such pause, reached by doubling.
    public var reconnectIntervalMaximum: Duration = .seconds(5)
    /// The net below the beacon, which finds dead links first.
    public var tcpKeepalive = TCPKeepalive()
    /// How long sent bytes may stay unacknowledged before the connection is dead.
    ///
    /// Source: ZMQ_TCP_MAXRT, which is TCP_USER_TIMEOUT of tcp(7) here.
    public var tcpMaximumRetransmission: Duration = .seconds(15)
    /// Whether a ROUTER reports unknown routing IDs; without it such a send "succeeds".
    public var isRouterMandatory = true
    /// How many connections may wait to be accepted.
    ///
    /// Unit: connections.
    public var backlog = 256
    /// Whether the socket speaks IPv6 as well; set it for such endpoints only.
    public var isIPv6Enabled = false

    /// Starts from safe values.
    public init(maximumMessageSize: Int, security: SocketSecurity) {
        self.maximumMessageSize = maximumMessageSize
        self.security = security
    }
}
