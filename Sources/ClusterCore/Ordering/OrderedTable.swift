// SPDX-License-Identifier: Apache-2.0

/// A dictionary that is walked in the order of its keys, so that equal states act equally.
struct OrderedTable<Key: Hashable & Comparable & Sendable, Value: Sendable>: Sendable {
    /// The keys, sorted.
    private(set) var keys: [Key] = []
    private var values: [Key: Value] = [:]

    var count: Int { keys.count }
    var isEmpty: Bool { keys.isEmpty }

    subscript(key: Key) -> Value? {
        get { values[key] }
        _modify {
            let wasThere = values[key] != nil
            yield &values[key]
            let isThere = values[key] != nil
            guard wasThere != isThere else { return }
            let index = position(of: key)
            if isThere { keys.insert(key, at: index) } else { keys.remove(at: index) }
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
