// SPDX-License-Identifier: Apache-2.0
@_spi(Verification) import ClusterModel

@testable import ClusterCore

extension TestCluster {
    /// Writes to a node's disk, or reads from it.
    mutating func performWrite(_ effect: Effect, by node: Int) {
        switch effect {
        case .append(let entries, let ticket):
            later(diskDelay, node, .appended(ticket))
            appends[AppendKey(node: node, ticket: ticket)] = entries.map(\.batch)
        case .keepState(let entries, of: let log, through: let last, let ticket):
            later(diskDelay, node, .appended(ticket))
            keeps[AppendKey(node: node, ticket: ticket)] = {
                $0.keepState(entries.map(\.batch), of: log, through: last)
            }
        case .load(let range): later(diskDelay, node, .loaded(range, disks[node].batches(range)))
        case .recordApplied(let record): disks[node].record(record)
        case .recordClears(let record): disks[node].clears = record
        case .recordReceipt(let receipt, let by, _): disks[node].receipts.append((receipt, by))
        case .dispose(let log, let position, let what): dispose(log, position, what, on: node)
        case .keepEvidence(let batch): disks[node].evidence[batch.header.log] = batch
        case .truncate(let floor): disks[node].truncate(to: floor)
        case .jump(let floor): disks[node].jump(to: floor)
        case .authority, .persistEpoch, .seal, .broadcast, .resolve, .broadcastBeacon,
            .acknowledge, .requestReplay, .serveReplay, .refuseReplay, .requestHeads,
            .requestOwnHeads, .requestRecords, .answerHeads, .requestBlob, .relink, .deliver,
            .apply, .readiness, .report, .stop:
            break
        }
    }

    private mutating func dispose(
        _ log: EpochID, _ position: SequenceNumber, _ disposition: LogEntry.Disposition,
        on node: Int
    ) {
        let held = EventID(log: log, sequence: position)
        let isStored = disks[node].logs[log]?.contains { $0.header.range.contains(held) } == true
        if isStored, disposition == .quarantined { disks[node].quarantined.insert(log) }
    }
}
