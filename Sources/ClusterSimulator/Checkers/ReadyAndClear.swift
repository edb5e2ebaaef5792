// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// No node says that it is ready while it owes its caches a full clear: each of them must have been
/// cleared of everything since, by a clear that succeeded and began after it was owed.
final class ReadyAndClear: Checker {
    private struct Debt {
        let since: VirtualTime
        var cleared: Set<String> = []
    }

    private unowned let simulation: Simulation
    private var debts: [InstanceID: Debt] = [:]

    init(_ simulation: Simulation) { self.simulation = simulation }

    func started(_ process: NodeProcess) {
        if process.host.disk.image.clears.owesFull {
            debts[process.instance] = Debt(since: simulation.now)
        }
    }

    func ended(_ process: NodeProcess) { debts[process.instance] = nil }

    func effect(_ effect: Effect, of process: NodeProcess) {
        switch effect {
        // What a user ordered before he was listed is an order like any other.
        case .report(.fullClearOwed(let reason)) where reason != .userListed:
            debts[process.instance] = Debt(since: simulation.now)
        case .readiness(let told) where told.isReady: check(process)
        default: return
        }
    }

    func input(_ input: Input, to process: NodeProcess) {
        if process.isReady { check(process) }
    }

    func performed(
        _ task: ApplyTask, outcome: ApplyOutcome, steps: [StepReceipt], began: VirtualTime,
        by process: NodeProcess
    ) {
        guard case .clear(let order, sparing: _) = task.work, order.everything,
            var debt = debts[process.instance], began >= debt.since
        else { return }
        debt.cleared.formUnion(steps.filter { $0.failure == nil }.map(\.target))
        let isPaid = debt.cleared.isSuperset(of: Host.caches)
        debts[process.instance] = isPaid ? nil : debt
    }

    private func check(_ process: NodeProcess) {
        guard let debt = debts[process.instance] else { return }
        simulation.fail(
            .correctness, "ready",
            "host \(process.host.number) is ready, and owes a clear since \(debt.since.text)")
    }
}
