// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// The production roster, which is told that there are no members after each new list.
struct ForgetMembers: SimulatedRoster {
    private(set) var roster: Roster

    init(roster: Roster) { self.roster = roster }

    mutating func handle(_ input: RosterInput, at now: Instant) -> [RosterEffect] {
        let effects = roster.handle(input, at: now)
        guard case .listed = input else { return effects }
        return effects + roster.handle(.members([]), at: now)
    }
}

struct CountListed: Breakage {
    private let node: NodeID
    private let instance: InstanceID
    private unowned let simulation: Simulation
    /// Own positions that are being written.
    private var written: [AppendTicket: EventRange] = [:]

    init(_ recovered: RecoveredState, _ simulation: Simulation) {
        node = recovered.node
        instance = recovered.instance
        self.simulation = simulation
    }

    mutating func rewrite(
        _ effect: Effect, at moment: Moment
    ) -> (effects: [Effect], told: [Input]) {
        if case .append(let entries, let ticket) = effect, let header = entries.last?.batch.header,
            header.log.origin == node
        {
            written[ticket] = header.range
        }
        return ([effect], [])
    }

    /// Whoever is not listed counts as if it held what this node has written.
    mutating func rewrite(_ input: Input) -> [Input] {
        guard case .appended(let ticket) = input, let range = written.removeValue(forKey: ticket)
        else { return [input] }
        let own = simulation.hosts.compactMap(\.process).first { $0.instance == instance }
        let word = Acknowledgement(log: range.log, durable: range.last, applied: 0)
        let unlisted = own?.roster.roster.unlisted ?? []
        return [input] + unlisted.map { .acknowledged(word, from: $0.node) }
    }
}
