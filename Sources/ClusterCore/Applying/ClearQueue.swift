// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// Orders to clear caches, joined: an order is covered only by a clear that *began* after it came.
///
/// Law: an order is done when every cache was cleared for it, by clears that succeeded and began
/// after the order came and after everything that its publisher had seen was applied here. Until
/// then the caches that failed are tried again, for ever; the others are not emptied again for it.
///
/// A clear may begin while the batch of its order is still on its way to disk, as clearing twice
/// does no harm. What came of it is kept until the batch is durable, and told to nobody before.
///
/// Orders that are new wait for nothing but the clear that runs; those that failed wait for their
/// next attempt, together at first and then apart (`FailedClears`). Where both may begin they take
/// turns, so that a cache that is down holds up nobody, and is held up by nobody.
struct ClearQueue: Sendable {
    /// Why caches are to be cleared.
    enum Cause: Hashable, Sendable {
        case event(EventID)
        /// It cannot be proved what was missed: a full clear, which a node is not ready without.
        case owed
        /// Other code is served; the number tells one switch from the next.
        case code(switch: Int, isSettled: Bool)
    }

    /// What came of a clear for one order.
    struct Result: Equatable, Sendable {
        let cause: Cause
        let outcome: ApplyOutcome
        let attempt: Int
        let audience: Audience
    }

    /// Who is to know of a result.
    enum Audience: Sendable {
        case everyone
        /// It is only written down here.
        case thisNode
        /// It is what was told last.
        case nobody
    }

    /// What the clear that runs is for.
    private struct Run: Sendable {
        let ticket: ApplyTicket
        var orders: [ClearOrder]
        let isRetry: Bool
    }

    /// An order whose clear ended before its batch was durable.
    private struct Ahead: Sendable {
        var order: ClearOrder
        let outcome: ApplyOutcome
        let steps: [StepReceipt]
    }

    /// Never tried since they came, or since what they speak of did.
    private var fresh: [ClearOrder] = []
    private var failed = FailedClears()
    /// Cleared once; they are cleared again when what they speak of is applied here.
    private var premature: [ClearOrder] = []
    private var running: Run?
    private var ahead: [Ahead] = []
    private var failures = 0
    private var notBefore = Instant(nanoseconds: 0)
    private var isRetryTurn = false
    private var newestSwitch = 0

    func owns(_ ticket: ApplyTicket) -> Bool { running?.ticket == ticket }

    /// Whether no order waits for anything but the clear that runs.
    var isIdle: Bool { fresh.isEmpty && failed.isEmpty && premature.isEmpty }

    /// Whether a full clear is owed, by no event, or under way.
    var owesFull: Bool { isWanted { $0 == .owed } }

    /// Whether caches may still hold what was made of other code than the one that is served.
    var owesCode: Bool {
        isWanted { if case .code(_, isSettled: false) = $0 { true } else { false } }
    }

    private func isWanted(_ isMeant: (Cause) -> Bool) -> Bool {
        fresh.contains { isMeant($0.cause) } || failed.contains { isMeant($0.cause) }
            || running?.orders.contains { isMeant($0.cause) } == true
    }

    /// Adds an order; a full one waits for this node's slot.
    mutating func add(
        _ id: EventID, _ invalidation: Invalidation, slot: Duration, now: Instant
    ) {
        let cause = Cause.event(id)
        guard !fresh.contains(where: { $0.cause == cause }),
            !failed.contains({ $0.speaks(for: cause) })
        else { return }
        var order = ClearOrder(cause: cause, invalidation: invalidation, slot: slot, due: now)
        // Names that wait are bounded; the order stays.
        if fresh.count >= Limits.waitingInvalidations { order.becomeTotal() }
        if order.isTotal { order.due = now + slot }
        fresh.append(order)
    }

    /// A full clear is owed, by no event; no slot is waited for, as the node serves nobody.
    mutating func oweFull() {
        guard !fresh.contains(where: { $0.cause == .owed }) else { return }
        fresh.append(ClearOrder(cause: .owed, invalidation: .total, due: Instant(nanoseconds: 0)))
    }

    /// Other code is served: what was wanted for the code before is not wanted any more.
    mutating func addCode(switch number: Int, isSettled: Bool, due: Instant) {
        newestSwitch = number
        fresh.removeAll { $0.cause.isCode }
        failed.removeAll { $0.cause.isCode }
        let cause = Cause.code(switch: number, isSettled: isSettled)
        fresh.append(ClearOrder(cause: cause, invalidation: .plain, due: due))
    }

    /// Begins a clear if one is wanted and due.
    mutating func begin(
        now: Instant, isApplied: (VersionVector) -> Bool, ticket: () -> ApplyTicket
    ) -> ApplyTask? {
        guard running == nil else { return nil }
        ripen(now: now, isApplied)
        let isRetryDue = !failed.isEmpty && now >= notBefore
        if isRetryDue, isRetryTurn || !fresh.contains(where: { $0.due <= now }) {
            return run(failed.takeNext(), isRetry: true, isApplied, ticket())
        }
        let orders = takeFresh(now: now)
        guard !orders.isEmpty else { return nil }
        return run(orders, isRetry: false, isApplied, ticket())
    }

    /// Begins a clear for orders of a batch that is not durable yet, where nothing else is to be
    /// done; else they wait for their turn, which comes when it is durable.
    mutating func beginEarly(
        _ orders: [(id: EventID, invalidation: Invalidation)], of batch: Digest, now: Instant,
        isApplied: (VersionVector) -> Bool, ticket: () -> ApplyTicket
    ) -> ApplyTask? {
        guard running == nil, !orders.isEmpty, !fresh.contains(where: { $0.due <= now }),
            !ahead.contains(where: { $0.order.unlogged == batch }),
            // Whatever clears everything takes its turn with the other nodes.
            !Invalidation.joined(orders.map(\.invalidation)).everything
        else { return nil }
        let early = orders.map { id, invalidation in
            var order = ClearOrder(cause: .event(id), invalidation: invalidation, due: now)
            order.unlogged = batch
            return order
        }
        return run(early, isRetry: false, isApplied, ticket())
    }

    /// The batch of an order is durable; `nil` where no clear began for it before.
    ///
    /// - Returns: What is to be told, with its steps: nothing yet where the clear still runs.
    mutating func claim(
        _ id: EventID, of batch: Digest, now: Instant, jitter: inout Jitter
    ) -> (results: [Result], steps: [StepReceipt])? {
        func isMeant(_ order: ClearOrder) -> Bool {
            order.cause == .event(id) && order.unlogged == batch
        }
        if let index = running?.orders.firstIndex(where: isMeant) {
            running?.orders[index].unlogged = nil
            return ([], [])
        }
        guard let index = ahead.firstIndex(where: { isMeant($0.order) }) else { return nil }
        var ended = ahead.remove(at: index)
        ended.order.unlogged = nil
        let results = settle(
            [ended.order], isRetry: false, ended.outcome, ended.steps, now: now, jitter: &jitter)
        return (results, ended.steps)
    }

    private mutating func ripen(now: Instant, _ isApplied: (VersionVector) -> Bool) {
        guard !premature.isEmpty else { return }
        for order in premature where isApplied(order.invalidation.seen) {
            var order = order
            order.due = order.isTotal ? now + order.slot : now
            fresh.append(order)
        }
        premature.removeAll { isApplied($0.invalidation.seen) }
    }

    /// Orders cleared once that wait so long for their data that others are to hear of it.
    ///
    /// Whoever waits for them is spared a failure that the second clear takes back at once.
    mutating func takeOverdue(
        now: Instant, isApplied: (VersionVector) -> Bool
    ) -> [Result] {
        guard premature.contains(where: { $0.isUntold && $0.due <= now }) else { return [] }
        var results: [Result] = []
        for index in premature.indices
        where premature[index].isUntold && premature[index].due <= now
            && !isApplied(premature[index].invalidation.seen)
        {
            results.append(premature[index].tellEarly())
        }
        return results
    }

    /// The new orders that are due; a full clear takes all with it that it covers.
    private mutating func takeFresh(now: Instant) -> [ClearOrder] {
        var due = fresh.filter { $0.due <= now }
        if !due.contains(where: \.isTotal), Invalidation.joined(due.map(\.invalidation)).everything
        {
            // Together they name too much: a full clear, which waits for its slot.
            for index in fresh.indices where fresh[index].due <= now && !fresh[index].cause.isCode {
                fresh[index].becomeTotal()
                fresh[index].due = now + fresh[index].slot
            }
            due = fresh.filter { $0.due <= now }
        }
        guard due.contains(where: \.isTotal) else {
            fresh.removeAll { $0.due <= now }
            return due
        }
        let all = fresh.filter { $0.due <= now || !$0.cause.isCode } + failed.takeAll()
        fresh.removeAll { $0.due <= now || !$0.cause.isCode }
        return all
    }

    private mutating func run(
        _ orders: [ClearOrder], isRetry: Bool, _ isApplied: (VersionVector) -> Bool,
        _ ticket: ApplyTicket
    ) -> ApplyTask {
        var orders = orders
        for index in orders.indices {
            orders[index].attempt += 1
            let seen = orders[index].invalidation.seen
            if !orders[index].isRipe, isApplied(seen) { orders[index].becomeRipe() }
        }
        var spared = orders.first?.done ?? []
        for order in orders { spared.formIntersection(order.done) }
        let joined = Invalidation.joined(orders.map(\.invalidation))
        let attempt = max(1, orders.map(\.attempt).max() ?? 1)
        running = Run(ticket: ticket, orders: orders, isRetry: isRetry)
        return ApplyTask(
            ticket: ticket, work: .clear(joined, sparing: spared), attempt: attempt)
    }

    /// The clear that runs ended, with these steps.
    mutating func finish(
        _ outcome: ApplyOutcome, _ steps: [StepReceipt], now: Instant, jitter: inout Jitter
    ) -> [Result] {
        guard let run = running else { return [] }
        running = nil
        isRetryTurn = !run.isRetry
        for order in run.orders where order.unlogged != nil {
            ahead.append(Ahead(order: order, outcome: outcome, steps: steps))
        }
        // What is forgotten is cleared for again.
        ahead.removeFirst(max(0, ahead.count - Limits.clearsAhead))
        let logged = run.orders.filter { $0.unlogged == nil }
        guard !logged.isEmpty else { return [] }
        return settle(
            logged, isRetry: run.isRetry, outcome, steps, now: now, jitter: &jitter)
    }

    /// What a clear that ended means for orders whose batches are durable.
    private mutating func settle(
        _ orders: [ClearOrder], isRetry: Bool, _ outcome: ApplyOutcome, _ steps: [StepReceipt],
        now: Instant, jitter: inout Jitter
    ) -> [Result] {
        let failing = Set(steps.filter { $0.failure != nil }.map(\.target))
        let cleared = Set(steps.map(\.target)).subtracting(failing)
        var results: [Result] = []
        var undone: [ClearOrder] = []
        for var order in orders where !order.cause.isOutdated(by: newestSwitch) {
            let isDone =
                outcome.isSuccess || !failing.isEmpty && failing.isSubset(of: order.done)
            order.done.formUnion(cleared)
            results += order.results(isDone: isDone, outcome, failing)
            if isDone, !order.isRipe {
                order.done = []
                order.due = now + Limits.earlyClearPatience
                premature.append(order)
            } else if !isDone {
                undone.append(order)
            }
        }
        if isRetry { failed.split(undone) } else { failed.add(undone) }
        failed.foldBeyondLimit()
        schedule(afterRetry: isRetry, outcome, now: now, jitter: &jitter)
        return results
    }

    private mutating func schedule(
        afterRetry isRetry: Bool, _ outcome: ApplyOutcome, now: Instant, jitter: inout Jitter
    ) {
        if outcome.isSuccess || failed.isEmpty {
            // Every cache answers: what failed before need not wait any longer.
            // One that failed alone may be at fault itself, and is not tried with every success.
            failures = 0
            let mayBegin = isRetry || failed.hasUntried
            notBefore = mayBegin ? now : min(notBefore, now + Limits.clearBackoff.first)
        } else if isRetry || failures == 0 {
            failures += 1
            // Few groups are each tried as often as if they were the only ones that failed.
            let round = Limits.clearBackoff.wait(afterFailures: failures)
            let share = min(max(1, failed.groupCount), Limits.retriesInRound)
            let wait = max(Limits.clearBackoff.first, round / share)
            notBefore = now + jitter.around(wait)
        }
    }

    /// When a clear that waits for its slot or its next attempt is due.
    var nextDeadline: Instant? {
        guard running == nil else { return nil }
        let overdue = premature.filter(\.isUntold).map(\.due).min()
        return earlier(
            overdue, earlier(fresh.map(\.due).min(), failed.isEmpty ? nil : notBefore))
    }
}

extension ClearQueue.Cause {
    /// Whether other code is the cause.
    fileprivate var isCode: Bool {
        switch self {
        case .code: true
        case .event, .owed: false
        }
    }

    /// Whether still other code is served since.
    fileprivate func isOutdated(by newest: Int) -> Bool {
        if case .code(let number, _) = self { number != newest } else { false }
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
