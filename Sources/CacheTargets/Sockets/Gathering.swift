// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What several threads find, handed on in order by the one that finds the last.
///
/// Law: each place is filled once, and what follows is called once, when all are.
final class Gathering<Value: Sendable>: Sendable {
    private let places: Mutex<(values: [Value?], left: Int)>
    private let then: @Sendable ([Value]) -> Void

    /// Waits for so many values, at least one.
    init(_ count: Int, then: @escaping @Sendable ([Value]) -> Void) {
        places = Mutex((Array(repeating: nil, count: count), count))
        self.then = then
    }

    /// Fills a place.
    func put(_ value: Value, at index: Int) {
        let all: [Value]? = places.withLock { places in
            guard places.values[index] == nil else { return nil }
            places.values[index] = value
            places.left -= 1
            return places.left == 0 ? places.values.compactMap(\.self) : nil
        }
        if let all { then(all) }
    }
}
