// SPDX-License-Identifier: Apache-2.0
internal import CZeroMQLibrary

/// What a socket is for; each role is a type, so that an illegal call does not compile.
public protocol SocketRole: SendableMetatype {
    /// libzmq's number for the role.
    static var rawType: Int32 { get }
}

/// A role that may send.
public protocol SendingRole: SocketRole {}

/// A role that may receive.
public protocol ReceivingRole: SocketRole {}

/// Sends each message to every subscriber, and drops in silence for those that are slow or new.
///
/// Law: an accepted send proves nothing about delivery. Delivery is the log's and replay's job.
/// Source: zmq_socket(3), ZMQ_PUB.
public enum Publish: SendingRole {
    /// ZMQ_PUB.
    public static var rawType: Int32 { ZMQ_PUB }
}

/// Receives what it subscribed to.
///
/// Law: subscriptions are re-sent after a reconnect only when the owner next uses the socket, so
/// its owner must never be busy for long. Source: zmq_socket(3), ZMQ_SUB.
public enum Subscribe: ReceivingRole {
    /// ZMQ_SUB.
    public static var rawType: Int32 { ZMQ_SUB }
}

/// Talks to many peers; the first frame of each message is the peer's routing ID.
///
/// Law: a routing ID names a connection, not an identity; see ``Frame/userID``.
/// Source: zmq_socket(3), ZMQ_ROUTER.
public enum Router: SendingRole, ReceivingRole {
    /// ZMQ_ROUTER.
    public static var rawType: Int32 { ZMQ_ROUTER }
}

/// Sends and receives freely, here to one peer.
///
/// Source: zmq_socket(3), ZMQ_DEALER.
public enum Dealer: SendingRole, ReceivingRole {
    /// ZMQ_DEALER.
    public static var rawType: Int32 { ZMQ_DEALER }
}

/// Sends one request, then receives one reply, in lock-step.
///
/// Source: zmq_socket(3), ZMQ_REQ.
public enum Request: SendingRole, ReceivingRole {
    /// ZMQ_REQ.
    public static var rawType: Int32 { ZMQ_REQ }
}

/// Receives one request, then sends one reply, in lock-step.
///
/// Source: zmq_socket(3), ZMQ_REP.
public enum Reply: SendingRole, ReceivingRole {
    /// ZMQ_REP.
    public static var rawType: Int32 { ZMQ_REP }
}

/// Talks to exactly one other pair socket.
///
/// Source: zmq_socket(3), ZMQ_PAIR.
public enum Pair: SendingRole, ReceivingRole {
    /// ZMQ_PAIR.
    public static var rawType: Int32 { ZMQ_PAIR }
}
