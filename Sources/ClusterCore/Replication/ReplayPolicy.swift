// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// When, and from whom, the gap of one log is pulled.
///
/// One request is out at a time; the origin is asked first, then whoever holds it, in turn; waits
/// double, with full jitter, so that a heal is no storm.
struct ReplayPolicy: Sendable {
    /// A request which is out.
    struct Outstanding: Equatable, Sendable {
        let request: ReplayRequest
        let peer: NodeID
        var progress: Instant
    }

    /// No request goes out before.
    private(set) var notBefore: Instant
    private(set) var outstanding: Outstanding?
    private(set) var failures = 0
    private var rotation = 0
    private var floors: OrderedTable<NodeID, EpochHead> = OrderedTable()
    private var refused: [NodeID] = []
    /// Since when nobody says that he holds it.
    private var unclaimedSince: Instant?

    /// A gap that was seen now; it gets some time to close by itself unless it is known for sure.
    init(now: Instant, isCertain: Bool) {
        notBefore = isCertain ? now : now + Limits.gapPatience
    }

    /// The gap is certain: do not wait for it to close by itself.
    mutating func hurry(now: Instant) {
        if failures == 0 { notBefore = min(notBefore, now) }
    }

    /// When something is due, if there is a slot for another request.
    var deadline: Instant {
        outstanding.map { $0.progress + Limits.pullPatience } ?? notBefore
    }

    func isDue(now: Instant) -> Bool { outstanding == nil && now >= notBefore }

    func isOverdue(now: Instant) -> Bool {
        outstanding.map { now >= $0.progress + Limits.pullPatience } ?? false
    }

    /// Those of the candidates who have not said that they do not hold it.
    func willing(of candidates: [NodeID]) -> [NodeID] {
        candidates.filter { floors[$0] == nil && !refused.contains($0) }
    }

    /// Whom to ask; `nil` where nobody is left in this round.
    mutating func choose(among candidates: [NodeID], origin: NodeID) -> NodeID? {
        let willing = willing(of: candidates)
        guard !willing.isEmpty else { return nil }
        if failures == 0, willing.contains(origin) { return origin }
        rotation += 1
        return willing[rotation % willing.count]
    }

    mutating func begin(_ request: ReplayRequest, of peer: NodeID, now: Instant) {
        outstanding = Outstanding(request: request, peer: peer, progress: now)
    }

    /// A batch of the log came from the peer that was asked.
    mutating func progressed(from peer: NodeID, now: Instant) {
        if outstanding?.peer == peer { outstanding?.progress = now }
    }

    /// The request brought the log forward: the next may go out at once.
    mutating func succeed(now: Instant) {
        outstanding = nil
        failures = 0
        notBefore = now
        refused.removeAll()
        unclaimedSince = nil
    }

    mutating func fail(now: Instant, jitter: inout Jitter) {
        outstanding = nil
        failures += 1
        notBefore = now + jitter.full(Limits.pullBackoff.wait(afterFailures: failures))
    }

    /// The peer does not hold it: the next one is asked at once.
    mutating func refuse(_ peer: NodeID, now: Instant) {
        outstanding = nil
        refused.append(peer)
        notBefore = now
    }

    /// The peer's log begins later: the next one is asked at once.
    mutating func truncated(_ peer: NodeID, floor: EpochHead, now: Instant) {
        outstanding = nil
        floors[peer] = floor
        notBefore = now
    }

    /// Where everybody reachable truncated it: the lowest floor above the position.
    func floor(above last: SequenceNumber) -> EpochHead? {
        floors.keys.compactMap { floors[$0] }.filter { $0.last > last }.min()
    }

    /// Somebody says that he holds it.
    mutating func claim() { unclaimedSince = nil }

    /// Everybody was asked: whether all have said for long enough that they do not hold it, and
    /// nobody has claimed to since.
    mutating func isUnservable(
        for patience: Duration = Limits.unservedPatience, now: Instant
    ) -> Bool {
        let since = unclaimedSince ?? now
        unclaimedSince = since
        return now.since(since) >= patience
    }

    /// Everybody may be asked again, after a wait.
    mutating func beginRound(now: Instant, jitter: inout Jitter) {
        refused.removeAll()
        floors.removeAll()
        fail(now: now, jitter: &jitter)
    }
}

/// Which replays are being served: bounded in number, so that a heal is no storm.
struct ReplayServer: Sendable {
    private var tickets: OrderedTable<ReplyTicket, NodeID> = OrderedTable()

    var count: Int { tickets.count }

    /// Takes a slot; `false` where none is free.
    mutating func begin(_ ticket: ReplyTicket, for peer: NodeID) -> Bool {
        let ofPeer = tickets.keys.count { tickets[$0] == peer }
        guard tickets.count < Limits.servedReplays.all, ofPeer < Limits.servedReplays.perPeer
        else { return false }
        tickets[ticket] = peer
        return true
    }

    mutating func end(_ ticket: ReplyTicket) { tickets[ticket] = nil }
}
