// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// When this node clears its caches, and what it remembers of that.
extension Replicator {
    /// How long this node waits before it clears everything for an event.
    ///
    /// Nobody is asked: the members that are alive take turns in the order of their IDs, which
    /// begins elsewhere for each event. Members that see others alive may take one slot, which
    /// costs warmth and nothing else.
    func slot(for id: EventID) -> Duration {
        guard readiness.isReady, configuration.stagger > .zero else { return .zero }
        let alive = others.filter { peers.status(of: $0) == .alive }
        let place = UInt64(alive.count { $0 < node })
        let count = UInt64(alive.count + 1)
        let rank = (place &+ id.sequence.value % count) % count
        return min(configuration.stagger, Limits.staggerSpan / Int(count)) * Int(rank)
    }

    /// A batch that was accepted may hold orders for which caches can be cleared at once, beside
    /// its commit: where it is next, so that nothing before it is unjudged.
    ///
    /// A crash before the commit leads to another clear, which does no harm. What counts (the
    /// receipt, the watermark) waits for the commit as ever.
    mutating func noteEarly(_ batch: VerifiedBatch) {
        let log = batch.header.log
        guard early == nil, appliers[log]?.handed.next == batch.header.first,
            batch.events.contains(where: \.content.isInvalidation)
        else { return }
        early = batch
    }

    /// The orders of that batch which this node allows.
    var earlyOrders: [(id: EventID, invalidation: Invalidation)] {
        guard let early else { return [] }
        var memo = JudgementMemo()
        var orders: [(id: EventID, invalidation: Invalidation)] = []
        for (index, event) in early.events.enumerated() {
            guard case .invalidation(let order) = event.content,
                case .allowed = memo.judge(
                    early, event.content.requiredScopes, authority, now.wall)
            else { continue }
            orders.append((early.id(at: index), order))
        }
        return orders
    }

    /// An order is durable; whether a clear for it began before that.
    mutating func claimClear(_ look: Look) -> Bool {
        let claimed = clears.claim(
            look.id, of: look.batch.hash, now: now.instant, jitter: &jitter)
        guard let (results, steps) = claimed else { return false }
        tell(results, steps)
        return true
    }

    /// A clear ended.
    mutating func finishClear(_ outcome: ApplyOutcome, _ steps: [StepReceipt]) {
        let results = clears.finish(outcome, steps, now: now.instant, jitter: &jitter)
        tell(results, steps)
        for result in results where result.event == nil { finishOwn(result) }
    }

    /// Clears came too early, and what they speak of does not arrive.
    mutating func tellOverdueClears(isApplied: (VersionVector) -> Bool) {
        tell(clears.takeOverdue(now: now.instant, isApplied: isApplied), [])
    }

    /// Says what came of orders, and writes it down.
    ///
    /// What others know already is neither said nor written again, as retries never end.
    private mutating func tell(_ results: [ClearQueue.Result], _ steps: [StepReceipt]) {
        let events = results.compactMap { result in result.event.map { ($0, result) } }
        for (id, result) in events.sorted(by: { $0.0 < $1.0 })
        where result.audience != .nobody {
            close(id.alone, result.outcome, attempt: result.attempt)
            guard result.audience == .everyone else { continue }
            if case .failed(let reason) = result.outcome {
                report(.applyFailed(id.alone, attempt: result.attempt, reason: reason))
            }
            publish(
                Receipt(
                    subject: id.alone, outcome: result.outcome, steps: steps,
                    attempt: result.attempt))
        }
    }

    /// A clear ended that no event had asked for.
    private mutating func finishOwn(_ result: ClearQueue.Result) {
        if case .failed(let reason) = result.outcome {
            return report(.clearFailed(attempt: result.attempt, reason: reason))
        }
        switch result.cause {
        case .event: break
        case .owed:
            report(.fullClearDone)
            guard !clears.owesFull else { return }
            remember { $0.owesFull = false }
        case .code(let number, isSettled: false):
            clears.addCode(
                switch: number, isSettled: true, due: now.instant + configuration.settle)
        case .code(_, isSettled: true):
            report(.codeCleared)
            remember { $0.isCodeCleared = true }
        }
    }

    /// A full clear is owed, which this node is not ready without.
    ///
    /// Call before the effect that makes it owed, so that neither is on disk without the other.
    mutating func oweFullClear(_ reason: Observation.ClearReason) {
        clears.oweFull()
        remember { $0.owesFull = true }
        report(.fullClearOwed(reason))
    }

    /// What was owed when the last process ended.
    mutating func resumeClears() {
        if readiness.hasOwedClear {
            oweFullClear(code.record.owesFull ? .interrupted : .lostHistory)
        }
        if !code.record.isCodeCleared {
            clears.addCode(switch: code.beginSwitch(), isSettled: false, due: now.instant)
        }
    }

    /// Somebody looked at the code that is served.
    ///
    /// Where it is another than the caches were cleared for, they are cleared now, and once more
    /// when requests that were under way with the old one can have refilled nothing any more.
    mutating func takeServed(_ commits: [RepositoryCommit]) {
        let commits = commits.sorted { ($0.path, $0.commit) < ($1.path, $1.commit) }
        guard code.take(commits), code.record.code != commits else { return }
        let isFirst = code.record.code == nil
        remember {
            $0.code = commits
            // What the caches hold when a node looks for the first time is the start's concern.
            $0.isCodeCleared = isFirst
        }
        guard !isFirst else { return }
        report(.codeSwitched)
        clears.addCode(switch: code.beginSwitch(), isSettled: false, due: now.instant)
    }

    /// Nobody can tell which code is served; what was known counts on.
    mutating func failSurvey(_ reason: String) {
        code.isSurveyed = true
        report(.surveyFailed(reason))
    }

    private mutating func remember(_ change: (inout ClearRecord) -> Void) {
        let before = code.record
        change(&code.record)
        if code.record != before { emit(.recordClears(code.record)) }
    }
}

extension ClearQueue.Result {
    /// The event that asked for the clear; `nil` where none did.
    fileprivate var event: EventID? {
        if case .event(let id) = cause { id } else { nil }
    }
}
