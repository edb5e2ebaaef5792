// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// Watches a run from outside and says what must never be, or must be at last.
///
/// Knows sets and maps, and nothing of how the core does it. Each states one invariant once.
protocol Checker: AnyObject {
    /// A process began; its core has not been fed yet.
    func started(_ process: NodeProcess)
    /// A process ended.
    func ended(_ process: NodeProcess)
    /// Something is about to be fed to a core.
    func input(_ input: Input, to process: NodeProcess)
    /// A core asked for something; it has not been done yet.
    func effect(_ effect: Effect, of process: NodeProcess)
    /// Something is about to be fed to a roster.
    func rosterInput(_ input: RosterInput, to process: NodeProcess)
    /// A roster asked for something; it has not been done yet.
    func rosterEffect(_ effect: RosterEffect, of process: NodeProcess)
    /// A roster has been fed, and what it asked for is under way.
    func rosterSettled(_ process: NodeProcess)
    /// A correct node signed a batch.
    func sealed(_ batch: VerifiedBatch, by process: NodeProcess)
    /// A task was done.
    func performed(
        _ task: ApplyTask, outcome: ApplyOutcome, steps: [StepReceipt], began: VirtualTime,
        by process: NodeProcess)
    /// A group of changes is on disk.
    func committed(on host: Host, before: LogImage)
    /// A disk was lost, or put back to an earlier state.
    func diskReplaced(on host: Host)
    /// The run is over and the cluster has agreed.
    func finish()
}

extension Checker {
    func started(_ process: NodeProcess) {}
    func ended(_ process: NodeProcess) {}
    func input(_ input: Input, to process: NodeProcess) {}
    func effect(_ effect: Effect, of process: NodeProcess) {}
    func rosterInput(_ input: RosterInput, to process: NodeProcess) {}
    func rosterEffect(_ effect: RosterEffect, of process: NodeProcess) {}
    func rosterSettled(_ process: NodeProcess) {}
    func sealed(_ batch: VerifiedBatch, by process: NodeProcess) {}
    func performed(
        _ task: ApplyTask, outcome: ApplyOutcome, steps: [StepReceipt], began: VirtualTime,
        by process: NodeProcess
    ) {}
    func committed(on host: Host, before: LogImage) {}
    func diskReplaced(on host: Host) {}
    func finish() {}
}

/// All of them.
func makeCheckers(for simulation: Simulation) -> [any Checker] {
    [
        DurableAcknowledgement(simulation), NoPhantoms(simulation), Effects(simulation),
        GaplessLogs(simulation), Deliveries(simulation), ReadyAndClear(simulation),
        PromptHeads(simulation),
        NoRollback(simulation),
        OneHistory(simulation), ForksFound(simulation), NoLostUpdate(simulation),
        MonotonicStamps(simulation), BoundedQueues(simulation), simulation.membership,
    ]
}
