// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// What this node has to say of events, until it can be published.
///
/// Success waits a moment, so that the receipts of several events make one event, and none competes
/// with nodes that have not cleared yet. Everything else goes at once, and takes what waits along.
struct ReceiptBook: Sendable {
    private var waiting: [Receipt] = []
    /// When what waits is to be published; `nil` where nothing waits.
    private(set) var due: Instant?

    /// Notes a receipt; it joins the one before where they say the same of adjoining events.
    ///
    /// Returns what was given up for want of room.
    mutating func add(_ receipt: Receipt, now: Instant) -> Receipt? {
        let wait = receipt.outcome == .applied ? Limits.receiptDelay : .zero
        due = min(due ?? now + wait, now + wait)
        if let last = waiting.last, let joined = Self.join(last, receipt) {
            waiting[waiting.count - 1] = joined
            return nil
        }
        waiting.append(receipt)
        return waiting.count > Limits.waitingReceipts ? waiting.removeFirst() : nil
    }

    mutating func takeAll() -> [Receipt] {
        defer {
            waiting = []
            due = nil
        }
        return waiting
    }

    private static func join(_ left: Receipt, _ right: Receipt) -> Receipt? {
        guard left.subject.log == right.subject.log,
            left.subject.last.next == right.subject.first, left.outcome == right.outcome,
            left.steps == right.steps, left.attempt == right.attempt
        else { return nil }
        return Receipt(
            subject: EventRange(
                log: left.subject.log, first: left.subject.first, last: right.subject.last),
            outcome: left.outcome, steps: left.steps, attempt: left.attempt)
    }
}
