// SPDX-License-Identifier: Apache-2.0

internal import ClusterModel
internal import Synchronization

/// A question that takes a while, asked by many: they share one reading.
///
/// Law: however many ask, one reading is under way at the most. Who asks meanwhile gets its answer,
/// and so does who asks within `freshness` of it; nobody waits longer than he said.
final class SharedReading<Value: Sendable>: Sendable {
    private struct State {
        var latest: (value: Value, at: Instant)?
        var waiters: [UInt64: CheckedContinuation<Value?, Never>] = [:]
        var nextWaiter: UInt64 = 1
        var hasEnded = false
    }

    private let read: @Sendable () async -> Value
    private let clock: any HostClock
    private let freshness: Duration
    private let state = Mutex(State())
    private let wishes: AsyncStream<Void>
    private let wish: AsyncStream<Void>.Continuation

    /// A question that nobody has asked yet.
    init(
        clock: any HostClock, freshness: Duration, read: @escaping @Sendable () async -> Value
    ) {
        self.clock = clock
        self.freshness = freshness
        self.read = read
        (wishes, wish) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Reads whenever somebody asks, until the task is cancelled.
    func run() async {
        for await _ in wishes where state.withLock({ !$0.waiters.isEmpty }) {
            let value = await read()
            answer(value)
        }
        let left = state.withLock { state in
            state.hasEnded = true
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in left.values { waiter.resume(returning: nil) }
    }

    private func answer(_ value: Value) {
        let now = clock.now().instant
        let waiters = state.withLock { state in
            state.latest = (value, now)
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume(returning: value) }
    }

    /// The answer; `nil` where it takes longer than that, or nobody reads any more.
    func value(within patience: Duration) async -> Value? {
        let now = clock.now().instant
        let recent = state.withLock { state in
            state.latest.flatMap { now.since($0.at) < freshness ? $0.value : nil }
        }
        if let recent { return recent }
        return await withTaskGroup(of: Value?.self) { group in
            group.addTask { await self.next() }
            group.addTask {
                do {
                    try await Task.sleep(for: patience)
                } catch {
                    // The answer was first.
                }
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    private func next() async -> Value? {
        let number = state.withLock { state in
            defer { state.nextWaiter += 1 }
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWaiting = state.withLock { state in
                    guard !state.hasEnded, !Task.isCancelled else { return false }
                    state.waiters[number] = continuation
                    return true
                }
                if isWaiting { wish.yield() } else { continuation.resume(returning: nil) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.resume(returning: nil)
        }
    }
}
