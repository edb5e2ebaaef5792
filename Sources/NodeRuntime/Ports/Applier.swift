// SPDX-License-Identifier: Apache-2.0

public import ClusterModel

/// Brings this host to the state that an event describes.
///
/// Must be idempotent: after a crash between effect and record it runs again. Never blocks a thread
/// of the cooperative pool. Failures are data, so that they can travel to the origin.
public protocol CacheClearer: Sendable {
    /// Clears what the invalidation names in every configured cache but those that are spared, and
    /// proves it.
    ///
    /// A cache that is down must not cost the healthy ones their contents at every attempt, so a
    /// retry spares what is done already. What is spared is named, rather than what is to be done,
    /// so that a cache which nobody has seen before is always cleared.
    ///
    /// Law: whatever is not spared is cleared, or has a step that says why not. All steps of a
    /// cache have the same target; a cache with any failed step is not done.
    ///
    /// - Parameter spared: Targets, as former steps of this method named them.
    /// - Returns: One step per cache and action, failed ones included; empty where there is none.
    func clear(
        _ invalidation: Invalidation, sparing spared: Set<String>
    ) async -> [StepReceipt]

    /// Begins what `clear` does, and returns at once: the node calls it on the thread that decides.
    ///
    /// Whoever has threads of his own spares the order the way through tasks.
    ///
    /// - Parameters:
    ///   - run: Has something done that needs a task; to be called before this returns.
    ///   - then: Takes the steps, once, on any thread.
    func begin(
        _ invalidation: Invalidation, sparing spared: Set<String>,
        running run: (@escaping @Sendable () async -> Void) -> Void,
        then: @escaping @Sendable ([StepReceipt]) -> Void
    )

    /// Why the caches of this node could never carry an order out; `nil` where some could, or where
    /// that cannot be told beforehand.
    ///
    /// Asks no cache, and never waits.
    func refusal(of invalidation: Invalidation) -> ClearRefusal?
}

extension CacheClearer {
    /// Nothing can be told beforehand.
    public func refusal(of invalidation: Invalidation) -> ClearRefusal? { nil }
}

extension CacheClearer {
    /// Clears in a task.
    public func begin(
        _ invalidation: Invalidation, sparing spared: Set<String>,
        running run: (@escaping @Sendable () async -> Void) -> Void,
        then: @escaping @Sendable ([StepReceipt]) -> Void
    ) {
        run { then(await clear(invalidation, sparing: spared)) }
    }
}

/// Why the caches of a node could never carry an order out.
public enum ClearRefusal: Sendable, Hashable {
    /// None of them knows what the order is about; those of other nodes may.
    case unknown(reason: String)
    /// Something in the order is nothing that a cache could use.
    case unusable(reason: String)
}

/// Runs what the configuration says shall happen on an application event.
public protocol EventReactor: Sendable {
    /// Runs the reaction at an index of the configuration; `nil` where it succeeded, else why not.
    ///
    /// At least once: the same event may come again, with the same ID.
    func react(_ index: Int, to event: ApplicationEvent, payload: [UInt8], id: EventID) async
        -> String?
}

/// Both clocks of the host.
public protocol HostClock: Sendable {
    /// Reads both.
    func now() -> Moment
}
