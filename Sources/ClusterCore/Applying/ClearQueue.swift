// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// Orders to clear caches, joined: an order is covered only by a clear that *began* after it came.
///
/// Law: an order is done when a clear that covers it succeeded and began after everything that its
/// publisher had seen was applied here. Until then it is tried again, for ever.
struct ClearQueue: Sendable {
    private struct Order: Sendable {
        let id: EventID
        let invalidation: Invalidation
        var attempt = 0
    }

    /// What came of a clear for one order.
    struct Result: Equatable, Sendable {
        let id: EventID
        let outcome: ApplyOutcome
        let attempt: Int
    }

    private var waiting: [Order] = []
    private var covered: [Order] = []
    /// Cleared once; they are cleared again when what they speak of is applied here.
    private var premature: [Order] = []
    private var running: ApplyTicket?
    private var settled: [EventID] = []
    private var failures = 0
    private var notBefore = Instant(nanoseconds: 0)
    private var isFullOwed = false
    private var isFullRunning = false

    func owns(_ ticket: ApplyTicket) -> Bool { running == ticket }
    /// Whether a full clear is owed or under way.
    var owesFull: Bool { isFullOwed || isFullRunning }

    mutating func add(_ id: EventID, _ invalidation: Invalidation) {
        guard !waiting.contains(where: { $0.id == id }) else { return }
        if waiting.count >= Limits.waitingInvalidations { isFullOwed = true }
        waiting.append(Order(id: id, invalidation: invalidation))
    }

    /// A full clear is owed, by no event.
    mutating func oweFull() { isFullOwed = true }

    /// Begins a clear if one is wanted and due.
    mutating func begin(
        now: Instant, isApplied: (VersionVector) -> Bool, ticket: () -> ApplyTicket
    ) -> ApplyTask? {
        guard running == nil else { return nil }
        let ripe = premature.filter { isApplied($0.invalidation.seen) }
        if !ripe.isEmpty {
            premature.removeAll { order in ripe.contains { $0.id == order.id } }
            waiting += ripe
        }
        guard now >= notBefore, isFullOwed || !waiting.isEmpty else { return nil }
        covered = waiting
        waiting = []
        for index in covered.indices { covered[index].attempt += 1 }
        settled = covered.filter { isApplied($0.invalidation.seen) }.map(\.id)
        isFullRunning = isFullOwed
        isFullOwed = false
        var joined = Invalidation.joined(covered.map(\.invalidation))
        if isFullRunning { joined = .total }
        let number = ticket()
        running = number
        let attempt = max(1, covered.map(\.attempt).max() ?? 1)
        return ApplyTask(ticket: number, work: .clear(joined, sparing: []), attempt: attempt)
    }

    /// A clear ended.
    mutating func finish(
        _ outcome: ApplyOutcome, now: Instant, jitter: inout Jitter
    ) -> (results: [Result], isFullDone: Bool) {
        running = nil
        let orders = covered
        let done = settled
        let wasFull = isFullRunning
        covered = []
        settled = []
        isFullRunning = false
        guard outcome.isSuccess else {
            failures += 1
            let wait = Limits.clearBackoff.wait(afterFailures: failures)
            notBefore = now + jitter.around(wait)
            waiting = orders + waiting
            isFullOwed = isFullOwed || wasFull
            let failure = Self.failure(of: outcome)
            return (
                orders.map { Result(id: $0.id, outcome: failure, attempt: $0.attempt) }, false
            )
        }
        failures = 0
        notBefore = now
        let early = orders.filter { !done.contains($0.id) }
        premature += early
        let results = orders.map { order in
            Result(
                id: order.id,
                outcome: done.contains(order.id)
                    ? .applied
                    : .failed(reason: "cleared, and again when what it speaks of has arrived"),
                attempt: order.attempt)
        }
        return (results, wasFull)
    }

    /// A clear that does not succeed is tried again, whatever its outcome was called.
    private static func failure(of outcome: ApplyOutcome) -> ApplyOutcome {
        switch outcome {
        case .parked(let reason), .refused(let reason): .failed(reason: reason)
        case .applied, .superseded, .failed: outcome
        }
    }

    /// When a clear that waits for its next attempt is due.
    var nextDeadline: Instant? {
        running == nil && (isFullOwed || !waiting.isEmpty) ? notBefore : nil
    }
}

extension Invalidation {
    /// Clears everything.
    static var total: Invalidation {
        var total = Invalidation()
        total.everything = true
        return total
    }

    /// One order that does what all of them do.
    static func joined(_ orders: [Invalidation]) -> Invalidation {
        var result = Invalidation()
        for order in orders {
            result.opcodeCache = result.opcodeCache || order.opcodeCache
            result.userCache = result.userCache || order.userCache
            result.everything = result.everything || order.everything
            result.paths += order.paths
            result.keys += order.keys
            result.keyPrefixes += order.keyPrefixes
            result.keyPatterns += order.keyPatterns
            result.urls += order.urls
            result.tags += order.tags
        }
        if orders.count > 1 { result.dropRepetitions() }
        let names =
            result.paths.count + result.keys.count + result.keyPrefixes.count
            + result.keyPatterns.count + result.urls.count + result.tags.count
        return names > Limits.namesInClear ? .total : result
    }

    private mutating func dropRepetitions() {
        func unique(_ names: [String]) -> [String] {
            var seen: Set<String> = []
            return names.filter { seen.insert($0).inserted }
        }
        paths = unique(paths)
        keys = unique(keys)
        keyPrefixes = unique(keyPrefixes)
        keyPatterns = unique(keyPatterns)
        urls = unique(urls)
        tags = unique(tags)
    }
}
