// SPDX-License-Identifier: Apache-2.0

public import ClusterModel

/// A cache that is cleared on threads of its own, so that no task stands between an order and its
/// first byte.
public protocol ThreadedCacheTarget: CacheTarget {
    /// Begins what `clear` does, and returns at once.
    ///
    /// - Parameter then: Takes the steps, once, on any thread.
    func begin(
        _ order: Invalidation, sparing spared: Set<String>,
        then: @escaping @Sendable ([StepReceipt]) -> Void
    )
}

extension ThreadedCacheTarget {
    /// Clears, and waits for that.
    public func clear(
        _ order: Invalidation, sparing spared: Set<String>
    ) async -> [StepReceipt] {
        await withCheckedContinuation { continuation in
            begin(order, sparing: spared) { continuation.resume(returning: $0) }
        }
    }
}

extension CacheSet {
    /// Begins what `clear` does, and returns at once.
    ///
    /// - Parameters:
    ///   - run: Has something done that needs a task; called before this returns.
    ///   - then: Takes the steps, once, on any thread.
    public func begin(
        _ order: Invalidation, sparing spared: Set<String>,
        running run: (@escaping @Sendable () async -> Void) -> Void,
        then: @escaping @Sendable ([StepReceipt]) -> Void
    ) {
        let unknown = unknown(order)
        guard !targets.isEmpty else { return then(unknown) }
        let gathering = Gathering<[StepReceipt]>(targets.count) {
            then($0.flatMap(\.self) + unknown)
        }
        for (index, target) in targets.enumerated() {
            if let threaded = target as? any ThreadedCacheTarget {
                threaded.begin(order, sparing: spared) { gathering.put($0, at: index) }
            } else {
                run { gathering.put(await target.clear(order, sparing: spared), at: index) }
            }
        }
    }
}
