// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// A state event, on its way into its register.
enum StateEntry: Hashable, Sendable {
    case revision(RevisionEntry)
    case lock(LockEntry)

    var id: EventID {
        switch self {
        case .revision(let entry): entry.id
        case .lock(let entry): entry.id
        }
    }

    var timestamp: HybridTimestamp {
        switch self {
        case .revision(let entry): entry.timestamp
        case .lock(let entry): entry.timestamp
        }
    }
}

/// State events from the far future, until their time comes.
struct FarFutureHold: Sendable {
    private(set) var held: [StateEntry] = []

    /// Holds an event; `false` where there is no room, so that it waits on disk only.
    mutating func add(_ entry: StateEntry) -> Bool {
        guard !held.contains(where: { $0.id == entry.id }) else { return true }
        guard held.count < Limits.farFutureHeld else { return false }
        let index = held.firstIndex { entry.timestamp < $0.timestamp } ?? held.count
        held.insert(entry, at: index)
        return true
    }

    /// Takes out those whose time has come.
    mutating func release(reference: WallTime) -> [StateEntry] {
        let end = held.firstIndex {
            HybridClock.isFarFuture($0.timestamp, reference: reference)
        }
        let released = Array(held[..<(end ?? held.count)])
        held.removeFirst(released.count)
        return released
    }

    /// Takes out those that were voided, or whose log has two histories.
    mutating func remove(where isUnwanted: (EventID) -> Bool) -> [StateEntry] {
        let removed = held.filter { isUnwanted($0.id) }
        held.removeAll { isUnwanted($0.id) }
        return removed
    }

    /// How long until the next one's time comes, by a reference clock.
    func wait(reference: WallTime) -> Duration? {
        guard let first = held.first else { return nil }
        let due =
            first.timestamp.milliseconds
            &- min(
                Limits.farFuture, first.timestamp.milliseconds)
        let left = due > reference.milliseconds ? due - reference.milliseconds : 0
        return .milliseconds(Int64(clamping: left))
    }
}
