// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What other threads have for the node, taken in one go on its executor.
///
/// Law: the order of one sender is kept; a wake-up is due only for the first of a batch.
final class Mailbox<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    /// Adds an element; returns whether the owner must be woken.
    func add(_ element: Element) -> Bool {
        elements.withLock { elements in
            elements.append(element)
            return elements.count == 1
        }
    }

    /// Takes everything, in order.
    func takeAll() -> [Element] {
        elements.withLock { elements in
            defer { elements = [] }
            return elements
        }
    }
}
