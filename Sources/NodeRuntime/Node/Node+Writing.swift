// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
internal import ClusterModel
internal import Logging

extension Node {
    /// Writes what the core need not wait for; a failure is counted and logged, and what it lost is
    /// found again at the next start.
    func write(_ operations: [LogOperation]) {
        writes.add(operations, isAwaited: false, completion: countingFailure)
    }

    /// Submits what the effects of an input want written.
    ///
    /// After them, not between: a batch is on its way to the peers before the writer's thread is
    /// woken, which would take the processor from the one that sends.
    func submitWrites() { submit(writes.takeDue()) }

    /// Submits everything, what is held back too.
    func submitAllWrites() {
        submit(writes.takeDue(evenUnawaited: true))
        let operations = writes.takeHeld()
        if !operations.isEmpty { ports.log.submit(operations, completion: countingFailure) }
    }

    private func submit(_ due: [PendingWrites.Write]) {
        for write in due { ports.log.submit(write.operations, completion: write.completion) }
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
/// one of its own an event. And what nobody waits for lets a clear go first that has just begun:
/// on a small host both want the same processors. Law: the order stays; what a crash takes is
/// pulled or applied once more, as the rule "at least once" has it.
struct PendingWrites {
    /// Operations which belong together, and whom to tell.
    struct Write {
        let operations: [LogOperation]
        let completion: @Sendable (EventLogError?) -> Void
    }

    /// How long something may be held back.
    static let patience: Duration = .milliseconds(50)
    /// How long what nobody waits for lets a clear go first.
    static let courtesy: Duration = .milliseconds(2)

    private var due: [Write] = []
    private var isAwaited = false
    private var held: [LogOperation] = []
    private var heldUntil: Instant?
    private var yieldsUntil: Instant?

    /// When everything must go; `nil` where nothing is kept waiting.
    var deadline: Instant? { [heldUntil, yieldsUntil].compactMap(\.self).min() }

    /// Adds what must be written; what was held back goes before it.
    ///
    /// - Parameter isAwaited: Whether somebody waits for it to be durable.
    mutating func add(
        _ operations: [LogOperation], isAwaited: Bool,
        completion: @escaping @Sendable (EventLogError?) -> Void
    ) {
        due.append(Write(operations: takeHeld() + operations, completion: completion))
        self.isAwaited = self.isAwaited || isAwaited
    }

    /// Adds what can wait a moment.
    mutating func hold(_ operation: LogOperation, now: Instant) {
        held.append(operation)
        if heldUntil == nil { heldUntil = now + PendingWrites.patience }
    }

    /// A clear has begun.
    mutating func yield(now: Instant) {
        if yieldsUntil == nil { yieldsUntil = now + PendingWrites.courtesy }
    }

    /// Takes what must be written now.
    ///
    /// - Parameter evenUnawaited: Whether it goes before a clear too, as its time is over.
    mutating func takeDue(evenUnawaited: Bool = false) -> [Write] {
        if evenUnawaited { yieldsUntil = nil }
        guard isAwaited || yieldsUntil == nil else { return [] }
        isAwaited = false
        defer { due = [] }
        return due
    }

    /// Takes what was held back.
    mutating func takeHeld() -> [LogOperation] {
        heldUntil = nil
        defer { held = [] }
        return held
    }
}
