// SPDX-License-Identifier: Apache-2.0

/// The simulation's own time, which no node sees.
///
/// Unit: nanoseconds since the beginning of the run.
typealias VirtualTime = UInt64

extension VirtualTime {
    static func milliseconds(_ count: Int) -> VirtualTime { VirtualTime(count) * 1_000_000 }
    static func microseconds(_ count: Int) -> VirtualTime { VirtualTime(count) * 1_000 }
    static func seconds(_ count: Int) -> VirtualTime { VirtualTime(count) * 1_000_000_000 }
    /// Seconds with three places, for people.
    var text: String {
        let milliseconds = self / 1_000_000
        let rest = String(milliseconds % 1_000)
        return "\(milliseconds / 1_000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }
}

/// What is yet to happen, in the order of (time, number of its entry).
///
/// Law: two entries for one time come in the order in which they were added.
struct Schedule {
    /// Something to be done.
    typealias Action = (Simulation) -> Void

    private struct Entry {
        let time: VirtualTime
        let number: UInt64
        let action: Action

        func isBefore(_ other: Entry) -> Bool {
            (time, number) < (other.time, other.number)
        }
    }

    private var heap: [Entry] = []
    private var added: UInt64 = 0

    var isEmpty: Bool { heap.isEmpty }
    /// When the next one is due.
    var next: VirtualTime? { heap.first?.time }
    /// How many wait.
    var count: Int { heap.count }

    mutating func add(at time: VirtualTime, _ action: @escaping Action) {
        added += 1
        heap.append(Entry(time: time, number: added, action: action))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the next one.
    mutating func take() -> (time: VirtualTime, action: Action)? {
        guard let first = heap.first else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].isBefore(heap[least]) { least = child }
            }
            guard least != parent else { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return (first.time, first.action)
    }
}
