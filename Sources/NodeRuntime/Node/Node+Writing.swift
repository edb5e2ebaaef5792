// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
internal import ClusterModel
internal import Logging

extension Node {
    /// Writes what the core need not wait for; a failure is counted and logged, and what it lost is
    /// found again at the next start.
    func write(_ operations: [LogOperation]) {
        writes.add(operations, completion: countingFailure)
    }

    /// Submits what the effects of an input want written.
    ///
    /// After them, not between: a batch is on its way to the peers before the writer's thread is
    /// woken, which would take the processor from the one that sends.
    func submitWrites() {
        for write in writes.takeDue() {
            ports.log.submit(write.operations, completion: write.completion)
        }
    }

    /// Submits what was held back.
    func submitHeldWrites() {
        let operations = writes.takeHeld()
        if !operations.isEmpty { ports.log.submit(operations, completion: countingFailure) }
    }

    private var countingFailure: @Sendable (EventLogError?) -> Void {
        { [counters, logger] error in
            guard let error else { return }
            counters.count("log.write-failed")
            logger.error("\(error)")
        }
    }
}

/// What is to be written, in the order of the effects.
///
/// How far logs are applied is held back for a moment, to ride in the next transaction instead of
/// one of its own an event. Law: the order stays; what a crash takes is applied once more, as the
/// rule "at least once" has it.
struct PendingWrites {
    /// Operations which belong together, and whom to tell.
    struct Write {
        let operations: [LogOperation]
        let completion: @Sendable (EventLogError?) -> Void
    }

    /// How long something may be held back.
    private static let patience: Duration = .milliseconds(50)

    private var due: [Write] = []
    private var held: [LogOperation] = []
    /// When what is held back must go; `nil` where nothing is.
    private(set) var deadline: Instant?

    /// Adds what must be written at once; what was held back goes before it.
    mutating func add(
        _ operations: [LogOperation], completion: @escaping @Sendable (EventLogError?) -> Void
    ) {
        due.append(Write(operations: takeHeld() + operations, completion: completion))
    }

    /// Adds what can wait a moment.
    mutating func hold(_ operation: LogOperation, now: Instant) {
        held.append(operation)
        if deadline == nil { deadline = now + PendingWrites.patience }
    }

    /// Takes what must be written at once.
    mutating func takeDue() -> [Write] {
        defer { due = [] }
        return due
    }

    /// Takes what was held back.
    mutating func takeHeld() -> [LogOperation] {
        deadline = nil
        defer { held = [] }
        return held
    }
}
