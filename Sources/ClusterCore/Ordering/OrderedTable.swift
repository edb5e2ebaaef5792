// SPDX-License-Identifier: Apache-2.0

/// A table that is walked in the order of its keys, so that equal states act equally.
///
/// Sorted arrays, as there are few keys and each is looked up several times an event: to compare a
/// handful of words costs less than to hash 48 bytes, and values are changed where they are.
struct OrderedTable<Key: Comparable & Sendable, Value: Sendable>: Sendable {
    /// The keys, sorted.
    private(set) var keys: [Key] = []
    /// The values of the keys at the same indices; none is `nil` between two calls.
    private var values: [Value?] = []

    var count: Int { keys.count }
    var isEmpty: Bool { keys.isEmpty }

    subscript(key: Key) -> Value? {
        get {
            let index = position(of: key)
            return index < keys.count && keys[index] == key ? values[index] : nil
        }
        _modify {
            let index = position(of: key)
            if index < keys.count, keys[index] == key {
                yield &values[index]
                guard values[index] == nil else { return }
                keys.remove(at: index)
                values.remove(at: index)
            } else {
                var value: Value?
                yield &value
                guard let value else { return }
                keys.insert(key, at: index)
                values.insert(value, at: index)
            }
        }
    }

    /// The index of the first key that is not below the given one.
    func position(of key: Key) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func removeAll() {
        keys.removeAll()
        values.removeAll()
    }
}

/// First in, first out, without moving the rest at each removal.
///
/// Law: what was taken out is not kept in memory for those that wait behind it.
struct Queue<Element: Sendable>: Sendable {
    private var elements: [Element?] = []
    private var head = 0

    var count: Int { elements.count - head }
    var isEmpty: Bool { count == 0 }
    var first: Element? { isEmpty ? nil : elements[head] }
    var all: some Sequence<Element> { elements[head...].lazy.compactMap { $0 } }

    mutating func append(_ element: Element) { elements.append(element) }

    @discardableResult
    mutating func popFirst() -> Element? {
        guard !isEmpty, let element = elements[head].take() else { return nil }
        head += 1
        if head >= 64, head * 2 >= elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    mutating func removeAll(where isUnwanted: (Element) -> Bool) {
        elements = elements[head...].filter { element in element.map { !isUnwanted($0) } ?? false }
        head = 0
    }
}
