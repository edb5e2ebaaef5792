// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// Records of authority that were given to the disk a short while ago, to be given again.
///
/// No completion says whether they were written, and a full disk takes nothing: what people said
/// once (a node removed, a user denied) would be gone after a restart, though it was acted upon.
/// Law: writing a record twice does no harm. Limit: `Limits.recordWrites` times each.
struct RecordWrites: Sendable {
    private var records: [VerifiedRecord] = []
    private var written = 0
    /// When they are written again; `nil` while there are none.
    private(set) var nextDeadline: Instant?

    /// New ones are being written; those before them are written on with them.
    mutating func add(_ new: [VerifiedRecord], now: Instant) {
        records += new
        written = 1
        nextDeadline = now + Limits.recordBackoff.wait(afterFailures: written)
    }

    /// What is to be written again now.
    mutating func takeDue(now: Instant) -> [VerifiedRecord] {
        guard let due = nextDeadline, now >= due else { return [] }
        written += 1
        let batch = records
        if written < Limits.recordWrites {
            nextDeadline = now + Limits.recordBackoff.wait(afterFailures: written)
        } else {
            (records, nextDeadline) = ([], nil)
        }
        return batch
    }
}
