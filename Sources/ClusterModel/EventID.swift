// SPDX-License-Identifier: Apache-2.0

/// A position in one origin's log: from 1, without gaps.
///
/// Limit: 2^63, so that it is a SQLite integer too; at a million events a second that is
/// 292,000 years.
public struct SequenceNumber: Hashable, Comparable, Sendable, CustomStringConvertible,
    ExpressibleByIntegerLiteral
{
    /// The number.
    public let value: UInt64
    /// Wraps a number; 0 means "before the first".
    public init(_ value: UInt64) { self.value = value }
    /// Wraps a literal.
    public init(integerLiteral value: UInt64) { self.value = value }
    /// Decimal digits.
    public var description: String { String(value) }
    /// The position after this one.
    public var next: SequenceNumber { SequenceNumber(value &+ 1) }
    /// The position before this one; 0 has none before it and stays 0.
    public var previous: SequenceNumber { SequenceNumber(value == 0 ? 0 : value - 1) }
    /// The position `distance` after this one.
    public func advanced(by distance: Int) -> SequenceNumber {
        SequenceNumber(value &+ UInt64(distance))
    }
    /// Compares the numbers.
    public static func < (left: SequenceNumber, right: SequenceNumber) -> Bool {
        left.value < right.value
    }
}

/// One life of an origin's log: a counter and a random nonce, made at each start of a node.
///
/// Law: it is on disk before the first signature under it, and never used again after a restart,
/// so that a restored backup cannot give one number two contents. The nonce tells two clones apart
/// which count alike.
public struct LogEpoch: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Counts the starts of the node, from 1.
    public let counter: UInt64
    /// Random; drawn with the counter.
    public let nonce: UInt64

    /// Makes the epoch of a counter and a nonce.
    public init(counter: UInt64, nonce: UInt64) {
        self.counter = counter
        self.nonce = nonce
    }

    /// Counter and nonce, as they stand in an event ID: `7.9c1f22ab01020304`.
    public var description: String { "\(counter).\(Hexadecimal.encode(nonce))" }

    /// Compares counters, then nonces.
    public static func < (left: LogEpoch, right: LogEpoch) -> Bool {
        (left.counter, left.nonce) < (right.counter, right.nonce)
    }
}

/// One origin's log in one of its lives: the unit of gapless numbering.
public struct EpochID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The node that wrote the log.
    public let origin: NodeID
    /// Which life of it.
    public let epoch: LogEpoch

    /// Names the log of an origin in one epoch.
    public init(origin: NodeID, epoch: LogEpoch) {
        self.origin = origin
        self.epoch = epoch
    }

    /// `NODE-EPOCH`, with the short form of the node.
    public var description: String { "\(origin.short)-\(epoch)" }

    /// Compares origins, then epochs.
    public static func < (left: EpochID, right: EpochID) -> Bool {
        (left.origin, left.epoch) < (right.origin, right.epoch)
    }
}

/// Names one event for ever: `NODE-EPOCH-SEQUENCE`.
public struct EventID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The log that holds the event.
    public let log: EpochID
    /// Its position there.
    public let sequence: SequenceNumber

    /// Names the event at a position of a log.
    public init(log: EpochID, sequence: SequenceNumber) {
        self.log = log
        self.sequence = sequence
    }

    /// `NODE-EPOCH-SEQUENCE`, with the short form of the node.
    public var description: String { "\(log)-\(sequence)" }

    /// Compares logs, then positions.
    public static func < (left: EventID, right: EventID) -> Bool {
        (left.log, left.sequence) < (right.log, right.sequence)
    }
}

/// An event ID as a person writes it: the node is the short form, to be matched with known nodes.
public struct EventReference: Hashable, Sendable {
    /// The first eight bytes of the origin's node ID.
    public let originPrefix: UInt64
    /// The epoch.
    public let epoch: LogEpoch
    /// The position.
    public let sequence: SequenceNumber

    /// Reads `NODE-EPOCH-SEQUENCE`; `nil` for anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let originPrefix = Hexadecimal.decodeWord(parts[0]),
            let sequence = UInt64(parts[2]), sequence > 0
        else { return nil }
        let epoch = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        guard epoch.count == 2, let counter = UInt64(epoch[0]),
            let nonce = Hexadecimal.decodeWord(epoch[1])
        else { return nil }
        self.originPrefix = originPrefix
        self.epoch = LogEpoch(counter: counter, nonce: nonce)
        self.sequence = SequenceNumber(sequence)
    }

    /// Whether this names that event.
    public func matches(_ id: EventID) -> Bool {
        id.log.origin.raw.prefix == originPrefix && id.log.epoch == epoch
            && id.sequence == sequence
    }
}
