// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// Ends of batches where a log may be cut, with their age and what lies before them.
///
/// A log is cut where every member holds everything before, and only what is older than the
/// horizon, or does not fit any more, the oldest first. At twice the age or twice the size silent
/// members are waited for no longer: they fetch the state that was kept, and go on behind the
/// floor. The marks are coarse: they are thinned out as the log grows.
struct Truncation: Sendable {
    /// Which part of a log certain members hold.
    typealias Holdings = (EpochID) -> (all: SequenceNumber, present: SequenceNumber)

    private struct Mark: Sendable {
        let head: EpochHead
        let at: WallTime
        /// What would be gained by a cut here, beyond one at the mark before.
        ///
        /// Unit: bytes.
        var byteCount: Int
    }

    private var marks: OrderedTable<EpochID, [Mark]> = OrderedTable()
    /// What was added to logs behind their last marks.
    private var unmarked: OrderedTable<EpochID, Int> = OrderedTable()
    /// What all logs weigh, state that no cut takes included.
    ///
    /// Unit: bytes.
    private(set) var byteCount = 0

    /// A batch became durable; state is never cut away.
    mutating func grow(_ log: EpochID, by batch: VerifiedBatch) {
        byteCount += batch.storedByteCount
        if !batch.holdsState { unmarked[log] = (unmarked[log] ?? 0) + batch.storedByteCount }
    }

    /// A log was found with so much in it.
    mutating func grow(_ log: EpochID, by found: Int) {
        byteCount += found
        unmarked[log] = (unmarked[log] ?? 0) + found
    }

    /// Notes a durable end.
    mutating func note(_ head: EpochHead, at wall: WallTime) {
        guard head.last > 0 else { return }
        var list = marks[head.log] ?? []
        if let last = list.last {
            guard head.last > last.head.last else { return }
            let age = wall.milliseconds &- last.at.milliseconds
            guard age >= Limits.cutPause.wholeMilliseconds else { return }
        }
        list.append(Mark(head: head, at: wall, byteCount: unmarked[head.log] ?? 0))
        unmarked[head.log] = nil
        if list.count > Limits.cutMarks { list = Self.thinned(list) }
        marks[head.log] = list
    }

    /// Every second mark, with what lies before those left out.
    private static func thinned(_ list: [Mark]) -> [Mark] {
        var result: [Mark] = []
        var carried = 0
        for (index, mark) in list.enumerated() {
            guard index.isMultiple(of: 2) || index == list.count - 1 else {
                carried += mark.byteCount
                continue
            }
            var kept = mark
            kept.byteCount += carried
            carried = 0
            result.append(kept)
        }
        return result
    }

    /// Where logs may be cut now, one floor a log.
    mutating func cut(
        wall: WallTime, horizon: Duration, capacity: Int, heldBy: Holdings
    ) -> [EpochHead] {
        var floors: OrderedTable<EpochID, EpochHead> = OrderedTable()
        for head in cutOld(wall: wall, horizon: horizon, heldBy) { floors[head.log] = head }
        for head in cutOldest(downTo: capacity, { heldBy($0).all }) { floors[head.log] = head }
        for head in cutOldest(downTo: capacity.doubled, { heldBy($0).present }) {
            floors[head.log] = head
        }
        return floors.keys.compactMap { floors[$0] }
    }

    private mutating func cutOld(
        wall: WallTime, horizon: Duration, _ heldBy: Holdings
    ) -> [EpochHead] {
        func age(of mark: Mark) -> UInt64 {
            wall.milliseconds - min(mark.at.milliseconds, wall.milliseconds)
        }
        let limit = horizon.wholeMilliseconds
        var result: [EpochHead] = []
        for log in marks.keys {
            guard let list = marks[log], let oldest = list.first, age(of: oldest) >= limit else {
                continue
            }
            let held = heldBy(log)
            let end =
                list.firstIndex { mark in
                    let needed = age(of: mark) / 2 >= limit ? held.present : held.all
                    return age(of: mark) < limit || mark.head.last > needed
                } ?? list.count
            if let head = cut(log, before: end) { result.append(head) }
        }
        return result
    }

    /// Cuts the oldest marks of all logs that are held, until what is left fits.
    private mutating func cutOldest(
        downTo limit: Int, _ held: (EpochID) -> SequenceNumber
    ) -> [EpochHead] {
        guard byteCount > limit else { return [] }
        var candidates: [(at: WallTime, head: EpochHead)] = []
        for log in marks.keys {
            let through = held(log)
            for mark in marks[log] ?? [] where mark.head.last <= through {
                candidates.append((mark.at, mark.head))
            }
        }
        candidates.sort { ($0.at, $0.head) < ($1.at, $1.head) }
        var result: [EpochHead] = []
        for candidate in candidates where byteCount > limit {
            let log = candidate.head.log
            let end = (marks[log] ?? []).count { $0.head.last <= candidate.head.last }
            if let head = cut(log, before: end) { result.append(head) }
        }
        return result
    }

    private mutating func cut(_ log: EpochID, before end: Int) -> EpochHead? {
        guard end > 0, let list = marks[log] else { return nil }
        for mark in list[..<end] { byteCount -= mark.byteCount }
        marks[log] = Array(list[end...])
        return list[end - 1].head
    }
}

extension Int {
    /// Twice as much, or all there can be.
    fileprivate var doubled: Int {
        let (result, isTooMuch) = multipliedReportingOverflow(by: 2)
        return isTooMuch ? .max : result
    }
}
