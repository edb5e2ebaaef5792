// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// At least once: every application's event on disk was handed to subscribers, and each handler
/// that wants it has succeeded or was given up on after it failed.
final class Deliveries: Checker {
    private unowned let simulation: Simulation
    /// What nobody is handed: a log went on behind it.
    private var skipped: [Int: [EpochID: SequenceNumber]] = [:]
    /// Users whom a host's file has ever not listed for publishing.
    private var unlisted: [Int: Set<String>] = [:]

    init(_ simulation: Simulation) { self.simulation = simulation }

    func started(_ process: NodeProcess) { note(process.host.users, on: process.host) }

    func input(_ input: Input, to process: NodeProcess) {
        guard case .authority(.usersChanged(let users)) = input else { return }
        note(users, on: process.host)
    }

    private func note(_ users: [AllowedUser], on host: Host) {
        let listed = users.filter { $0.scopes.isSuperset(of: .publish) }.map(\.identifier)
        let others = Set(simulation.registry.users.map(\.name)).subtracting(listed)
        unlisted[host.number, default: []].formUnion(others)
    }

    func effect(_ effect: Effect, of process: NodeProcess) {
        guard case .jump(let floor) = effect else { return }
        let number = process.host.number
        let known = skipped[number]?[floor.log] ?? 0
        skipped[number, default: [:]][floor.log] = max(known, floor.last)
    }

    /// What is on disk and has not reached an application, on any member.
    func missing() -> String? {
        for host in simulation.members {
            let rules = simulation.configuration(of: host).handlers
            for entry in host.disk.image.stored where isDue(entry.batch, on: host) {
                for (index, event) in entry.batch.events.enumerated() {
                    let id = entry.batch.id(at: index)
                    guard case .application(let said) = event.content,
                        let missing = missing(id, said, entry.batch, rules, on: host)
                    else { continue }
                    return missing
                }
            }
        }
        return nil
    }

    private func isDue(_ batch: VerifiedBatch, on host: Host) -> Bool {
        let log = batch.header.log
        return !simulation.isQuarantined(log) && !host.disk.image.isQuarantined(log)
            && simulation.registry.counts(batch)
    }

    private func missing(
        _ id: EventID, _ event: ApplicationEvent, _ batch: VerifiedBatch,
        _ rules: [ReactionRule], on host: Host
    ) -> String? {
        if id.sequence <= skipped[host.number]?[id.log] ?? 0 { return nil }
        let outcome = host.disk.image.outcome(of: id)
        if case .refused = outcome, mayRefuse(batch, on: host) { return nil }
        guard host.journal.delivered.contains(id) else {
            return "host \(host.number): \(id) was handed to nobody"
        }
        for (number, rule) in rules.enumerated() where rule.matches(event.topic) {
            let run = Journal.Run(id: id, handler: number)
            if host.journal.handled.contains(run) { continue }
            if case .parked = outcome, host.journal.failed.contains(run) { continue }
            return "host \(host.number): handler \(number) has not dealt with \(id)"
        }
        return nil
    }

    /// Whether the host has ever had reason to: its own events it never refuses.
    private func mayRefuse(_ batch: VerifiedBatch, on host: Host) -> Bool {
        guard let user = simulation.registry.grants[batch.header.grant]?.user,
            batch.header.log.origin != host.node
        else { return false }
        return unlisted[host.number]?.contains(user) == true
    }
}

extension LogImage {
    /// What the disk says came of an event, where it is not plainly applied.
    func outcome(of id: EventID) -> ApplyOutcome? {
        tracks[id.log]?.outcomes.last { $0.subject.contains(id) }?.outcome
    }
}
