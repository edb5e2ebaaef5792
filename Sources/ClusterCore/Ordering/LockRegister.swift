// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// A change of the update lock, with what orders it.
struct LockEntry: Hashable, Sendable {
    let id: EventID
    let timestamp: HybridTimestamp
    /// The grant under which it was said: it tells whose the lock is.
    let grant: Digest
    let change: LockChange

    /// What takes precedence: generation, then stamp, then node ID; the rest only makes it total.
    static func precedes(_ left: LockEntry, _ right: LockEntry) -> Bool {
        let leftKey = (left.change.generation, left.timestamp, left.id)
        let rightKey = (right.change.generation, right.timestamp, right.id)
        return leftKey < rightKey
    }
}

/// The update lock as a register: a set of changes, of which the last in order counts.
///
/// Unlike a revision a change needs no ancestors: it is whole by itself. Of each node the last few
/// are kept, so that nobody's changes push out another's, and something is left where a change is
/// voided.
/// Law: what is kept depends on the set of changes alone, so merging is commutative, associative
/// and idempotent. Limit: `Limits.locksOfNode` for each node.
struct LockRegister: Sendable {
    /// The changes of each node in ascending order.
    private var changes: OrderedTable<NodeID, [LockEntry]> = OrderedTable()

    /// The change that counts; `nil` before the first one.
    var current: LockEntry? {
        changes.keys.compactMap { changes[$0]?.last }.max(by: LockEntry.precedes)
    }

    /// The changes that are kept, in the order of their nodes.
    var entries: [LockEntry] { changes.keys.flatMap { changes[$0] ?? [] } }

    func contains(_ id: EventID) -> Bool {
        changes[id.log.origin]?.contains { $0.id == id } ?? false
    }

    /// Adds a change; one that is there changes nothing.
    ///
    /// Returns the ID of the one that is forgotten for it: itself where it lies before all others.
    mutating func add(_ entry: LockEntry) -> EventID? {
        guard !contains(entry.id) else { return nil }
        var list = changes[entry.id.log.origin] ?? []
        let index = list.firstIndex { LockEntry.precedes(entry, $0) } ?? list.count
        list.insert(entry, at: index)
        let forgotten = list.count > Limits.locksOfNode ? list.removeFirst().id : nil
        changes[entry.id.log.origin] = list
        return forgotten
    }

    mutating func merge(_ other: LockRegister) {
        for entry in other.entries { _ = add(entry) }
    }

    /// Takes changes out: voided ones, or those of a log that has two histories.
    mutating func remove(where isUnwanted: (EventID) -> Bool) {
        for node in changes.keys {
            let left = (changes[node] ?? []).filter { !isUnwanted($0.id) }
            changes[node] = left.isEmpty ? nil : left
        }
    }
}
