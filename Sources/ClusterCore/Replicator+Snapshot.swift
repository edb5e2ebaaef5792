// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// State from below a floor that was jumped to, from whoever kept it; and serving it to others.
///
/// Law: what is missing is written down with the jump, so that a restart goes on with it; a node
/// that misses state itself never says that there is none.
extension Replicator {
    /// A log was jumped over, now or in an earlier run: its state is fetched.
    mutating func wantState(of log: EpochID) {
        guard snapshots[log] == nil, let tracker = book[log], tracker.missingState != nil,
            !tracker.isQuarantined
        else { return }
        snapshots[log] = SnapshotPull(now: now.instant)
    }

    mutating func wantMissingState() { for log in book.logs { wantState(of: log) } }

    mutating func superviseSnapshots() {
        guard !snapshots.isEmpty, start.mayApply else { return }
        var free = Limits.pulls - pullsOut
        for log in snapshots.keys {
            guard let missing = book[log]?.missingState, snapshots[log]?.isWaiting == false
            else { continue }
            if snapshots[log]?.policy.isOverdue(now: now.instant) == true {
                snapshots[log]?.discard()
                snapshots[log]?.policy.fail(now: now.instant, jitter: &jitter)
                free += 1
            }
            guard free > 0, snapshots[log]?.policy.isDue(now: now.instant) == true else {
                continue
            }
            if pullState(missing) { free -= 1 }
        }
    }

    private mutating func pullState(_ missing: EventRange) -> Bool {
        let log = missing.log
        let alive = peers.reachable
        let reachable = others.filter { alive.contains($0) }
        let choice = snapshots[log]?.policy.choose(among: reachable, origin: log.origin)
        guard let peer = choice else {
            endSnapshotRound(of: missing, reachable)
            return false
        }
        let request = ReplayRequest(
            log: log, first: missing.first, last: missing.last, credit: Limits.pullCredit,
            isStateOnly: true)
        snapshots[log]?.policy.begin(request, of: peer, now: now.instant)
        report(.pullStarted(request, of: peer))
        emit(.requestReplay(request, of: peer))
        return true
    }

    /// Everybody reachable was asked: only where that is every member, and for long, is it lost.
    private mutating func endSnapshotRound(of missing: EventRange, _ reachable: [NodeID]) {
        let log = missing.log
        let isHopeless = snapshots[log]?.policy.isUnservable(
            for: Limits.unservedPatience, now: now.instant)
        snapshots[log]?.isHopeless = isHopeless == true
        let isLost = snapshots[log]?.policy.isUnservable(
            for: Limits.statePatience, now: now.instant)
        snapshots[log]?.policy.beginRound(now: now.instant, jitter: &jitter)
        guard isLost == true, !reachable.isEmpty, reachable.count == others.count else { return }
        snapshots[log]?.isLost = true
        report(.stateUnprovable(missing))
    }

    /// Whether a batch belongs to an answer with state from below a floor, which keeps it.
    mutating func stage(_ batch: VerifiedBatch, from peer: NodeID) -> Bool {
        let header = batch.header
        guard let outstanding = snapshots[header.log]?.policy.outstanding,
            outstanding.peer == peer, header.first >= outstanding.request.first,
            header.last <= outstanding.request.last, batch.holdsState,
            let floor = book[header.log]?.floor
        else { return false }
        snapshots[header.log]?.policy.progressed(from: peer, now: now.instant)
        snapshots[header.log]?.stage(batch, floor: floor)
        return true
    }

    mutating func endSnapshot(_ request: ReplayRequest, _ end: ReplayEnd, from peer: NodeID) {
        guard let snapshot = snapshots[request.log], let outstanding = snapshot.policy.outstanding,
            outstanding.request == request, outstanding.peer == peer
        else { return }
        guard end == .served, !snapshot.isImpossible else {
            if snapshot.isImpossible {
                report(.requestRejected(from: peer, reason: "state that contradicts its log"))
            }
            snapshots[request.log]?.discard()
            snapshots[request.log]?.policy.refuse(peer, now: now.instant)
            return
        }
        let batches = snapshots[request.log]?.takeStaged() ?? []
        snapshots[request.log]?.policy.succeed(now: now.instant)
        // What may be missing behind the last one is asked for next: none says that there is none.
        keep(batches, of: request.log, through: batches.last?.header.last ?? request.last)
    }

    mutating func failSnapshot(_ request: ReplayRequest, from peer: NodeID) {
        guard let outstanding = snapshots[request.log]?.policy.outstanding,
            outstanding.request == request, outstanding.peer == peer
        else { return }
        snapshots[request.log]?.discard()
        snapshots[request.log]?.policy.fail(now: now.instant, jitter: &jitter)
    }

    private mutating func keep(
        _ batches: [VerifiedBatch], of log: EpochID, through last: SequenceNumber
    ) {
        let ticket = AppendTicket(lastAppend + 1)
        lastAppend += 1
        appends[ticket] = log
        snapshots[log]?.ticket = ticket
        snapshots[log]?.kept = batches
        snapshots[log]?.through = last
        // Owed before it is on disk, so that neither is there without the other.
        if batches.contains(where: { $0.events.contains(where: \.content.isInvalidation) }) {
            oweFullClear(.gap(log))
        }
        let entries = batches.map { LogEntry(batch: $0, disposition: disposition(of: $0)) }
        emit(.keepState(entries, of: log, through: last, ticket))
    }

    /// A portion is on disk: what it holds of state is folded as if it came in its turn.
    ///
    /// Nothing else of it takes effect: what was jumped over is covered by the full clear. That
    /// began before an order to clear which comes with the state, so there is one more then.
    mutating func completeState(of log: EpochID) {
        guard let snapshot = snapshots[log] else { return }
        snapshots[log]?.ticket = nil
        snapshots[log]?.kept = []
        book[log]?.completeState(through: snapshot.through)
        for batch in snapshot.kept {
            observe(batch.events.last?.timestamp ?? batch.header.timestamp)
            truncation.grow(log, by: batch)
            var memo = JudgementMemo()
            for index in batch.events.indices where batch.events[index].content.isState {
                let scopes = batch.events[index].content.requiredScopes
                let judgement = memo.judge(batch, scopes, authority, now.wall)
                apply(Look(batch: batch, index: index, judgement: judgement, visit: nil))
            }
        }
        advanced[log] = true
        guard book[log]?.missingState == nil else { return }
        report(.stateCompleted(log, through: snapshot.through))
        snapshots[log] = nil
    }

    mutating func failState(of log: EpochID, reason: String) {
        report(.appendFailed(log, reason: reason))
        snapshots[log]?.ticket = nil
        snapshots[log]?.kept = []
        snapshots[log]?.policy.fail(now: now.instant, jitter: &jitter)
    }

    /// When state is asked for next; what waits for the disk or a free slot waits for no time.
    var snapshotDeadline: Instant? {
        guard start.mayApply else { return nil }
        let hasSlot = pullsOut < Limits.pulls
        return snapshots.keys.compactMap { log -> Instant? in
            guard let snapshot = snapshots[log], !snapshot.isWaiting,
                hasSlot || snapshot.policy.outstanding != nil
            else { return nil }
            return snapshot.policy.deadline
        }.min()
    }

    /// Serves what this node holds of state in a range that it knows whole.
    mutating func serveState(
        _ request: ReplayRequest, _ ticket: ReplyTicket, for peer: NodeID
    ) {
        guard let tracker = book[request.log], !tracker.isQuarantined,
            tracker.durable.last >= request.last,
            tracker.missingState.map({ $0.first > request.last || $0.last < request.first })
                ?? true,
            server.begin(ticket, for: peer)
        else { return emit(.refuseReplay(request, ticket, .notHeld)) }
        emit(
            .serveReplay(
                ReplayRequest(
                    log: request.log, first: request.first, last: request.last,
                    credit: min(request.credit, Limits.pullCredit), isStateOnly: true), ticket))
    }
}

extension VerifiedBatch {
    /// Whether it holds an event that truncation keeps.
    var holdsState: Bool { events.contains { $0.content.isState } }
}

extension EventContent {
    /// Whether it is an order to clear.
    var isInvalidation: Bool {
        switch self {
        case .invalidation: true
        case .application, .revision, .lock, .receipt, .checkpoint, .unknown: false
        }
    }
}
