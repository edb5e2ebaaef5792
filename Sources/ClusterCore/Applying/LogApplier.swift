// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// How far one log is applied, and what of it waits in memory for that.
///
/// Events are handed out in order; handing out is not applying, so those in progress are open, and
/// the watermark stays below the first open one.
struct LogApplier: Sendable {
    let log: EpochID
    /// The last position that was handed out.
    private(set) var handed: SequenceNumber
    /// Whether a part of the log is being read back.
    private(set) var isLoading = false
    private var queue: Queue<VerifiedBatch> = Queue()
    private var queuedThrough: SequenceNumber
    private var queuedBytes = 0
    private var open: [SequenceNumber] = []
    private var recorded: SequenceNumber
    private var entries: [AppliedRecord.Entry] = []

    init(log: EpochID, applied: SequenceNumber) {
        self.log = log
        handed = applied
        queuedThrough = applied
        recorded = applied
    }

    /// Every position through this one is applied, or has an outcome that says why not.
    var applied: SequenceNumber { open.first?.previous ?? handed }

    /// Takes in a durable batch, where it follows and there is room; else it is loaded later.
    mutating func enqueue(_ batch: VerifiedBatch) {
        guard batch.header.first <= queuedThrough.next, batch.header.last > queuedThrough,
            queue.isEmpty || queuedBytes + batch.sealed.byteCount <= Limits.queuedBytes
        else { return }
        queue.append(batch)
        queuedBytes += batch.sealed.byteCount
        queuedThrough = batch.header.last
    }

    /// What must be read back, as everything in memory was handed out.
    mutating func beginLoad(durable: SequenceNumber) -> EventRange? {
        guard !isLoading, queue.isEmpty, queuedThrough < durable else { return nil }
        isLoading = true
        return EventRange(log: log, first: queuedThrough.next, last: durable)
    }

    mutating func endLoad(_ batches: [VerifiedBatch]) {
        isLoading = false
        for batch in batches { enqueue(batch) }
    }

    /// The batch whose turn it is, and the index of its next event.
    var next: (batch: VerifiedBatch, index: Int)? {
        guard let batch = queue.first else { return nil }
        let done = handed.next.value - min(handed.next.value, batch.header.first.value)
        return (batch, Int(done))
    }

    /// Everything through a position was handed out.
    mutating func handOut(through last: SequenceNumber) {
        handed = last
        while let first = queue.first, first.header.last <= last {
            queue.popFirst()
            queuedBytes -= first.sealed.byteCount
        }
    }

    /// The event at a position is in progress.
    ///
    /// Call in rising order, before `handOut`.
    mutating func begin(_ sequence: SequenceNumber) { open.append(sequence) }

    /// What came of an event.
    ///
    /// Plain success of one that was never noted leaves no trace.
    mutating func close(_ subject: EventRange, _ outcome: ApplyOutcome, attempt: Int) {
        let wasOpen = open.contains(subject.first)
        open.removeAll { subject.first <= $0 && $0 <= subject.last }
        guard outcome != .applied || !wasOpen && subject.last <= handed else { return }
        if let last = entries.last, last.outcome == outcome, last.attempt == attempt,
            last.subject.last.next == subject.first
        {
            entries.removeLast()
            let joined = EventRange(log: log, first: last.subject.first, last: subject.last)
            entries.append(
                AppliedRecord.Entry(subject: joined, outcome: outcome, attempt: attempt))
        } else {
            entries.append(
                AppliedRecord.Entry(subject: subject, outcome: outcome, attempt: attempt))
        }
    }

    /// What was written down of events above the watermark counts no more.
    mutating func erase(_ subject: EventRange) {
        entries.append(AppliedRecord.Entry(subject: subject, outcome: .applied, attempt: 0))
    }

    /// What is to be written down since the last time.
    mutating func takeRecord() -> AppliedRecord? {
        guard applied > recorded || !entries.isEmpty else { return nil }
        recorded = max(recorded, applied)
        defer { entries = [] }
        return AppliedRecord(log: log, through: recorded, entries: entries)
    }

    /// Goes on behind a floor: what lies before will never come.
    mutating func jump(to last: SequenceNumber) {
        guard last > handed else { return }
        queue.removeAll { $0.header.last <= last }
        queuedBytes = queue.all.reduce(0) { $0 + $1.sealed.byteCount }
        handed = last
        queuedThrough = max(queuedThrough, last)
    }
}
