// SPDX-License-Identifier: Apache-2.0

/// One kind of trouble; each seed switches a random part of them on.
///
/// Swarm testing: Groce et al. (2012); runs with few faults reach states that runs with all of
/// them hide.
public enum Fault: String, CaseIterable, Sendable {
    // Network.
    case loss, duplication, reordering, corruption, partitions, oneWayPartitions, isolatedOrigin
    case clogging, smallQueues, linkResets, stuckLinks
    // Hostile.
    case replayedHistory, forgedSigners, equivocation
    // Disk.
    case slowDisk, fullDisk, backups, lostLog
    // Processes.
    case crashes, pauses, clones
    // Clocks.
    case clockOffsets, clockDrift, clockJumps, frozenClocks
    // People.
    case usersFiles, lists, revocations, newMembers, failingHandlers, failingCaches, longAbsence
}

/// What a seed makes of the cluster: how many nodes, which faults, how much to do.
public struct Knobs: Sendable {
    /// How many nodes the cluster begins with.
    public let nodeCount: Int
    /// The faults that are switched on, in the order of their declaration.
    public let faults: [Fault]
    /// Whether every signature is checked every time.
    public let isExact: Bool
    /// How long there is trouble.
    let chaos: VirtualTime
    /// How long a healed cluster may take to agree.
    let patience: VirtualTime
    /// How often somebody publishes something, over all nodes.
    let publishInterval: VirtualTime

    /// What a seed means.
    init(seed: UInt64, random: inout SimulationRandom) {
        nodeCount = random.pick([2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 5, 5, 6, 7]) ?? 3
        let share = random.pick([60, 150, 300, 450]) ?? 150
        var faults: [Fault] = []
        for fault in Fault.allCases {
            // Being away for minutes costs minutes: a few seeds do it.
            let isOn = random.chance(perMille: fault == .longAbsence ? share / 8 : share)
            if isOn { faults.append(fault) }
        }
        self.faults = faults
        isExact = seed % 100 == 7
        chaos = random.span(.seconds(3), .seconds(8))
        // Poison events are tried for half a minute each, one after the other.
        patience = .seconds(faults.contains(.failingHandlers) ? 240 : 75)
        publishInterval = random.span(.milliseconds(80), .milliseconds(700))
    }

    /// Whether a fault is switched on.
    public func has(_ fault: Fault) -> Bool { faults.contains(fault) }
}
