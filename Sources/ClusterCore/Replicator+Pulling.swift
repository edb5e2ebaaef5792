// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// Finding out what is missing, and getting it from whoever holds it; and serving others.
extension Replicator {
    /// A log is known to go on beyond what is here.
    mutating func wantPull(of log: EpochID, isCertain: Bool) {
        guard book[log]?.isBehind == true || pulls[log] == nil else { return }
        if pulls[log] == nil {
            pulls[log] = ReplayPolicy(now: now.instant, isCertain: isCertain)
        } else if isCertain {
            pulls[log]?.hurry(now: now.instant)
        }
    }

    /// A peer says where a log ends on its disk.
    mutating func note(_ head: EpochHead, from peer: NodeID, isCertain: Bool) {
        guard isPossible(head.log) else { return }
        peers.note(head.log, durable: head.last, by: peer)
        guard head.last > 0 else { return }
        guard book.open(head.log) else { return report(.limitReached("logs")) }
        if appliers[head.log] == nil {
            appliers[head.log] = LogApplier(log: head.log, applied: 0)
        }
        guard let tracker = book[head.log], !tracker.isQuarantined else { return }
        switch tracker.compare(head) {
        case .level, .behind: break
        case .ahead:
            book[head.log]?.advertise(head.last)
            wantPull(of: head.log, isCertain: isCertain)
        case .conflicting(let id, _): probe(id, at: peer)
        }
    }

    /// A peer's word is no evidence against an origin; the batch that it holds is.
    private mutating func probe(_ id: EventID, at peer: NodeID) {
        if let last = probes[id.log], now.instant.since(last) < Limits.inquiryPause { return }
        probes[id.log] = now.instant
        let request = ReplayRequest(
            log: id.log, first: id.sequence, last: id.sequence, credit: Limits.batchBytes * 2)
        emit(.requestReplay(request, of: peer))
    }

    mutating func receiveHeads(_ heads: [EpochHead], from peer: NodeID) {
        guard others.contains(peer) else { return }
        for head in heads.prefix(Limits.headsInMessage) {
            note(head, from: peer, isCertain: true)
        }
    }

    /// How many pulls are out.
    var pullsOut: Int {
        pulls.keys.count { pulls[$0]?.outstanding != nil }
            + snapshots.keys.count { snapshots[$0]?.policy.outstanding != nil }
    }

    mutating func supervisePulls() {
        guard !pulls.isEmpty else { return }
        var free = Limits.pulls - pullsOut
        for log in pulls.keys {
            guard let tracker = book[log], tracker.isBehind else {
                report(.pullFinished(log, through: book.durable(log).last))
                pulls[log] = nil
                continue
            }
            if pulls[log]?.isOverdue(now: now.instant) == true {
                pulls[log]?.fail(now: now.instant, jitter: &jitter)
                free += 1
            }
            guard free > 0, pulls[log]?.isDue(now: now.instant) == true,
                tracker.wantsMore
            else { continue }
            if pull(log, tracker) { free -= 1 }
        }
    }

    private mutating func pull(_ log: EpochID, _ tracker: OriginTracker) -> Bool {
        let alive = peers.reachable
        let reachable = others.filter { alive.contains($0) }
        let holders = reachable.filter { peers.durable(log, of: $0) > tracker.tail.last }
        if !holders.isEmpty { pulls[log]?.claim() }
        let choice =
            pulls[log]?.choose(among: holders, origin: log.origin)
            ?? pulls[log]?.choose(among: reachable, origin: log.origin)
        guard let peer = choice else {
            endRound(of: log, tracker, reachable)
            return false
        }
        let request = ReplayRequest(
            log: log, first: tracker.tail.last.next, last: max(tracker.known, tracker.tail.last),
            credit: Limits.pullCredit)
        pulls[log]?.begin(request, of: peer, now: now.instant)
        report(.pullStarted(request, of: peer))
        emit(.requestReplay(request, of: peer))
        return true
    }

    /// Nobody reachable is left to ask.
    private mutating func endRound(
        of log: EpochID, _ tracker: OriginTracker, _ reachable: [NodeID]
    ) {
        if let floor = pulls[log]?.floor(above: tracker.tail.last) {
            let after = tracker.tail.last
            if book.jump(to: floor) {
                report(.gapUnprovable(log, after: after, floor: floor))
                oweFullClear(.gap(log))
                emit(.jump(floor: floor))
                appliers[log]?.jump(to: floor.last)
                advanced[log] = true
                restless[log] = true
                schedule.wantBeacon(now: now.instant)
                pulls[log]?.succeed(now: now.instant)
                wantState(of: log)
                return
            }
        } else if !reachable.isEmpty {
            if pulls[log]?.isUnservable(now: now.instant) == true {
                return giveUp(log, tracker)
            }
        }
        pulls[log]?.beginRound(now: now.instant, jitter: &jitter)
    }

    /// The rest of a log was shown once, and nobody reachable holds it: whoever did has lost it.
    ///
    /// It is not waited for until somebody shows it again.
    private mutating func giveUp(_ log: EpochID, _ tracker: OriginTracker) {
        pulls[log] = nil
        guard book[log]?.giveUp() == true else { return }
        report(.gapUnprovable(log, after: tracker.tail.last, floor: tracker.tail))
        oweFullClear(.gap(log))
    }

    mutating func endPull(_ request: ReplayRequest, _ end: ReplayEnd, from peer: NodeID) {
        if request.isStateOnly { return endSnapshot(request, end, from: peer) }
        guard let policy = pulls[request.log], let outstanding = policy.outstanding,
            outstanding.request == request, outstanding.peer == peer
        else { return }
        switch end {
        case .served:
            if let tail = book[request.log]?.tail.last, tail >= request.first {
                pulls[request.log]?.succeed(now: now.instant)
            } else {
                pulls[request.log]?.fail(now: now.instant, jitter: &jitter)
            }
        case .notHeld:
            pulls[request.log]?.refuse(peer, now: now.instant)
            peers.lower(request.log, to: request.first.previous, by: peer)
        case .truncated(let floor):
            guard floor.log == request.log, floor.last >= request.first else {
                report(.requestRejected(from: peer, reason: "impossible floor"))
                pulls[request.log]?.refuse(peer, now: now.instant)
                return
            }
            pulls[request.log]?.truncated(peer, floor: floor, now: now.instant)
        }
    }

    mutating func failPull(_ request: ReplayRequest, from peer: NodeID) {
        if request.isStateOnly { return failSnapshot(request, from: peer) }
        guard let outstanding = pulls[request.log]?.outstanding,
            outstanding.request == request, outstanding.peer == peer
        else { return }
        pulls[request.log]?.fail(now: now.instant, jitter: &jitter)
    }

    /// When a pull is due; those that wait for a free slot or for the disk wait for no time.
    var pullDeadline: Instant? {
        let hasSlot = pullsOut < Limits.pulls
        return pulls.keys.compactMap { log -> Instant? in
            guard let policy = pulls[log] else { return nil }
            if policy.outstanding == nil {
                guard hasSlot, book[log]?.wantsMore ?? true else { return nil }
            }
            return policy.deadline
        }.min()
    }

    mutating func serve(_ request: ReplayRequest, _ ticket: ReplyTicket, for peer: NodeID) {
        guard request.first > 0, request.last >= request.first, request.credit > 0 else {
            report(.requestRejected(from: peer, reason: "impossible replay request"))
            return emit(.refuseReplay(request, ticket, .notHeld))
        }
        let durable = book.durable(request.log).last
        if request.isStateOnly { return serveState(request, ticket, for: peer) }
        guard durable >= request.first else {
            return emit(.refuseReplay(request, ticket, .notHeld))
        }
        if let floor = book[request.log]?.floor, request.first <= floor.last {
            return emit(.refuseReplay(request, ticket, .truncated(floor)))
        }
        guard server.begin(ticket, for: peer) else {
            return emit(.refuseReplay(request, ticket, .notHeld))
        }
        let clipped = ReplayRequest(
            log: request.log, first: request.first, last: min(request.last, durable),
            credit: min(request.credit, Limits.pullCredit))
        emit(.serveReplay(clipped, ticket))
    }

    mutating func answerHeads(of origin: NodeID?, _ ticket: ReplyTicket) {
        let heads = book.heads(of: origin)
        // All are asked for in pages; those of one origin fit into one, the newest at least.
        emit(
            .answerHeads(origin == nil ? heads : Array(heads.suffix(Limits.headsInMessage)), ticket)
        )
    }

    mutating func truncateIfDue() {
        guard now.instant >= schedule.nextCut else { return }
        schedule.nextCut = now.instant + Limits.cutInterval
        let reachable = peers.reachable
        var present = others.filter { reachable.contains($0) }
        // Whoever is cut off from everybody forgets nothing that is nowhere else.
        if present.isEmpty { present = others }
        let cuts = truncation.cut(
            wall: now.wall, horizon: configuration.horizon, capacity: configuration.capacity
        ) { log in
            let own = min(book.durable(log).last, appliers[log]?.applied ?? 0)
            return (
                all: others.reduce(own) { min($0, peers.durable(log, of: $1)) },
                present: present.reduce(own) { min($0, peers.durable(log, of: $1)) }
            )
        }
        for floor in cuts {
            book[floor.log]?.truncate(to: floor)
            emit(.truncate(floor: floor))
            report(.truncated(floor))
        }
    }
}
