// SPDX-License-Identifier: Apache-2.0
@_spi(Verification) import ClusterModel

@testable import ClusterCore

/// What survives of a node when its process ends.
struct TestDisk {
    var logs: [EpochID: [VerifiedBatch]] = [:]
    var floors: [EpochID: EpochHead] = [:]
    var missing: [EpochID: EventRange] = [:]
    var evidence: [EpochID: VerifiedBatch] = [:]
    var quarantined: Set<EpochID> = []
    var applied: [EpochID: SequenceNumber] = [:]
    var outcomes: [EpochID: [AppliedRecord.Entry]] = [:]
    var epochCounter: UInt64 = 0
    var clears = ClearRecord()
    var receipts: [(receipt: Receipt, by: NodeID)] = []

    func head(of log: EpochID) -> EpochHead {
        if let last = logs[log]?.last, last.header.last > floors[log]?.last ?? 0 {
            return EpochHead(log: log, last: last.header.last, chain: last.hash)
        }
        return floors[log] ?? EpochHead(log: log, last: 0, chain: .none)
    }

    /// Appends what continues the log; what is there already changes nothing.
    mutating func append(_ batch: VerifiedBatch) {
        guard batch.header.first == head(of: batch.header.log).last.next else { return }
        logs[batch.header.log, default: []].append(batch)
    }

    mutating func record(_ record: AppliedRecord) {
        applied[record.log] = max(applied[record.log] ?? 0, record.through)
        for entry in record.entries {
            outcomes[record.log] = (outcomes[record.log] ?? []).flatMap {
                Self.rest(of: $0, without: entry.subject)
            }
            if entry.outcome != .applied { outcomes[record.log, default: []].append(entry) }
        }
    }

    private static func rest(
        of entry: AppliedRecord.Entry, without hole: EventRange
    ) -> [AppliedRecord.Entry] {
        let subject = entry.subject
        guard subject.first <= hole.last, hole.first <= subject.last else { return [entry] }
        let ends = [(subject.first, hole.first.previous), (hole.last.next, subject.last)]
        return ends.filter { $0.0 <= $0.1 }.map { first, last in
            AppliedRecord.Entry(
                subject: EventRange(log: subject.log, first: first, last: last),
                outcome: entry.outcome, attempt: entry.attempt)
        }
    }

    mutating func truncate(to floor: EpochHead) {
        logs[floor.log]?.removeAll { $0.header.last <= floor.last && !$0.holdsState }
        floors[floor.log] = floor
    }

    mutating func jump(to floor: EpochHead) {
        let first = missing[floor.log]?.first ?? head(of: floor.log).last.next
        missing[floor.log] = EventRange(log: floor.log, first: first, last: floor.last)
        floors[floor.log] = floor
    }

    mutating func keepState(
        _ batches: [VerifiedBatch], of log: EpochID, through last: SequenceNumber
    ) {
        logs[log, default: []] += batches
        logs[log]?.sort { $0.header.first < $1.header.first }
        guard let range = missing[log], last >= range.first else { return }
        missing[log] =
            last < range.last ? EventRange(log: log, first: last.next, last: range.last) : nil
    }

    /// What is there of state below a floor, or of all.
    func batches(for request: ReplayRequest) -> [VerifiedBatch] {
        batches(EventRange(log: request.log, first: request.first, last: request.last))
            .filter { !request.isStateOnly || $0.holdsState }
    }

    func batches(_ range: EventRange) -> [VerifiedBatch] {
        (logs[range.log] ?? []).filter {
            $0.header.first <= range.last && range.first <= $0.header.last
        }
    }
}
