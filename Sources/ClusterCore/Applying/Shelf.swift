// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// Events below the watermark that may have their effect after all, and why they have not.
struct Shelf: Sendable {
    /// Why a run of events is here, and so what a second look does with it.
    enum Reason: Int, Hashable, Comparable, Sendable {
        /// It was under way when the process ended, or waits for a date or a parent: applied as if
        /// it were new.
        case unfinished
        /// Its user was not allowed: once he is, state is folded, invalidations become one full
        /// clear, and an application's events stay as they are.
        case refused
        /// Handlers failed on it, or it is of an unknown kind.
        case parked

        static func < (left: Reason, right: Reason) -> Bool { left.rawValue < right.rawValue }
    }

    /// A run to look at again.
    struct Visit: Equatable, Sendable {
        let range: EventRange
        let reason: Reason
        /// Whose events of applications are wanted, though they were refused.
        let user: String?
    }

    private var runs: OrderedTable<EpochID, [(range: EventRange, reason: Reason)]> =
        OrderedTable()
    private var visits: Queue<Visit> = Queue()
    /// The run that is being read back.
    private(set) var current: Visit?

    mutating func add(_ range: EventRange, _ reason: Reason) {
        var list = runs[range.log] ?? []
        let index = list.lastIndex { $0.reason == reason }
        if let index, list[index].range.last.next == range.first {
            list[index].range = EventRange(
                log: range.log, first: list[index].range.first, last: range.last)
        } else {
            list.append((range, reason))
        }
        if list.count > Limits.shelvedRuns { list = Self.joinNearest(list) }
        runs[range.log] = list
    }

    /// Joins the two oldest runs of one reason, with what lies between them.
    private static func joinNearest(
        _ list: [(range: EventRange, reason: Reason)]
    ) -> [(range: EventRange, reason: Reason)] {
        var list = list
        for index in list.indices {
            guard
                let other = list[(index + 1)...].firstIndex(where: {
                    $0.reason == list[index].reason
                })
            else { continue }
            let (left, right) = (list[index].range, list[other].range)
            list[index].range = EventRange(
                log: left.log, first: min(left.first, right.first),
                last: max(left.last, right.last))
            list.remove(at: other)
            break
        }
        return list
    }

    /// Takes the runs of a reason off, to look at them again.
    ///
    /// Those that were taken off already, for nobody in particular, are looked at for this user.
    mutating func revisit(_ reasons: [Reason], user: String? = nil) {
        if let user { claim(reasons, for: user) }
        for log in runs.keys {
            guard let list = runs[log] else { continue }
            for run in list where reasons.contains(run.reason) {
                visits.append(Visit(range: run.range, reason: run.reason, user: user))
            }
            let rest = list.filter { !reasons.contains($0.reason) }
            runs[log] = rest.isEmpty ? nil : rest
        }
    }

    private mutating func claim(_ reasons: [Reason], for user: String) {
        func claimed(_ visit: Visit) -> Visit {
            guard visit.user == nil, reasons.contains(visit.reason) else { return visit }
            return Visit(range: visit.range, reason: visit.reason, user: user)
        }
        current = current.map(claimed)
        let waiting = visits.all.map(claimed)
        visits = Queue()
        for visit in waiting { visits.append(visit) }
    }

    /// Takes one event off, to look at it again; what lies around it in its run stays.
    mutating func revisit(_ event: EventID, _ reason: Reason) {
        guard let list = runs[event.log],
            let index = list.firstIndex(where: { $0.reason == reason && $0.range.contains(event) })
        else { return }
        let range = list[index].range
        var rest: [(range: EventRange, reason: Reason)] = []
        if range.first < event.sequence {
            let last = SequenceNumber(event.sequence.value - 1)
            rest.append((EventRange(log: range.log, first: range.first, last: last), reason))
        }
        if event.sequence < range.last {
            let first = event.sequence.next
            rest.append((EventRange(log: range.log, first: first, last: range.last), reason))
        }
        var left = list
        left.replaceSubrange(index...index, with: rest)
        runs[event.log] = left.isEmpty ? nil : left
        visits.append(Visit(range: event.alone, reason: reason, user: nil))
    }

    /// Whether an event is here for that reason.
    func holds(_ event: EventID, _ reason: Reason) -> Bool {
        (runs[event.log] ?? []).contains { $0.reason == reason && $0.range.contains(event) }
    }

    /// The next run to read back, where none is being read.
    mutating func next() -> EventRange? {
        guard current == nil, let visit = visits.popFirst() else { return nil }
        current = visit
        return visit.range
    }

    /// Part of the current run was read: what is left of it comes next.
    ///
    /// `nil` where nothing was.
    mutating func advance(through last: SequenceNumber?) {
        guard let visit = current else { return }
        current = nil
        guard let last, last < visit.range.last else { return }
        let rest = EventRange(
            log: visit.range.log, first: max(last.next, visit.range.first),
            last: visit.range.last)
        visits.append(Visit(range: rest, reason: visit.reason, user: visit.user))
    }

    /// Reading failed: the run is put back.
    mutating func giveBack() {
        if let visit = current { visits.append(visit) }
        current = nil
    }

    /// Forgets a log that is never applied any more.
    mutating func forget(_ log: EpochID) { runs[log] = nil }

    var isIdle: Bool { current == nil && visits.isEmpty }

    /// How many events of a log are refused, undated or parked; for status.
    func count(of reason: Reason) -> UInt64 {
        runs.keys.reduce(0) { sum, log in
            sum
                + (runs[log] ?? []).filter { $0.reason == reason }
                .reduce(0) { $0 + $1.range.last.value - $1.range.first.value + 1 }
        }
    }
}
