// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// A name which the core or a shell gives to something that completes later.
public protocol Ticket: Hashable, Comparable, Sendable {
    /// The number; each is used once in a process.
    var number: UInt64 { get }
    /// Wraps a number.
    init(_ number: UInt64)
}

extension Ticket {
    /// Compares the numbers.
    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// Names a request to publish; given by the shell.
public struct PublishTicket: Ticket {
    /// The number.
    public let number: UInt64
    /// Wraps a number.
    public init(_ number: UInt64) { self.number = number }
}

/// Names an append to the event log; given by the core, in rising order.
public struct AppendTicket: Ticket {
    /// The number.
    public let number: UInt64
    /// Wraps a number.
    public init(_ number: UInt64) { self.number = number }
}

/// Names something to be applied; given by the core.
public struct ApplyTicket: Ticket {
    /// The number.
    public let number: UInt64
    /// Wraps a number.
    public init(_ number: UInt64) { self.number = number }
}

/// Names a peer's request that waits for an answer; given by the transport.
public struct ReplyTicket: Ticket {
    /// The number.
    public let number: UInt64
    /// Wraps a number.
    public init(_ number: UInt64) { self.number = number }
}

/// Who must have an event on disk before its publisher is told that it is confirmed.
public enum ConfirmationLevel: Hashable, Sendable, CaseIterable {
    /// The origin.
    case local
    /// The origin and one other member.
    case one
    /// Every member.
    case all
}

/// A wish to publish events: all of them in one batch, in this order, or none.
public struct PublishRequest: Hashable, Sendable {
    /// Comes back with the result.
    public let ticket: PublishTicket
    /// What to publish; blobs they name are on this node's disk already.
    ///
    /// Limit: 1 to 1,024, and 256 KiB together.
    public let contents: [EventContent]
    /// Who must hold them.
    public let level: ConfirmationLevel
    /// After this the result is `unconfirmed`; the events are kept.
    public let timeout: Duration

    /// Describes a wish to publish.
    public init(
        ticket: PublishTicket, contents: [EventContent], level: ConfirmationLevel,
        timeout: Duration
    ) {
        self.ticket = ticket
        self.contents = contents
        self.level = level
        self.timeout = timeout
    }
}

/// What came of a wish to publish.
public enum PublishResult: Hashable, Sendable {
    /// The origin and these others have it on disk, as the level asked.
    case confirmed(EventRange, holders: [NodeID])
    /// On the origin's disk, but in time these others did not say that they hold it.
    ///
    /// It is kept,
    /// and they will get it.
    case unconfirmed(EventRange, missing: [NodeID])
    /// Not even this node's own disk answered in time: it may exist or not.
    case unknown(EventRange?)
    /// Nothing was published.
    case refused(PublishRefusal)
}

/// Why nothing was published.
public enum PublishRefusal: Hashable, Sendable {
    /// Nobody vouches for this node.
    case notLoggedIn
    /// A process with this node's identity runs elsewhere.
    case cloned
    /// No events, too many or too large ones.
    case impossibleSize(String)
    /// Too much waits to be published already; try again later.
    case overloaded
    /// The batch could not be encoded or signed.
    case sealingFailed(String)
    /// The node's own users file or grant does not allow it.
    case notAllowed(String)
    /// The epoch could not be made durable.
    case noEpoch(String)
}
