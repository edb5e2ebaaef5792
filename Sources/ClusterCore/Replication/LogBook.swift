// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// Every log that this node follows, and which of them is the newest of its origin.
struct LogBook: Sendable {
    private var trackers: OrderedTable<EpochID, OriginTracker> = OrderedTable()
    private var newestOf: OrderedTable<NodeID, EpochID> = OrderedTable()
    private var closedSum: DigestSum?

    var count: Int { trackers.count }
    var logs: [EpochID] { trackers.keys }

    /// A log's tracker.
    ///
    /// Whatever raises its durable end must go through `completeAppend` or
    /// `jump`.
    subscript(log: EpochID) -> OriginTracker? {
        get { trackers[log] }
        _modify { yield &trackers[log] }
    }

    /// Makes sure that a log is followed; `false` where there are too many.
    mutating func open(
        _ head: EpochHead, floor: EpochHead? = nil, missingState: EventRange? = nil
    ) -> Bool {
        guard trackers[head.log] == nil else { return true }
        guard trackers.count < Limits.logs else { return false }
        trackers[head.log] = OriginTracker(
            head: head, floor: floor, missingState: missingState)
        if head.last > 0 { noteGrowth(of: head.log) }
        return true
    }

    /// Follows a log that nothing is known of yet.
    mutating func open(_ log: EpochID) -> Bool {
        open(EpochHead(log: log, last: 0, chain: .none))
    }

    mutating func completeAppend(_ ticket: AppendTicket, of log: EpochID) -> [VerifiedBatch] {
        let batches = trackers[log]?.completeAppend(ticket) ?? []
        if !batches.isEmpty { noteGrowth(of: log) }
        return batches
    }

    mutating func jump(to floor: EpochHead) -> Bool {
        guard trackers[floor.log]?.jump(to: floor) == true else { return false }
        noteGrowth(of: floor.log)
        return true
    }

    private mutating func noteGrowth(of log: EpochID) {
        if let newest = newestOf[log.origin] {
            guard log != newest else { return }
            closedSum = nil
            if log > newest { newestOf[log.origin] = log }
        } else {
            newestOf[log.origin] = log
        }
    }

    /// The newest log of an origin of which anything is durable.
    func newest(of origin: NodeID) -> EpochID? { newestOf[origin] }

    /// Where a log ends on this node's disk.
    func durable(_ log: EpochID) -> EpochHead {
        trackers[log]?.durable ?? EpochHead(log: log, last: 0, chain: .none)
    }

    /// The durable heads of the newest log of every origin, in order.
    var newestHeads: [EpochHead] {
        newestOf.keys.compactMap { newestOf[$0] }.map { durable($0) }
    }

    /// The durable heads of all logs, of one origin where one is named, in order.
    func heads(of origin: NodeID?) -> [EpochHead] {
        trackers.keys.lazy
            .filter { origin == nil || $0.origin == origin }
            .map { durable($0) }.filter { $0.last > 0 }
    }

    /// A digest over the heads of the logs that are not the newest of their origin, as it was when
    /// `allHeads` was asked for.
    var closedDigest: Digest? { closedSum?.digest }

    /// A digest over the heads of all logs.
    mutating func allHeads() -> Digest {
        var sum = closedSum ?? DigestSum()
        if closedSum == nil {
            for log in trackers.keys where newestOf[log.origin] != log {
                let head = durable(log)
                if head.last > 0 { sum.add(head.chain.raw) }
            }
            closedSum = sum
        }
        for head in newestHeads { sum.add(head.chain.raw) }
        return sum.digest
    }
}
