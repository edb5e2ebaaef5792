// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// What callbacks on other threads reported, and a way to wait for it without sleeping.
///
/// A test which waits for what never comes is ended by its time limit, which cancels the wait.
final class Journal<Element: Sendable>: Sendable {
    private struct Waiter {
        let number: Int
        let isSatisfied: @Sendable ([Element]) -> Bool
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var elements: [Element] = []
        var waiters: [Waiter] = []
        var nextNumber = 0
    }

    private let state = Mutex(State())

    func append(_ element: Element) {
        let satisfied = state.withLock { state -> [Waiter] in
            state.elements.append(element)
            let elements = state.elements
            let satisfied = state.waiters.filter { $0.isSatisfied(elements) }
            state.waiters.removeAll { waiter in satisfied.contains { $0.number == waiter.number } }
            return satisfied
        }
        for waiter in satisfied { waiter.continuation.resume() }
    }

    var elements: [Element] { state.withLock { $0.elements } }

    /// Waits until the elements satisfy the predicate; returns them, also when cancelled.
    @discardableResult
    func wait(until isSatisfied: @escaping @Sendable ([Element]) -> Bool) async -> [Element] {
        let number = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    if isSatisfied(state.elements) || Task.isCancelled { return true }
                    state.waiters.append(
                        Waiter(
                            number: number, isSatisfied: isSatisfied, continuation: continuation))
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                defer { state.waiters.removeAll { $0.number == number } }
                return state.waiters.first { $0.number == number }
            }
            waiter?.continuation.resume()
        }
        return elements
    }

    @discardableResult
    func wait(forCount count: Int) async -> [Element] {
        await wait { $0.count >= count }
    }
}
