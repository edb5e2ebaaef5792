// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// I4: an event has its effect once.
///
/// It is handed out once in a process, and no handler runs again for what the disk says is
/// applied. An invalidation is done at least once, by a clear that began
/// after it came.
final class Effects: Checker {
    private struct Key: Hashable {
        let host: Int
        let id: EventID
    }

    private struct Run: Hashable {
        let key: Key
        let handler: Int
    }

    private struct Clear {
        let began: VirtualTime
        let order: Invalidation
        let cache: String
    }

    private unowned let simulation: Simulation
    private var delivered: [InstanceID: Set<EventID>] = [:]
    /// Handler runs that succeeded, and are known to the core of that process.
    private var succeeded: [InstanceID: Set<Run>] = [:]
    /// When an invalidation came to a host for the first time.
    private var received: [Key: VirtualTime] = [:]
    private var clears: [Int: [Clear]] = [:]

    init(_ simulation: Simulation) { self.simulation = simulation }

    func input(_ input: Input, to process: NodeProcess) {
        let batch: VerifiedBatch
        switch input {
        case .batchReceived(let came, from: _): batch = came
        case .sealed(let own): batch = own
        default: return
        }
        for (index, event) in batch.events.enumerated() {
            guard case .invalidation = event.content else { continue }
            let key = Key(host: process.host.number, id: batch.id(at: index))
            if received[key] == nil { received[key] = simulation.now }
        }
    }

    func effect(_ effect: Effect, of process: NodeProcess) {
        switch effect {
        case .deliver(let batch, let indices):
            for index in indices {
                let id = batch.id(at: index)
                if !delivered[process.instance, default: []].insert(id).inserted {
                    fail("\(id) is handed out twice", process)
                }
            }
        case .apply(let task):
            guard case .handle(let handler, let id, _) = task.work else { return }
            let run = Run(key: Key(host: process.host.number, id: id), handler: handler)
            if succeeded[process.instance]?.contains(run) == true {
                fail("handler \(handler) runs again for \(id)", process)
            } else if process.host.disk.image.isApplied(id) {
                fail("handler \(handler) runs for \(id), which the disk says is applied", process)
            }
        default: return
        }
    }

    func performed(
        _ task: ApplyTask, outcome: ApplyOutcome, steps: [StepReceipt], began: VirtualTime,
        by process: NodeProcess
    ) {
        switch task.work {
        case .clear(let order, sparing: _):
            for step in steps where step.failure == nil {
                clears[process.host.number, default: []].append(
                    Clear(began: began, order: order, cache: step.target))
            }
        case .handle(let handler, let id, _):
            guard outcome == .applied else { return }
            let run = Run(key: Key(host: process.host.number, id: id), handler: handler)
            succeeded[process.instance, default: []].insert(run)
        }
    }

    /// An invalidation that no clear has followed yet, on any host that allows it.
    func undone() -> String? {
        for host in simulation.members {
            for entry in host.disk.image.stored where isAllowed(entry.batch, on: host) {
                for (index, event) in entry.batch.events.enumerated() {
                    let id = entry.batch.id(at: index)
                    guard case .invalidation(let order) = event.content,
                        !isDone(id, order, on: host)
                    else { continue }
                    return "host \(host.number): no clear for \(id) began after it came"
                }
            }
        }
        return nil
    }

    private func isAllowed(_ batch: VerifiedBatch, on host: Host) -> Bool {
        guard !simulation.isQuarantined(batch.header.log),
            let grant = simulation.registry.grants[batch.header.grant],
            simulation.registry.counts(batch)
        else { return false }
        return host.allows(grant.user, .invalidate)
    }

    private func isDone(_ id: EventID, _ order: Invalidation, on host: Host) -> Bool {
        guard let came = received[Key(host: host.number, id: id)] else { return true }
        let good = clears[host.number, default: []].filter {
            $0.began >= came && $0.order.covers(order)
        }
        return Host.caches.allSatisfy { cache in good.contains { $0.cache == cache } }
    }

    private func fail(_ text: String, _ process: NodeProcess) {
        simulation.fail(.correctness, "I4", "host \(process.host.number): \(text)")
    }
}

extension LogImage {
    /// Whether the disk says that an event is plainly applied.
    func isApplied(_ id: EventID) -> Bool {
        guard let track = tracks[id.log], track.applied >= id.sequence else { return false }
        return !track.outcomes.contains { $0.subject.contains(id) }
    }
}

extension Invalidation {
    /// Whether this order clears at least what another one names.
    fileprivate func covers(_ other: Invalidation) -> Bool {
        if everything { return true }
        guard !other.everything else { return false }
        let paths = opcodeCache || Set(self.paths).isSuperset(of: other.paths)
        let keys = userCache || Set(self.keys).isSuperset(of: other.keys)
        let prefixes = userCache || Set(keyPrefixes).isSuperset(of: other.keyPrefixes)
        return (opcodeCache || !other.opcodeCache) && (userCache || !other.userCache) && paths
            && keys && prefixes && Set(tags).isSuperset(of: other.tags)
            && Set(urls).isSuperset(of: other.urls)
    }
}
