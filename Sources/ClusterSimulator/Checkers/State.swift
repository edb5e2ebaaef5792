// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// I12: of concurrent proposals of the code one wins, the
/// same on every node, by (generation, stamp, node); no other one is current anywhere.
final class NoLostUpdate: Checker {
    private unowned let simulation: Simulation

    init(_ simulation: Simulation) { self.simulation = simulation }

    func finish() {
        guard let first = simulation.members.first,
            let status = first.process?.core.replicator.status
        else { return }
        let winner = winner(on: first)
        guard winner != status.revision else { return }
        simulation.fail(
            .correctness, "I12",
            "host \(first.number) wants \(status.revision.map { "\($0)" } ?? "none"), and "
                + "\(winner.map { "\($0)" } ?? "none") should have won")
    }

    /// The highest proposal on a host's disk whose parents are there too.
    private func winner(on host: Host) -> EventID? {
        var proposals: [EventID: (event: Event, proposal: RevisionProposal)] = [:]
        for entry in host.disk.image.stored {
            guard let grant = simulation.registry.grants[entry.batch.header.grant],
                host.allows(grant.user, .update),
                simulation.registry.counts(entry.batch),
                !host.disk.image.isQuarantined(entry.batch.header.log)
            else { continue }
            // What was signed, not what a core was told of it.
            let signed = simulation.ledger.sealed[entry.batch.hash] ?? entry.batch
            for (index, event) in signed.events.enumerated() {
                let id = entry.batch.id(at: index)
                guard case .revision(let proposal) = event.content,
                    !simulation.voided.contains(id)
                else { continue }
                proposals[id] = (event, proposal)
            }
        }
        func isKnown(_ id: EventID?) -> Bool {
            guard let id else { return true }
            guard let found = proposals[id] else { return false }
            return isKnown(found.proposal.parent)
        }
        return proposals.filter { isKnown($0.value.proposal.parent) }
            .max { left, right in
                let (one, other) = (left.value, right.value)
                return (one.proposal.generation, one.event.timestamp, left.key.log.origin)
                    < (other.proposal.generation, other.event.timestamp, right.key.log.origin)
            }?.key
    }
}

/// I15: however clocks jump, the stamps of one node rise, also over a restart.
final class MonotonicStamps: Checker {
    private unowned let simulation: Simulation
    private var last: [Int: (stamp: HybridTimestamp, losses: Int)] = [:]

    init(_ simulation: Simulation) { self.simulation = simulation }

    func sealed(_ batch: VerifiedBatch, by process: NodeProcess) {
        let host = process.host
        var previous = HybridTimestamp.zero
        // What a restored disk has forgotten cannot be continued.
        if let known = last[host.number], known.losses == host.disk.losses {
            previous = known.stamp
        }
        for (index, event) in batch.events.enumerated() {
            guard event.timestamp > previous else {
                return simulation.fail(
                    .correctness, "I15",
                    "host \(host.number): \(batch.id(at: index)) has the stamp "
                        + "\(event.timestamp) after \(previous)")
            }
            previous = event.timestamp
        }
        // What was never durable may be forgotten; it was seen by others, though, only as a tail.
        last[host.number] = (previous, host.disk.losses)
    }

    func started(_ process: NodeProcess) {
        let host = process.host
        guard let known = last[host.number] else { return }
        let newest = host.disk.image.newestTimestamp
        if newest < known.stamp { last[host.number] = (newest, host.disk.losses) }
    }
}

/// Bounded queues: nothing that a core asks for grows without end.
final class BoundedQueues: Checker {
    private unowned let simulation: Simulation
    private var handlers: [InstanceID: Int] = [:]
    private var clears: [InstanceID: Int] = [:]

    init(_ simulation: Simulation) { self.simulation = simulation }

    func effect(_ effect: Effect, of process: NodeProcess) {
        guard case .apply(let task) = effect else { return }
        switch task.work {
        case .handle: handlers[process.instance, default: 0] += 1
        case .clear: clears[process.instance, default: 0] += 1
        }
        if handlers[process.instance] ?? 0 > Limits.handlerRuns {
            fail("\(handlers[process.instance] ?? 0) handlers run at once", process)
        }
        if clears[process.instance] ?? 0 > 1 { fail("two clears run at once", process) }
    }

    func performed(
        _ task: ApplyTask, outcome: ApplyOutcome, steps: [StepReceipt], began: VirtualTime,
        by process: NodeProcess
    ) {
        switch task.work {
        case .handle: handlers[process.instance, default: 0] -= 1
        case .clear: clears[process.instance, default: 0] -= 1
        }
    }

    func input(_ input: Input, to process: NodeProcess) {
        guard simulation.schedule.count > 200_000 else { return }
        fail("200,000 things wait to happen", process)
    }

    private func fail(_ text: String, _ process: NodeProcess) {
        simulation.fail(.correctness, "bounded queues", "host \(process.host.number): \(text)")
    }
}
