// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

extension LogImage {
    /// Whole batches from the one that holds `first` on: at least one where there is one.
    func batches(
        of log: EpochID, from first: SequenceNumber, through last: SequenceNumber, byteLimit: Int,
        isStateOnly: Bool = false
    ) -> [VerifiedBatch] {
        var result: [VerifiedBatch] = []
        var size = 0
        for entry in tracks[log]?.batches ?? [] {
            let header = entry.batch.header
            guard header.last >= first, header.first <= last,
                !isStateOnly || entry.batch.events.contains(where: { $0.content.isState })
            else { continue }
            size += entry.batch.sealed.byteCount
            guard result.isEmpty || size <= byteLimit else { break }
            result.append(entry.batch)
        }
        return result
    }

    /// Every log as the core gets it at start.
    var histories: [RecoveredHistory] {
        logs.compactMap { tracks[$0] }.filter { $0.head.last > 0 }.map { track in
            var history = RecoveredHistory(
                head: track.head, applied: track.applied, floor: track.floor)
            history.missingState = track.missing
            history.byteCount = track.batches.reduce(0) { $0 + $1.batch.storedByteCount }
            history.outcomes = track.outcomes
            history.newestTimestamp = newest(of: track.batches)
            history.isQuarantined = track.batches.contains { $0.disposition == .quarantined }
            return history
        }
    }

    /// Second contents that were written down, in the order of their logs.
    var evidenceList: [VerifiedBatch] { evidence.keys.sorted().compactMap { evidence[$0] } }

    /// Batches that hold state and were accepted.
    var stateBatches: [VerifiedBatch] {
        stored.filter { entry in
            entry.disposition == .accepted
                && entry.batch.events.contains { $0.content.isState }
        }.map(\.batch)
    }

    /// Blobs that events name and the disk lacks, in the order of the events.
    var missingBlobs: [MissingBlob] {
        stored.flatMap { entry in
            entry.batch.blobs.filter { blobs[$0.reference.digest] == nil }
        }
    }

    /// The highest stamp in any log.
    var newestTimestamp: HybridTimestamp { newest(of: stored) }

    private func newest(of entries: [LogEntry]) -> HybridTimestamp {
        entries.filter { $0.disposition != .held }.flatMap(\.batch.events).map(\.timestamp).max()
            ?? .zero
    }

    /// Everything stored, by log and position.
    var stored: [LogEntry] { logs.flatMap { tracks[$0]?.batches ?? [] } }

    /// Records of authority in the order of their hashes.
    var recordList: [VerifiedRecord] { records.keys.sorted().compactMap { records[$0] } }

    /// Pins in the order of their names.
    var pinList: [PinnedUser] {
        pins.keys.sorted().compactMap { name in
            pins[name].map { PinnedUser(identifier: name, key: $0) }
        }
    }
}

extension VerifiedBatch {
    /// The blobs that its events name.
    var blobs: [MissingBlob] {
        events.enumerated().compactMap { index, event in
            guard case .application(let said) = event.content,
                case .blob(let reference) = said.payload
            else { return nil }
            return MissingBlob(event: id(at: index), reference: reference)
        }
    }
}
