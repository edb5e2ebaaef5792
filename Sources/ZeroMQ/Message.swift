// SPDX-License-Identifier: Apache-2.0

/// The frames that libzmq delivers together or not at all, at least one.
public struct Message: Sendable, Equatable, ExpressibleByArrayLiteral {
    /// The frames in order; on a ROUTER the first is the peer's routing ID.
    public var frames: [Frame]

    /// Makes a message of the frames.
    public init(_ frames: [Frame]) { self.frames = frames }

    /// Makes a message of the listed frames.
    public init(arrayLiteral elements: Frame...) { frames = elements }

    /// All frames together.
    ///
    /// Unit: bytes.
    public var byteCount: Int { frames.reduce(0) { $0 + $1.count } }

    /// Who the last frame came from; every frame of a message came by the same connection.
    ///
    /// The last frame is asked because it is a payload frame in every role; see ``Frame/userID``.
    public var userID: String? { frames.last?.userID }
}

/// What one attempt to send did; none of these is an error.
public enum SendResult: Hashable, Sendable {
    /// libzmq queued the whole message, or dropped it where the role drops in silence.
    case sent
    /// The queue is at its high-water mark, or nobody is connected: nothing was sent, try later.
    case wouldBlock
    /// A ROUTER knows no such routing ID: the peer is gone, and so is the message.
    case unroutable
}

/// The most that one received message may hold.
///
/// ``SocketOptions/maximumMessageSize`` bounds one frame only; without this a peer could have us
/// keep thousands of them.
public struct ReceiveLimit: Hashable, Sendable {
    /// Unit: frames, the routing ID of a ROUTER included.
    ///
    /// Limit: at least 1.
    public var frames: Int
    /// Unit: bytes over all frames.
    ///
    /// Limit: at least 1.
    public var bytes: Int

    /// Makes a limit; a value below 1 is a programmer error and traps.
    public init(frames: Int, bytes: Int) {
        precondition(frames > 0 && bytes > 0, "a limit of \(frames) frames, \(bytes) bytes")
        self.frames = frames
        self.bytes = bytes
    }
}

/// A message beyond its ``ReceiveLimit``: counted and forgotten, except for who sent it.
public struct OversizeMessage: Sendable, Equatable {
    /// The first frame, which on a ROUTER is the routing ID, if it was within the limit by itself.
    public let firstFrame: Frame?
    /// How many frames there were.
    ///
    /// Unit: frames.
    public let frameCount: Int
    /// How much there was.
    ///
    /// Unit: bytes.
    public let byteCount: Int
    /// Who sent it, as the ZAP authenticator named the connection.
    public let userID: String?
}

/// What one attempt to receive found.
public enum Reception: Sendable, Equatable {
    /// A whole message within the limit.
    case message(Message)
    /// A message beyond the limit. It was drained; the peer that sent it should be cut.
    case oversize(OversizeMessage)
    /// Nothing is waiting.
    case nothing
}
