// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// I2: every event in any log was signed by a member; nothing takes effect in the name of a user
/// whom the node does not list, or of a node whose grant was ended.
final class NoPhantoms: Checker {
    private unowned let simulation: Simulation

    private var handedOut: [InstanceID: Set<EventID>] = [:]

    init(_ simulation: Simulation) { self.simulation = simulation }

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
                check(batch.header.grant, .publish, batch.id(at: index), process)
                handedOut[process.instance, default: []].insert(batch.id(at: index))
            }
        case .apply(let task):
            // What was begun while its user was listed is brought to its end.
            guard case .handle(_, let id, _) = task.work,
                handedOut[process.instance]?.contains(id) != true,
                let batch = simulation.ledger.batch(holding: id)
            else { return }
            check(batch.header.grant, .publish, id, process)
        default: return
        }
    }

    private func isSigned(_ batch: VerifiedBatch) -> Bool {
        simulation.ledger.sealed[batch.hash] != nil || simulation.ledger.hostile[batch.hash] != nil
    }

    private func check(
        _ grant: Digest, _ scope: Scopes, _ id: EventID, _ process: NodeProcess
    ) {
        guard let standing = simulation.registry.grants[grant] else {
            return fail("\(id) takes effect under an unknown grant", process)
        }
        guard standing.node == id.log.origin else {
            return fail("\(id) takes effect under another node's grant", process)
        }
        // The users file gates what comes from elsewhere.
        guard id.log.origin == process.host.node || process.host.allows(standing.user, scope) else {
            return fail("\(id) takes effect and \(standing.user) is not listed", process)
        }
    }

    private func fail(_ text: String, _ process: NodeProcess) {
        simulation.fail(.correctness, "I2", "host \(process.host.number): \(text)")
    }
}

extension Ledger {
    /// The batch of a correct node that holds an event.
    func batch(holding id: EventID) -> VerifiedBatch? {
        positions[id].flatMap { sealed[$0] }
    }
}
