// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// What is shown of a log that has two histories, and when it is shown again.
///
/// Its origin signed both contents, so whoever holds the other one needs no other proof.
struct ForkEvidence: Sendable {
    /// The content that is not on disk here; unknown after a restart.
    let other: VerifiedBatch?
    /// Where the disk has its own content, which is read back to be shown as well.
    let place: EventRange
    var stored: VerifiedBatch?
    var shown = 1
    var next: Instant
}

/// A batch at a position whose content is not remembered: it is read back and compared.
struct Doubt: Sendable {
    let batch: VerifiedBatch
    let peer: NodeID
}

/// Logs that have two histories.
extension Replicator {
    /// Follows a log no longer, and shows both contents to those who may have seen one only.
    mutating func fork(_ log: EpochID, by batch: VerifiedBatch) {
        let counterpart = book[log]?.counterpart(of: batch)
        quarantine(log)
        emit(.dispose(log, holding: batch.header.first, .quarantined))
        emit(.broadcast(batch))
        show(batch)
        if evidence[log] != nil { emit(.keepEvidence(batch)) }
        guard let counterpart else { return }
        evidence[log]?.stored = counterpart
        emit(.broadcast(counterpart))
    }

    /// Shows a second content, and what the disk has in its place.
    private mutating func show(_ other: VerifiedBatch) {
        let range = other.header.range
        // Where the chain broke, the other content is what lies before.
        let first = range.first > 1 ? range.first.previous : range.first
        show(other, at: EventRange(log: range.log, first: first, last: range.last))
    }

    /// What an earlier run found is known in this one, and shown on.
    mutating func recoverEvidence(_ recovered: [VerifiedBatch]) {
        for batch in recovered.sorted(by: { $0.id(at: 0) < $1.id(at: 0) }) {
            guard book.open(batch.header.log) else { continue }
            book[batch.header.log]?.quarantine()
            recoveredEvidence.append(batch)
        }
    }

    /// Begins to show what earlier runs found.
    mutating func showRecovered() {
        for batch in recoveredEvidence { show(batch) }
        recoveredEvidence = []
        for head in book.heads(of: nil)
        where book[head.log]?.isQuarantined == true && evidence[head.log] == nil {
            show(nil, at: EventRange(log: head.log, first: head.last, last: head.last))
        }
    }

    /// Shows what is known of a fork from now on.
    private mutating func show(_ other: VerifiedBatch?, at place: EventRange) {
        guard evidence.count < Limits.forkEvidence else {
            return report(.limitReached("contents of logs with two histories"))
        }
        evidence[place.log] = ForkEvidence(
            other: other, place: place,
            next: now.instant + Limits.evidenceBackoff.wait(afterFailures: 1))
        emit(.load(place))
    }

    /// Has a stored batch read back where only the disk knows whether this one is the same.
    ///
    /// Beyond the limit it is compared when it comes again. All that come together must be: who
    /// shows a fork sends both contents every time, and the first may be the one on disk.
    mutating func compareWithDisk(_ batch: VerifiedBatch, from peer: NodeID) {
        let log = batch.header.log
        guard let tracker = book[log], !tracker.remembers(batch),
            batch.header.last <= tracker.durable.last,
            batch.header.first > tracker.floor?.last ?? 0,
            doubts.count < Limits.forkEvidence,
            !doubts.contains(where: { $0.batch.hash == batch.hash })
        else { return }
        let isRead = doubts.contains { $0.batch.header.range == batch.header.range }
        doubts.append(Doubt(batch: batch, peer: peer))
        if !isRead { emit(.load(batch.header.range)) }
    }

    /// Compares a batch with what was read back for it, or keeps that to be shown; `false` where
    /// it was read for another reason.
    mutating func settleDoubt(about range: EventRange, _ stored: [VerifiedBatch]) -> Bool {
        if evidence[range.log]?.place == range {
            if let last = stored.last { evidence[range.log]?.stored = last }
            return true
        }
        let doubted = doubts.filter { $0.batch.header.range == range }
        guard !doubted.isEmpty else { return false }
        doubts.removeAll { $0.batch.header.range == range }
        guard book[range.log]?.isQuarantined == false, let known = stored.first,
            let doubt = doubted.first(where: { $0.batch.hash != known.hash })
        else { return true }
        report(
            .forkFound(
                doubt.batch.id(at: 0), known: known.hash, other: doubt.batch.hash,
                from: doubt.peer))
        fork(range.log, by: doubt.batch)
        return true
    }

    /// A log with two histories is followed no longer, and its state counts no more.
    private mutating func quarantine(_ log: EpochID) {
        for first in book[log]?.rememberedBatches ?? [] {
            emit(.dispose(log, holding: first, .quarantined))
        }
        // After a restart nothing is remembered, and the next one must know of it all the same.
        emit(.dispose(log, holding: book.durable(log).last, .quarantined))
        book[log]?.quarantine()
        pulls[log] = nil
        snapshots[log] = nil
        restless[log] = nil
        shelf.forget(log)
        dropState { $0.log == log }
    }

    /// Broadcasts get lost, and members come back: what was shown is shown again, ever less often.
    mutating func showEvidence() {
        for log in evidence.keys {
            guard var shown = evidence[log], now.instant >= shown.next else { continue }
            shown.shown += 1
            shown.next = now.instant + Limits.evidenceBackoff.wait(afterFailures: shown.shown)
            evidence[log] = shown
            if shown.stored == nil { emit(.load(shown.place)) }
            // The disk may have been full: nothing waits for what is written down of a fork.
            if let other = shown.other, shown.shown <= Limits.evidenceWrites {
                emit(.keepEvidence(other))
            }
            guard !others.isEmpty else { continue }
            for batch in [shown.other, shown.stored] {
                if let batch { emit(.broadcast(batch)) }
            }
        }
    }

    /// When a second content is shown again.
    var evidenceDeadline: Instant? { evidence.keys.compactMap { evidence[$0]?.next }.min() }
}
