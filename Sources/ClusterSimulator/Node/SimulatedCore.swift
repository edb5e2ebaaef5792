// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// What a process feeds: the production core, or one that was broken on purpose.
protocol SimulatedCore {
    /// The production core inside.
    var replicator: Replicator { get }
    mutating func handle(_ input: Input, at moment: Moment) -> [Effect]
    var nextDeadline: Instant? { get }
}

extension Replicator: SimulatedCore {
    var replicator: Replicator { self }
}
