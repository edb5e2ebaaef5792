// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// A queue from any thread to one actor on a polling executor, with one wake-up per batch.
///
/// This is what hot paths use instead of `await`: 200,000 hand-overs cost a lock each and a few
/// thousand wake-ups, where as many awaits cost ten times the time.
///
/// Law: elements leave in the order they were appended, each exactly once; while any wait, a call
/// of the owner is on its way.
public final class Outbox<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var isCalled = false
        var wake: (@Sendable () -> Void)?
    }

    private let limit: Int
    private let state = Mutex(State())

    /// Makes an empty outbox that nobody drains yet.
    ///
    /// - Parameter limit: Unit: elements. Beyond it ``append(_:)`` refuses; below 1 traps.
    public init(limit: Int) {
        precondition(limit > 0, "an outbox of \(limit)")
        self.limit = limit
    }

    /// Has the owner called on its executor once per batch, to ``drain()``.
    ///
    /// The owner is not kept alive. What was appended before is announced at once.
    public func deliver<Owner: Actor>(
        to owner: Owner, on executor: PollingExecutor,
        onReady: @escaping @Sendable (isolated Owner) -> Void
    ) {
        let call = executor.call(owner, onReady)
        // The loop, not the executor: an outbox must not keep a thread alive.
        let loop = executor.loop
        let wake: @Sendable () -> Void = { loop.submit(.call(call)) }
        let mustWake = state.withLock { state in
            state.wake = wake
            state.isCalled = !state.elements.isEmpty
            return state.isCalled
        }
        if mustWake { wake() }
    }

    /// Appends an element; from any thread.
    ///
    /// - Returns: False if the outbox is at its limit and the element was not taken.
    @discardableResult
    public func append(_ element: Element) -> Bool {
        let (isTaken, wake) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
            guard state.elements.count < limit else { return (false, nil) }
            state.elements.append(element)
            guard !state.isCalled, let wake = state.wake else { return (true, nil) }
            state.isCalled = true
            return (true, wake)
        }
        wake?()
        return isTaken
    }

    /// Takes everything, in order.
    public func drain() -> [Element] {
        state.withLock { state in
            state.isCalled = false
            var taken: [Element] = []
            swap(&taken, &state.elements)
            return taken
        }
    }

    /// How many wait.
    ///
    /// Unit: elements.
    public var count: Int { state.withLock { $0.elements.count } }
}
