// SPDX-License-Identifier: Apache-2.0

/// A HEAD beacon: what its sender holds, signed, sent every second and after every burst.
///
/// It finds lost tails, late subscribers and frozen links, and carries acknowledgements.
public struct Beacon: Hashable, Sendable {
    /// Who speaks.
    public var sender: NodeID
    /// In which of its runs.
    public var instance: InstanceID
    /// Counts this instance's beacons from 1; an old one that is replayed is ignored.
    public var number: UInt64
    /// The sender's own wall clock.
    public var wall: WallTime
    /// The newest epoch's durable head of every origin, in order.
    public var heads: [EpochHead]
    /// Digest over the heads of all epochs, closed ones too; a difference is a reason to ask.
    public var allHeads: Digest
    /// Digest over all records of authority.
    public var records: Digest
    /// Digest of what the sender's users file allows.
    public var allowed: Digest
    /// What the sender has applied of each newest epoch, in order; left out are those of origins of
    /// whom the sender holds an older epoch that it has not applied.
    public var applied: VersionVector
    /// Whether it is caught up and serves.
    public var isReady: Bool

    /// Makes a beacon from its fields.
    public init(
        sender: NodeID, instance: InstanceID, number: UInt64, wall: WallTime, heads: [EpochHead],
        allHeads: Digest, records: Digest, allowed: Digest, applied: VersionVector, isReady: Bool
    ) {
        self.sender = sender
        self.instance = instance
        self.number = number
        self.wall = wall
        self.heads = heads
        self.allHeads = allHeads
        self.records = records
        self.allowed = allowed
        self.applied = applied
        self.isReady = isReady
    }
}

/// What a node has on disk, and has applied, of one log; sent to the origin after each commit.
public struct Acknowledgement: Hashable, Sendable {
    /// Which log.
    public let log: EpochID
    /// Every position through this one is on the sender's disk, blobs included.
    public let durable: SequenceNumber
    /// Every position through this one has been applied, or will not be.
    public let applied: SequenceNumber

    /// States two watermarks of a log.
    public init(log: EpochID, durable: SequenceNumber, applied: SequenceNumber) {
        self.log = log
        self.durable = durable
        self.applied = applied
    }
}

/// Asks a peer to replay part of a log.
public struct ReplayRequest: Hashable, Sendable {
    /// Which log.
    public let log: EpochID
    /// From this position on.
    public let first: SequenceNumber
    /// Through this one at most.
    public let last: SequenceNumber
    /// No more than this.
    ///
    /// Unit: bytes of batches.
    public let credit: Int
    /// Whether only batches that hold state are wanted: what a log keeps below its floor.
    ///
    /// They do not continue one another. An answer without any says that there are none.
    public let isStateOnly: Bool

    /// Asks for a part of a log.
    public init(
        log: EpochID, first: SequenceNumber, last: SequenceNumber, credit: Int,
        isStateOnly: Bool = false
    ) {
        self.log = log
        self.first = first
        self.last = last
        self.credit = credit
        self.isStateOnly = isStateOnly
    }
}

/// How a replay ended.
public enum ReplayEnd: Hashable, Sendable {
    /// What was asked for, or as much as the credit allowed, was sent.
    case served
    /// The peer does not hold it.
    case notHeld
    /// The peer's log begins after it: everything through the floor is gone there.
    case truncated(EpochHead)
}
