// SPDX-License-Identifier: Apache-2.0
@_spi(Verification) import ClusterModel

@testable import ClusterCore

/// What survives of a node when its process ends.
struct TestDisk {
    var logs: [EpochID: [VerifiedBatch]] = [:]
    var floors: [EpochID: EpochHead] = [:]
    var quarantined: Set<EpochID> = []
    var applied: [EpochID: SequenceNumber] = [:]
    var outcomes: [EpochID: [AppliedRecord.Entry]] = [:]
    var epochCounter: UInt64 = 0
    var clears = ClearRecord()
    var receipts: [(receipt: Receipt, by: NodeID)] = []

    func head(of log: EpochID) -> EpochHead {
        if let last = logs[log]?.last {
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
        logs[floor.log]?.removeAll { $0.header.last <= floor.last }
        floors[floor.log] = floor
    }

    func batches(_ range: EventRange) -> [VerifiedBatch] {
        (logs[range.log] ?? []).filter {
            $0.header.first <= range.last && range.first <= $0.header.last
        }
    }
}
