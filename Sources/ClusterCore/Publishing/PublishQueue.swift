// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// What waits to be published, and which own batches are being sealed or written.
///
/// Sent at once when idle; while batches are in flight the backlog becomes the next batch.
struct PublishQueue: Sendable {
    /// A wish with what is needed to answer it; the core's own wishes have no ticket.
    struct Item: Sendable {
        let ticket: PublishTicket?
        let contents: [EventContent]
        let level: ConfirmationLevel
        let byteCount: Int
        let since: Instant
    }

    /// One item's place in a batch.
    struct Share: Sendable {
        let ticket: PublishTicket?
        let level: ConfirmationLevel
        let range: EventRange
    }

    private var waiting: Queue<Item> = Queue()
    private(set) var waitingBytes = 0
    private var waitingEvents = 0
    /// What is being sealed; one batch at a time, since the next needs its hash.
    private(set) var sealing: (draft: BatchDraft, shares: [Share])?
    /// Own batches that are sealed and not durable.
    private(set) var inFlight = 0

    var isIdle: Bool { sealing == nil && inFlight == 0 }
    var isEmpty: Bool { waiting.isEmpty }

    /// Takes in a wish; `false` where too much waits.
    mutating func add(_ item: Item) -> Bool {
        guard waiting.count < Limits.waitingRequests,
            waitingBytes + item.byteCount <= Limits.waitingBytes
        else { return false }
        waiting.append(item)
        waitingBytes += item.byteCount
        waitingEvents += item.contents.count
        return true
    }

    /// Takes a wish back that is not sealed yet; `false` where it is.
    mutating func withdraw(_ ticket: PublishTicket) -> Bool {
        let before = waiting.count
        var freed = (bytes: 0, events: 0)
        for item in waiting.all where item.ticket == ticket {
            freed.bytes += item.byteCount
            freed.events += item.contents.count
        }
        waiting.removeAll { $0.ticket == ticket }
        waitingBytes -= freed.bytes
        waitingEvents -= freed.events
        return waiting.count < before
    }

    /// Takes every wish back, as nothing can be signed any more.
    mutating func withdrawAll() -> [PublishTicket] {
        let tickets = waiting.all.compactMap(\.ticket)
        waiting = Queue()
        waitingBytes = 0
        waitingEvents = 0
        return tickets
    }

    /// Whether the next batch should be sealed now.
    func isDue(now: Instant) -> Bool {
        guard sealing == nil, let first = waiting.first else { return false }
        guard inFlight > 0 else { return true }
        guard inFlight < Limits.ownBatchesInFlight else { return false }
        return waitingEvents >= Limits.batchEvents || waitingBytes >= Limits.batchBytes
            || now >= first.since + Limits.batchDelay
    }

    var nextDeadline: Instant? {
        guard sealing == nil, inFlight > 0, inFlight < Limits.ownBatchesInFlight else {
            return nil
        }
        return waiting.first.map { $0.since + Limits.batchDelay }
    }

    /// Makes the next batch of what waits.
    mutating func seal(
        after tail: EpochHead, grant: Digest, stamp: () -> HybridTimestamp
    ) -> BatchDraft {
        var events: [Event] = []
        var shares: [Share] = []
        var byteCount = 0
        while let item = waiting.first,
            events.isEmpty
                || events.count + item.contents.count <= Limits.batchEvents
                    && byteCount + item.byteCount <= Limits.batchBytes
        {
            waiting.popFirst()
            waitingBytes -= item.byteCount
            waitingEvents -= item.contents.count
            byteCount += item.byteCount
            let first = tail.last.advanced(by: events.count + 1)
            for content in item.contents {
                events.append(Event(timestamp: stamp(), content: content))
            }
            let range = EventRange(
                log: tail.log, first: first, last: tail.last.advanced(by: events.count))
            shares.append(Share(ticket: item.ticket, level: item.level, range: range))
        }
        let draft = BatchDraft(
            log: tail.log, first: tail.last.next, previous: tail.chain, grant: grant,
            events: events, isAwaited: shares.contains { $0.level != .local })
        sealing = (draft, shares)
        return draft
    }

    /// The batch is sealed and goes to disk.
    mutating func sealed() -> [Share] {
        guard let sealing else { return [] }
        self.sealing = nil
        inFlight += 1
        return sealing.shares
    }

    /// The batch could not be sealed: its positions are free again.
    mutating func sealingFailed() -> [Share] {
        defer { sealing = nil }
        return sealing?.shares ?? []
    }

    /// Own batches became durable.
    mutating func landed(_ count: Int) { inFlight -= count }
}

/// Who waits for which level of confirmation.
struct Confirmations: Sendable {
    private struct Waiter: Sendable {
        let ticket: PublishTicket
        let range: EventRange
    }

    private enum Stage: Sendable {
        case queued
        case inLog(EventRange, ConfirmationLevel)
    }

    private var stages: [PublishTicket: Stage] = [:]
    private var waiters: [Queue<Waiter>] = ConfirmationLevel.allCases.map { _ in Queue() }
    private var timeouts: [(deadline: Instant, ticket: PublishTicket)] = []
    private var expired = 0

    var count: Int { stages.count }

    func isKnown(_ ticket: PublishTicket) -> Bool { stages[ticket] != nil }

    mutating func begin(_ ticket: PublishTicket, deadline: Instant) {
        stages[ticket] = .queued
        var index = timeouts.count
        while index > expired, timeouts[index - 1].deadline > deadline { index -= 1 }
        timeouts.insert((deadline, ticket), at: index)
    }

    mutating func place(_ share: PublishQueue.Share) {
        guard let ticket = share.ticket, stages[ticket] != nil else { return }
        stages[ticket] = .inLog(share.range, share.level)
        waiters[share.level.index].append(Waiter(ticket: ticket, range: share.range))
    }

    mutating func end(_ ticket: PublishTicket) { stages[ticket] = nil }

    /// Those at a level whose events are held through a position of the log, or lie in an older
    /// one; each once.
    mutating func confirmed(
        _ level: ConfirmationLevel, through: (EpochID) -> SequenceNumber
    ) -> [(ticket: PublishTicket, range: EventRange)] {
        var result: [(ticket: PublishTicket, range: EventRange)] = []
        var known: (log: EpochID, position: SequenceNumber)?
        while let first = waiters[level.index].first {
            if stages[first.ticket] != nil {
                let log = first.range.log
                let position = known?.log == log ? known?.position : nil
                known = (log, position ?? through(log))
                guard let held = known?.position, first.range.last <= held else { break }
                result.append((first.ticket, first.range))
                stages[first.ticket] = nil
            }
            waiters[level.index].popFirst()
        }
        return result
    }

    /// Whether somebody waits for a level.
    func isAwaited(_ level: ConfirmationLevel) -> Bool { !waiters[level.index].isEmpty }

    /// Whether somebody's time is over; forgets the times of those who have their answer.
    mutating func isDue(now: Instant) -> Bool {
        while expired < timeouts.count, stages[timeouts[expired].ticket] == nil { expired += 1 }
        if expired > 256, expired * 2 > timeouts.count {
            timeouts.removeFirst(expired)
            expired = 0
        }
        return nextDeadline.map { $0 <= now } ?? false
    }

    /// Those whose time is over; each once.
    ///
    /// `nil` where the wish is not in the log yet.
    mutating func expire(
        now: Instant
    ) -> [(ticket: PublishTicket, place: (range: EventRange, level: ConfirmationLevel)?)] {
        var result: [(ticket: PublishTicket, place: (EventRange, ConfirmationLevel)?)] = []
        while expired < timeouts.count {
            let (deadline, ticket) = timeouts[expired]
            guard let stage = stages[ticket] else {
                expired += 1
                continue
            }
            guard deadline <= now else { break }
            expired += 1
            stages[ticket] = nil
            switch stage {
            case .queued: result.append((ticket, nil))
            case .inLog(let range, let level): result.append((ticket, (range, level)))
            }
        }
        return result
    }

    var nextDeadline: Instant? {
        expired < timeouts.count ? timeouts[expired].deadline : nil
    }
}

extension ConfirmationLevel {
    fileprivate var index: Int {
        switch self {
        case .local: 0
        case .one: 1
        case .all: 2
        }
    }
}
