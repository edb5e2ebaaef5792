// SPDX-License-Identifier: Apache-2.0

public import ClusterCore
public import ClusterModel

/// The mesh as one node uses it: broadcast, requests, replies, links.
///
/// The transport owns the thread that all sockets of the live path live on, and with it the
/// executor that the node is isolated to: what comes in is handled where it was read, without a
/// thread hand-off. Everything but `wakeUp` must be called on that executor.
///
/// Law: nothing here waits. What a slow peer cannot take is dropped and found again by its beacon.
public protocol Transport: Sendable {
    /// The executor of the live path; the node takes its isolation from it.
    var executor: any SerialExecutor { get }

    /// Begins to listen and to call the sink.
    func start(delivering sink: any TransportSink) async throws(TransportError)

    /// The next thing that came in, peers in turn; `nil` when the queues are empty.
    func next() -> Delivery?

    /// Sends frames to every subscriber.
    ///
    /// The first one is the topic.
    func broadcast(_ frames: [[UInt8]])

    /// Sends a request to a peer; its reply, if one comes, is delivered later.
    ///
    /// Returns whether it could be sent at all.
    func request(_ frames: [[UInt8]], of peer: NodeID) -> Bool

    /// Answers a request.
    ///
    /// The last word on that ticket.
    func reply(_ frames: [[UInt8]], to ticket: ReplyTicket)

    /// Makes the links exactly these: new ones are made, missing ones ended, changed ones remade.
    func setLinks(_ links: [PeerLink])

    /// Admits exactly these keys; connections of others end.
    func setAdmitted(_ admitted: [CurveKey: AdmittedKey])

    /// Disconnects from a peer and connects again; with new sockets where asked.
    func relink(_ peer: NodeID, freshSockets: Bool)

    /// Calls the sink at that instant at the latest; `nil` ends the alarm.
    func wake(at instant: Instant?)

    /// Calls the sink soon.
    ///
    /// From any thread; many calls make one wake-up.
    func wakeUp()

    /// Closes every socket; afterwards the sink is called no more.
    func stop() async
}

/// Who is called when there is something to do.
public protocol TransportSink: AnyObject, Sendable {
    /// Does a bounded share of what there is to do; returns whether some is left.
    ///
    /// Runs on the transport's executor. Must not block.
    nonisolated func turn() -> Bool
}

/// Something that came in.
///
/// Nothing of it is believed yet but who sent it.
public enum Delivery: Sendable, Hashable {
    /// Frames on a peer's broadcast, topic first.
    case broadcast([[UInt8]], from: NodeID)
    /// A request; the sender's key was admitted as that.
    case request([[UInt8]], from: AdmittedKey, ReplyTicket)
    /// A reply to a request of ours.
    case reply([[UInt8]], from: NodeID)
    /// The connection to a peer's broadcast is up.
    case linkUp(NodeID)
    /// It went down.
    case linkDown(NodeID)
    /// It may not heal by itself.
    case linkTrouble(NodeID, LinkTrouble)
    /// What a peer sent did not fit its queue, or had an impossible form, and was dropped.
    case dropped(from: NodeID, reason: String)
    /// Somebody whose key is not admitted tried to connect.
    case refused(key: CurveKey, address: String)
}

/// Why the transport cannot serve.
public struct TransportError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was being done, naming the thing.
    public let operation: String
    /// What was expected, and what was found.
    public let detail: String
    /// One sentence for the operator.
    public let hint: String

    /// Describes a failure.
    public init(operation: String, detail: String, hint: String) {
        self.operation = operation
        self.detail = detail
        self.hint = hint
    }

    /// What was tried, what went wrong, and what to do.
    public var description: String { "\(operation): \(detail). \(hint)" }
}

/// Asks the doors of other nodes who they are.
public protocol DoorClient: Sendable {
    /// Posts a hello request to the door at a host and port, for the installation with that host
    /// name; returns the answer's body.
    func hello(
        _ request: [UInt8], host: String, port: UInt16, hostHeader: String
    ) async throws(DoorError) -> DoorAnswer
}

/// What a door answered.
public struct DoorAnswer: Sendable, Hashable {
    /// The signed hello.
    public let body: [UInt8]
    /// The numeric address that answered.
    public let address: String

    /// Joins body and address.
    public init(body: [UInt8], address: String) {
        self.body = body
        self.address = address
    }
}

/// Why a door did not answer.
public enum DoorError: Error, Sendable, Hashable {
    /// Nobody listens there, or nobody answered in time.
    case unreachable(String)
    /// Something answered, but not a door: another program, or another installation.
    case refused(status: Int, String)
}
