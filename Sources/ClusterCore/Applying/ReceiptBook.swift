// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// What this node has to say of events, until it can be published.
struct ReceiptBook: Sendable {
    private var waiting: [Receipt] = []

    var isEmpty: Bool { waiting.isEmpty }

    /// Notes a receipt; it joins the one before where they say the same of adjoining events.
    ///
    /// Returns what was given up for want of room.
    mutating func add(_ receipt: Receipt) -> Receipt? {
        if let last = waiting.last, let joined = Self.join(last, receipt) {
            waiting[waiting.count - 1] = joined
            return nil
        }
        waiting.append(receipt)
        return waiting.count > Limits.waitingReceipts ? waiting.removeFirst() : nil
    }

    mutating func takeAll() -> [Receipt] {
        defer { waiting = [] }
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
