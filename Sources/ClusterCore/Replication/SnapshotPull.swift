// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// What a node that jumped to the floor of one log fetches of the state that others kept below it.
///
/// Batches that hold state are the snapshot: truncation never takes them. They come in order and
/// in portions; what is on disk is never asked for again.
struct SnapshotPull: Sendable {
    var policy: ReplayPolicy
    /// What the present answer has brought so far.
    private(set) var staged: [VerifiedBatch] = []
    private var stagedBytes = 0
    /// Whether the present answer held what cannot be.
    private(set) var isImpossible = false
    /// The portion that is on its way to disk.
    var ticket: AppendTicket?
    var kept: [VerifiedBatch] = []
    var through: SequenceNumber = 0
    /// Whether everybody reachable was asked in vain.
    var isHopeless = false
    /// Whether every member has said for long that he does not have it.
    ///
    /// It is still missing on disk, so that the next run asks again and nobody is told that there
    /// was none.
    var isLost = false
    /// Whether nothing is to be asked now.
    var isWaiting: Bool { ticket != nil || isLost }

    init(now: Instant) { policy = ReplayPolicy(now: now, isCertain: true) }

    /// Takes a batch of the present answer.
    ///
    /// Its signature has been checked. Its link to what came before it can be checked only where
    /// that was kept too, or where the floor is its end.
    mutating func stage(_ batch: VerifiedBatch, floor: EpochHead) {
        let header = batch.header
        if let last = staged.last {
            let follows =
                header.first > last.header.last
                && (header.first != last.header.last.next || header.previous == last.hash)
            guard follows else { return isImpossible = true }
        }
        guard header.last != floor.last || batch.hash == floor.chain,
            stagedBytes <= Limits.pullCredit
        else { return isImpossible = true }
        staged.append(batch)
        stagedBytes += batch.sealed.byteCount
    }

    /// Takes out what the answer has brought.
    mutating func takeStaged() -> [VerifiedBatch] {
        defer { discard() }
        return staged
    }

    /// Forgets what the answer has brought.
    mutating func discard() {
        staged = []
        stagedBytes = 0
        isImpossible = false
    }
}
