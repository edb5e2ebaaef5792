// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// I2: every event in any log was signed by a member; nothing takes effect in the name of a user
/// whom the node does not list with the scope, under a grant without it, or of a node whose
/// membership was ended before, as far as the process was told of that.
final class NoPhantoms: Checker {
    private unowned let simulation: Simulation

    private var handedOut: [InstanceID: Set<EventID>] = [:]
    /// Names in orders to clear that a process was ever allowed to take.
    private var ordered: [InstanceID: Set<String>] = [:]
    /// Orders that a process knows.
    private var orders: [InstanceID: [EventID: (order: Invalidation, batch: VerifiedBatch)]] = [:]

    init(_ simulation: Simulation) { self.simulation = simulation }

    func started(_ process: NodeProcess) {
        for entry in process.host.disk.image.stored { note(entry.batch, process) }
        noteAllowed(process)
    }

    func ended(_ process: NodeProcess) {
        handedOut[process.instance] = nil
        ordered[process.instance] = nil
        orders[process.instance] = nil
    }

    func input(_ input: Input, to process: NodeProcess) {
        if case .batchReceived(let batch, from: _) = input { note(batch, process) }
        if case .sealed(let batch) = input { note(batch, process) }
    }

    private func note(_ batch: VerifiedBatch, _ process: NodeProcess) {
        for (index, event) in batch.events.enumerated() {
            guard case .invalidation(let order) = event.content else { continue }
            orders[process.instance, default: [:]][batch.id(at: index)] = (order, batch)
            noteAllowed(order, batch, process)
        }
    }

    /// The users file is another now; what was allowed before may be under way.
    private func noteAllowed(_ process: NodeProcess) {
        for (order, batch) in (orders[process.instance] ?? [:]).values {
            noteAllowed(order, batch, process)
        }
    }

    private func noteAllowed(
        _ order: Invalidation, _ batch: VerifiedBatch, _ process: NodeProcess
    ) {
        guard objection(to: batch, .invalidate, process) == nil else { return }
        ordered[process.instance, default: []].formUnion(order.everyName)
    }

    func committed(on host: Host, before: LogImage) {
        let image = host.disk.image
        for log in image.advanced(since: before) {
            let old = before.last(of: log)
            for entry in (image.tracks[log]?.batches ?? []).reversed() {
                guard entry.batch.header.last > old else { break }
                guard !isSigned(entry.batch) else { continue }
                return simulation.fail(
                    .correctness, "I2",
                    "host \(host.number) stored \(entry.batch.line), which nobody signed")
            }
        }
    }

    func effect(_ effect: Effect, of process: NodeProcess) {
        switch effect {
        case .deliver(let batch, let indices):
            for index in indices {
                check(batch, .publish, batch.id(at: index), process)
                handedOut[process.instance, default: []].insert(batch.id(at: index))
            }
        case .apply(let task): check(task, process)
        case .authority: noteAllowed(process)
        default: return
        }
    }

    private func isSigned(_ batch: VerifiedBatch) -> Bool {
        simulation.ledger.sealed[batch.hash] != nil || simulation.ledger.hostile[batch.hash] != nil
    }

    private func check(_ task: ApplyTask, _ process: NodeProcess) {
        switch task.work {
        case .handle(_, let id, _):
            // What was begun while its user was listed is brought to its end.
            guard handedOut[process.instance]?.contains(id) != true,
                let batch = simulation.ledger.batch(holding: id)
            else { return }
            check(batch, .publish, id, process)
        case .clear(let order, sparing: _):
            noteAllowed(process)
            let names = order.everyName.subtracting(ordered[process.instance] ?? [])
            guard let stray = names.min() else { return }
            fail("\(stray) is cleared, and no listed user ordered it", process)
        }
    }

    private func check(
        _ batch: VerifiedBatch, _ scope: Scopes, _ id: EventID, _ process: NodeProcess
    ) {
        guard let objection = objection(to: batch, scope, process) else { return }
        fail("\(id) takes effect, and \(objection)", process)
    }

    /// Why nothing of a batch may take effect on a host, by what its process was told.
    private func objection(
        to batch: VerifiedBatch, _ scope: Scopes, _ process: NodeProcess
    ) -> String? {
        let header = batch.header
        guard let standing = simulation.registry.grants[header.grant] else {
            return "its grant is unknown"
        }
        guard standing.node == header.log.origin else { return "its grant is another node's" }
        guard standing.scopes.isSuperset(of: scope) else { return "its grant lacks \(scope)" }
        let endings = simulation.membership.endings(of: header.log.origin, toldTo: process)
        let isPast = endings.allSatisfy { covers in
            covers.contains { $0.log == header.log && header.last <= $0.last }
        }
        guard isPast else { return "its node was removed before" }
        // The users file gates what comes from elsewhere.
        guard header.log.origin == process.host.node || process.host.allows(standing.user, scope)
        else { return "\(standing.user) is not listed with \(scope)" }
        return nil
    }

    private func fail(_ text: String, _ process: NodeProcess) {
        simulation.fail(.correctness, "I2", "host \(process.host.number): \(text)")
    }
}

extension Invalidation {
    /// What it names one by one; whole caches are cleared for many reasons.
    fileprivate var everyName: Set<String> {
        Set(paths).union(keys).union(keyPrefixes).union(tags).union(urls)
    }
}

extension Ledger {
    /// The batch of a correct node that holds an event.
    func batch(holding id: EventID) -> VerifiedBatch? {
        positions[id].flatMap { sealed[$0] }
    }
}
