// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// I9: no two batches of correct nodes claim one position, whatever was restored or cloned.
final class OneHistory: Checker {
    private unowned let simulation: Simulation

    init(_ simulation: Simulation) { self.simulation = simulation }

    func sealed(_ batch: VerifiedBatch, by process: NodeProcess) {
        guard let (id, known) = simulation.ledger.add(batch) else { return }
        simulation.fail(
            .correctness, "I9",
            "host \(process.host.number) signed \(batch.hash.short) where it is \(known.short) "
                + "at \(id)")
    }
}

/// I8: no old message, however validly signed, takes anything back: the code wanted never changes
/// to what was known and had lost, and a head never goes back in what a process advertises.
final class NoRollback: Checker {
    private unowned let simulation: Simulation
    private var advertised: [InstanceID: [EpochID: SequenceNumber]] = [:]
    private var settled: [Int: (revision: EventID?, image: LogImage)] = [:]
    /// Logs whose second content nobody had seen yet when only old messages were left.
    private var unseenForks: Set<EpochID> = []

    init(_ simulation: Simulation) { self.simulation = simulation }

    func effect(_ effect: Effect, of process: NodeProcess) {
        guard case .broadcastBeacon(let beacon) = effect else { return }
        var known = advertised[process.instance] ?? [:]
        for head in beacon.heads {
            if head.last < known[head.log] ?? 0 {
                simulation.fail(
                    .correctness, "I8",
                    "host \(process.host.number) advertises \(head.log)-\(head.last) after "
                        + "\(known[head.log] ?? 0)")
            }
            known[head.log] = head.last
        }
        advertised[process.instance] = known
    }

    /// What counts from now on; only old messages come.
    func settle() {
        for host in simulation.members {
            let revision = host.process?.core.replicator.status.revision
            settled[host.number] = (revision, host.disk.image)
        }
        unseenForks = simulation.ledger.forkedLogs.filter { !simulation.isQuarantined($0) }
    }

    /// Whether a proposal or an ancestor of it stands in a log whose second content nobody had
    /// seen: an old message may show it, and then the whole log counts no more.
    private func dependsOnUnseenFork(_ id: EventID?) -> Bool {
        var next = id
        while let id = next {
            if unseenForks.contains(id.log) { return true }
            guard case .revision(let proposal) = simulation.ledger.event(id)?.content else { break }
            next = proposal.parent
        }
        return false
    }

    /// Whether a proposal or an ancestor of it is news to a disk: what all restored disks had
    /// lost, an old message may bring back.
    private func bringsBack(_ id: EventID?, to image: LogImage) -> Bool {
        var next = id
        while let id = next {
            if image.last(of: id.log) < id.sequence { return true }
            guard case .revision(let proposal) = simulation.ledger.event(id)?.content else { break }
            next = proposal.parent
        }
        return false
    }

    func finish() {
        for host in simulation.members {
            guard let before = settled[host.number] else { continue }
            let after = host.process?.core.replicator.status.revision
            guard before.revision != after else { continue }
            if bringsBack(after, to: before.image) { continue }
            if dependsOnUnseenFork(before.revision) { continue }
            return simulation.fail(
                .correctness, "I8", "host \(host.number): old messages changed the code wanted")
        }
    }
}

/// I10: a process that has seen two contents under one position says so.
final class ForksFound: Checker {
    private unowned let simulation: Simulation
    /// Contents that a process was given, by log and position.
    private var seen: [InstanceID: [EventID: Set<Digest>]] = [:]
    /// Logs that a host has called forked, in this run or in one before: the disk remembers it.
    private var reported: [Int: Set<EpochID>] = [:]

    init(_ simulation: Simulation) { self.simulation = simulation }

    func sealed(_ batch: VerifiedBatch, by process: NodeProcess) { note(batch, process) }

    /// What a disk remembers was said by the run that wrote it.
    func diskReplaced(on host: Host) {
        let image = host.disk.image
        reported[host.number] = Set(image.logs.filter { image.isQuarantined($0) })
    }

    func input(_ input: Input, to process: NodeProcess) {
        guard case .batchReceived(let batch, from: _) = input else { return }
        note(batch, process)
    }

    private func note(_ batch: VerifiedBatch, _ process: NodeProcess) {
        for index in batch.events.indices {
            seen[process.instance, default: [:]][batch.id(at: index), default: []]
                .insert(batch.hash)
        }
    }

    func effect(_ effect: Effect, of process: NodeProcess) {
        guard case .report(let observation) = effect else { return }
        switch observation {
        case .forkFound(let id, _, _, _): reported[process.host.number, default: []].insert(id.log)
        // The content before is another one, though this one is new.
        case .chainBroken(let range, _):
            reported[process.host.number, default: []].insert(range.log)
        default: return
        }
    }

    func finish() {
        for host in simulation.members {
            guard let process = host.process else { continue }
            let forks = (seen[process.instance] ?? [:]).filter { $0.value.count > 1 }.keys.sorted()
            for id in forks where reported[host.number]?.contains(id.log) != true {
                // What it compares with was never on its disk, or was truncated.
                guard host.disk.image.batch(holding: id) != nil else { continue }
                return simulation.fail(
                    .correctness, "I10",
                    "host \(host.number) saw two contents of \(id) and said nothing")
            }
        }
    }
}
