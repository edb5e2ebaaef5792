// SPDX-License-Identifier: Apache-2.0

/// Log → highest position: what a node holds, has applied, or had seen when it spoke.
///
/// Law: `merge` is commutative, associative and idempotent. Absent means 0.
public struct VersionVector: Hashable, Sendable {
    private var positions: [EpochID: SequenceNumber]

    /// A vector with nothing in it.
    public init() { positions = [:] }

    /// A vector of the given entries; of two entries for one log the higher counts.
    public init(_ entries: some Sequence<(EpochID, SequenceNumber)>) {
        positions = [:]
        for (log, position) in entries { raise(log, to: position) }
    }

    /// The position of a log; 0 where the vector does not know it.
    public subscript(log: EpochID) -> SequenceNumber { positions[log] ?? 0 }

    /// Raises the position of a log; lower ones change nothing.
    public mutating func raise(_ log: EpochID, to position: SequenceNumber) {
        if position > self[log] { positions[log] = position }
    }

    /// Raises every position to the other vector's.
    public mutating func merge(_ other: VersionVector) {
        for entry in other.entries { raise(entry.log, to: entry.position) }
    }

    /// Whether every position is at least the other vector's.
    public func covers(_ other: VersionVector) -> Bool {
        other.positions.allSatisfy { self[$0.key] >= $0.value }
    }

    /// The entries in the order of their logs.
    public var entries: [(log: EpochID, position: SequenceNumber)] {
        positions.sorted { $0.key < $1.key }.map { (log: $0.key, position: $0.value) }
    }

    /// How many logs the vector knows.
    public var count: Int { positions.count }
}
