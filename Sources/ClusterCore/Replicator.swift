// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// One node's view of replication: every decision, and nothing else.
///
/// Pure: holds no clock, socket, file, task, logger or random source. The same state and the same
/// input always give the same effects, in the same order.
public struct Replicator: Sendable {
    /// Starts from what the disk holds; feed `deadline` at once.
    public init(_ recovered: RecoveredState) {
        nextDeadline = Instant(nanoseconds: 0)
    }

    /// Feeds one input and returns what the shells must now do, in order.
    public mutating func handle(_ input: Input, at now: Moment) -> [Effect] { [] }

    /// When `Input.deadline` must next be fed; `nil` when nothing is waiting for time.
    public var nextDeadline: Instant?
}
