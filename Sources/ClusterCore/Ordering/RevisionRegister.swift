// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// A proposal of the installation's code, with what orders it.
struct RevisionEntry: Hashable, Sendable {
    let id: EventID
    let timestamp: HybridTimestamp
    let proposal: RevisionProposal

    /// What takes precedence: generation, then stamp, then node ID; the rest only makes it total.
    static func precedes(_ left: RevisionEntry, _ right: RevisionEntry) -> Bool {
        let leftKey = (left.proposal.generation, left.timestamp, left.id)
        let rightKey = (right.proposal.generation, right.timestamp, right.id)
        return leftKey < rightKey
    }
}

/// The installation's code as one register: a set of proposals and a rule that picks one.
///
/// Law: what is picked depends on the set alone, so merging is commutative, associative and
/// idempotent, and clocks decide only between proposals of one generation.
struct RevisionRegister: Sendable {
    /// What became of a proposal.
    enum Standing: Equatable, Sendable {
        /// It is what the code should be.
        case current
        /// Another takes precedence, or it is an ancestor of what is current.
        case superseded
        /// Its parent is not known.
        case orphaned
    }

    private var entries: OrderedTable<EventID, RevisionEntry> = OrderedTable()
    /// What the code should be; `nil` before the first proposal.
    private(set) var current: RevisionEntry?

    var count: Int { entries.count }

    /// Adds a proposal; one that is there changes nothing.
    ///
    /// Returns the IDs whose standing changed
    /// by it, itself included where it is new.
    mutating func add(_ entry: RevisionEntry) -> [EventID] {
        guard entries[entry.id] == nil else { return [] }
        let orphans = entries.keys.filter { standing(of: $0) == .orphaned }
        let before = current
        entries[entry.id] = entry
        pick()
        var changed = [entry.id] + orphans.filter { standing(of: $0) != .orphaned }
        if let before, before != current { changed.append(before.id) }
        forgetOldest()
        return changed
    }

    /// Takes proposals out: voided ones, or those of a log that has two histories.
    mutating func remove(where isUnwanted: (EventID) -> Bool) {
        for id in entries.keys where isUnwanted(id) { entries[id] = nil }
        pick()
    }

    mutating func merge(_ other: RevisionRegister) {
        for id in other.entries.keys {
            if let entry = other.entries[id] { _ = add(entry) }
        }
    }

    func standing(of id: EventID) -> Standing? {
        guard let entry = entries[id] else { return nil }
        guard isRooted(entry) else { return .orphaned }
        return entry == current ? .current : .superseded
    }

    /// Whether its ancestors are known, down to a first proposal, and count up one by one.
    private func isRooted(_ entry: RevisionEntry) -> Bool {
        var entry = entry
        while let parentID = entry.proposal.parent {
            guard let parent = entries[parentID],
                entry.proposal.generation > 0,
                parent.proposal.generation == entry.proposal.generation - 1
            else { return false }
            entry = parent
        }
        return entry.proposal.generation == 1
    }

    private mutating func pick() {
        current = entries.keys.compactMap { entries[$0] }
            .sorted(by: RevisionEntry.precedes).last(where: isRooted)
    }

    /// Keeps the set bounded: of the lowest generations the ones that nothing descends from.
    private mutating func forgetOldest() {
        guard entries.count > Limits.revisions else { return }
        let parents = entries.keys.compactMap { entries[$0]?.proposal.parent }
        let known = Set(parents)
        let loser = entries.keys.compactMap { entries[$0] }
            .filter { !known.contains($0.id) && $0 != current }
            .min(by: RevisionEntry.precedes)
        if let loser { entries[loser.id] = nil }
    }
}
