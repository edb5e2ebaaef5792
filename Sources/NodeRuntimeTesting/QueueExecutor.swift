// SPDX-License-Identifier: Apache-2.0
internal import Dispatch

/// A serial executor on a queue of its own, as a polling thread is one.
public final class QueueExecutor: SerialExecutor {
    private let queue: DispatchQueue
    private let key = DispatchSpecificKey<Bool>()

    /// An executor that runs nothing yet.
    public init(label: String) {
        queue = DispatchQueue(label: label)
        queue.setSpecific(key: key, value: true)
    }

    /// Submits a job of the Swift runtime.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    /// Runs a call in order with the jobs.
    public func perform(_ body: @escaping @Sendable () -> Void) { queue.async(execute: body) }

    /// Runs a call at a time.
    func perform(after delay: Duration, _ body: @escaping @Sendable () -> Void) {
        let nanoseconds =
            Int(clamping: delay.components.seconds) * 1_000_000_000
            + Int(delay.components.attoseconds / 1_000_000_000)
        queue.asyncAfter(deadline: .now() + .nanoseconds(nanoseconds), execute: body)
    }

    /// Whether the caller runs on it.
    public var isCurrent: Bool { DispatchQueue.getSpecific(key: key) == true }

    /// Traps elsewhere.
    public func checkIsolated() { precondition(isCurrent, "not on the executor") }

    /// Answers the runtime's question.
    public func isIsolatingCurrentContext() -> Bool? { isCurrent }
}
