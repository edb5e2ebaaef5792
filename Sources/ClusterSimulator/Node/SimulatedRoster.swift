// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// What knows who is behind the URLs: the production roster, or one that was broken on purpose.
protocol SimulatedRoster {
    /// The production roster inside.
    var roster: Roster { get }
    mutating func handle(_ input: RosterInput, at now: Instant) -> [RosterEffect]
}

extension Roster: SimulatedRoster {
    var roster: Roster { self }
}
