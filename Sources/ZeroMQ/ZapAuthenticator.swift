// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// What libzmq asks when a peer wants in.
public struct ZapRequest: Hashable, Sendable {
    /// The key whose secret half the peer has proved to hold.
    public let curveKey: CurvePublicKey
    /// The ``ZapDomain`` of the socket it wants to reach.
    public let domain: String
    /// The peer's numeric address, a claim of the network.
    public let address: String
}

/// The answer to a ``ZapRequest``.
public enum ZapVerdict: Hashable, Sendable {
    /// Status 200; the user ID appears in every frame of the connection as ``Frame/userID``.
    case allow(userID: String)
    /// Status 300: not now. The peer tries again after its handshake interval, for ever.
    ///
    /// The right answer to an unknown key, which may be allowed a moment later.
    case deny
    /// Status 400: never. A libzmq peer gives up until it is restarted or re-linked.
    case refuse
}

/// How often an authenticator gave which answer since it started.
public struct ZapCounters: Hashable, Sendable {
    /// Status 200.
    public var allowed: UInt64 = 0
    /// Status 300.
    public var denied: UInt64 = 0
    /// Status 400, wrong mechanisms included.
    public var refused: UInt64 = 0
    /// Status 500: requests that are not ZAP 1.0.
    public var malformed: UInt64 = 0

    /// Starts at nothing.
    public init() {}
}

/// Decides for all CURVE servers of one context who gets in.
///
/// It must exist before the first of them binds, and live as long as they do: without it the
/// enforced domain admits nobody. Source: ZeroMQ RFC 27/ZAP.
public final class ZapAuthenticator: Sendable {
    private let executor: PollingExecutor
    private let socket: AdoptedSocket<Reply>
    private let tally: ZapTally

    /// Starts to answer for the context.
    ///
    /// - Parameters:
    ///   - executor: Whose thread answers. Handshakes wait for it, so it must not be busy.
    ///   - decide: Called on that thread for each handshake. It may only look things up in memory;
    ///     an attacker can cause a thousand calls a second.
    /// - Throws: `addressInUse` if the context has an authenticator, `outOfResources`.
    public init(
        in context: Context, on executor: PollingExecutor,
        decide: @escaping @Sendable (ZapRequest) -> ZapVerdict
    ) throws(ZeroMQError) {
        let options = SocketOptions(maximumMessageSize: 4_096, security: .unprotected)
        let reply = try Socket<Reply>(in: context, options: options)
        try reply.bind(to: Endpoint(inProcess: "zeromq.zap.01"))
        let tally = ZapTally()
        socket = AdoptedSocket(reply)
        self.executor = executor
        self.tally = tally
        socket.adopt(by: executor) { Self.answerAll($0, tally, decide) }
    }

    deinit {
        let socket = self.socket
        executor.perform { socket.close() }
    }

    /// How often it gave which answer.
    public var counters: ZapCounters { tally.counters.withLock { $0 } }

    /// How many requests to answer per turn; the rest comes in the next.
    ///
    /// Unit: requests.
    private static let requestsPerTurn = 64

    private static func answerAll(
        _ core: SocketCore, _ tally: ZapTally, _ decide: (ZapRequest) -> ZapVerdict
    ) {
        for _ in 0..<requestsPerTurn {
            do {
                guard let reply = ZapReply(to: try core.tryReceive(limit: limit), decide) else {
                    return
                }
                tally.counters.withLock { reply.count(in: &$0) }
                _ = try core.trySend(reply.frames)
            } catch {
                // The asker went away between question and answer; nobody waits for this one.
                tally.counters.withLock { $0.malformed += 1 }
                return
            }
        }
    }

    /// A CURVE request has seven short frames; anything else is malformed.
    private static let limit = ReceiveLimit(frames: 16, bytes: 4_096)
}

/// The counters, apart from the authenticator so that its callback does not keep it alive.
private final class ZapTally: Sendable {
    let counters = Mutex(ZapCounters())
}

/// One answer in the making: a pure function of the request and the decision.
package struct ZapReply {
    /// RFC 27's status code.
    package let status: String
    private let requestID: [UInt8]
    private let userID: String

    /// Answers what was received; nil if that was nothing.
    init?(to reception: Reception, _ decide: (ZapRequest) -> ZapVerdict) {
        switch reception {
        case .nothing:
            return nil
        case .oversize:
            self.init(status: "500", requestID: [], userID: "")
        case .message(let message):
            self.init(to: message.frames.map(\.copiedBytes), decide)
        }
    }

    /// Answers a request: version, request ID, domain, address, routing ID, mechanism, credentials.
    package init(to frames: [[UInt8]], _ decide: (ZapRequest) -> ZapVerdict) {
        let requestID = frames.count > 1 ? frames[1] : []
        guard frames.count >= 6, frames[0] == Array("1.0".utf8) else {
            self.init(status: "500", requestID: requestID, userID: "")
            return
        }
        guard frames[5] == Array("CURVE".utf8) else {
            self.init(status: "400", requestID: requestID, userID: "")
            return
        }
        guard frames.count == 7, frames[6].count == CurvePublicKey.byteCount else {
            self.init(status: "500", requestID: requestID, userID: "")
            return
        }
        let request = ZapRequest(
            curveKey: CurvePublicKey(checked: frames[6]),
            domain: String(decoding: frames[2], as: UTF8.self),
            address: String(decoding: frames[3], as: UTF8.self))
        switch decide(request) {
        case .allow(let userID):
            self.init(status: "200", requestID: requestID, userID: userID)
        case .deny:
            self.init(status: "300", requestID: requestID, userID: "")
        case .refuse:
            self.init(status: "400", requestID: requestID, userID: "")
        }
    }

    private init(status: String, requestID: [UInt8], userID: String) {
        self.status = status
        self.requestID = requestID
        self.userID = userID
    }

    /// Version, request ID, status, text, user ID, metadata.
    ///
    /// The text is empty: a peer that is not let in learns nothing.
    package var frames: [Frame] {
        [Frame("1.0"), Frame(requestID), Frame(status), Frame([]), Frame(userID), Frame([])]
    }

    func count(in counters: inout ZapCounters) {
        switch status {
        case "200": counters.allowed += 1
        case "300": counters.denied += 1
        case "400": counters.refused += 1
        default: counters.malformed += 1
        }
    }
}
