// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// Ends of batches where a log may be cut, with their age.
///
/// A log is cut where every member holds everything before, and only what is older than the
/// horizon. The marks are coarse: they are thinned out as the log grows.
struct Truncation: Sendable {
    private struct Mark: Sendable {
        let head: EpochHead
        let at: WallTime
    }

    private var marks: OrderedTable<EpochID, [Mark]> = OrderedTable()

    /// Notes a durable end.
    mutating func note(_ head: EpochHead, at wall: WallTime) {
        guard head.last > 0 else { return }
        var list = marks[head.log] ?? []
        if let last = list.last {
            guard head.last > last.head.last else { return }
            let age = wall.milliseconds &- last.at.milliseconds
            guard age >= Limits.cutPause.wholeMilliseconds else { return }
        }
        list.append(Mark(head: head, at: wall))
        if list.count > Limits.cutMarks {
            list = list.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
        }
        marks[head.log] = list
    }

    /// Where logs may be cut now: older than the horizon, and held by every member.
    mutating func cut(
        wall: WallTime, horizon: Duration, heldByAll: (EpochID) -> SequenceNumber
    ) -> [EpochHead] {
        guard wall.milliseconds > horizon.wholeMilliseconds else { return [] }
        let limit = WallTime(milliseconds: wall.milliseconds - horizon.wholeMilliseconds)
        var result: [EpochHead] = []
        for log in marks.keys {
            guard let list = marks[log], let oldest = list.first, oldest.at <= limit else {
                continue
            }
            let held = heldByAll(log)
            let end = list.firstIndex { $0.at > limit || $0.head.last > held } ?? list.count
            guard end > 0 else { continue }
            result.append(list[end - 1].head)
            marks[log] = Array(list[end...])
        }
        return result
    }
}
