// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// What one peer last said of itself.
struct Peer: Sendable {
    /// When its newest beacon came; `nil` where none did in this run.
    fileprivate(set) var heardAt: Instant?
    /// Its newest beacon.
    fileprivate(set) var beacon: Beacon?
    /// What its newest beacons said of its clock.
    fileprivate var clock = ClockSamples()
    /// Earlier runs of it, whose beacons are old.
    fileprivate var pastInstances: [InstanceID] = []
    fileprivate(set) var status: PeerStatus = .unknown
    fileprivate(set) var isSkewed = false
    /// What it says it holds, by log.
    fileprivate(set) var durable = VersionVector()
    /// What it says it has applied, by log.
    fileprivate(set) var applied = VersionVector()
    /// The closed logs of which it was noted that it holds and has applied what is here.
    var closedNoted: Digest?
    /// Since when all its heads differ from those here.
    var differsSince: Instant?
    /// When it was last asked for all its heads, and for records.
    var headsAskedAt: Instant?
    var recordsAskedAt: Instant?

    /// How far its clock is ahead of this node's; negative where it is behind.
    ///
    /// Unit: milliseconds.
    var offset: Int64? { clock.offset }
}

/// How far a clock is ahead, by the beacons of the last ``Limits/skewWindow``.
///
/// A beacon that was late makes the clock of its sender look as much behind, and none can be early:
/// the one that was least delayed is believed. Source: RFC 5905, section 10, the clock filter.
private struct ClockSamples: Sendable {
    /// Those that no later one betters, oldest first; so each is smaller than the one before.
    private var samples: [(heard: Instant, offset: Int64)] = []

    mutating func add(_ wall: WallTime, at now: Moment) {
        let offset = Int64(clamping: wall.milliseconds)
            .subtractingCapped(Int64(clamping: now.wall.milliseconds))
        samples.removeAll {
            $0.offset <= offset || now.instant.since($0.heard) > Limits.skewWindow
        }
        samples.append((now.instant, offset))
        if samples.count > Limits.skewSamples { samples.removeFirst() }
    }

    /// Unit: milliseconds.
    var offset: Int64? { samples.first?.offset }
}

extension Int64 {
    /// The difference, or the end of the range where it would overflow.
    func subtractingCapped(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        guard overflow else { return difference }
        return self < 0 ? .min : .max
    }
}

/// Who is alive, what each holds, and how their clocks differ.
struct PeerMonitor: Sendable {
    /// What a beacon is worth.
    enum Verdict: Equatable, Sendable {
        case fresh(isFirst: Bool)
        case rejected(String)
    }

    private(set) var peers: OrderedTable<NodeID, Peer> = OrderedTable()

    subscript(node: NodeID) -> Peer? {
        get { peers[node] }
        _modify { yield &peers[node] }
    }

    /// Takes in a beacon.
    mutating func hear(_ beacon: Beacon, at now: Moment) -> Verdict {
        let sender = beacon.sender
        guard peers[sender] != nil || peers.count < Limits.peers else {
            return .rejected("too many senders")
        }
        var peer = peers[sender] ?? Peer()
        if let last = peer.beacon {
            if last.instance == beacon.instance {
                guard beacon.number > last.number else { return .rejected("older than the last") }
            } else {
                guard !peer.pastInstances.contains(beacon.instance) else {
                    return .rejected("of an earlier run")
                }
                // A new run may have less: its disk may have been restored.
                peer.durable = VersionVector()
                peer.applied = VersionVector()
                peer.closedNoted = nil
                peer.pastInstances.append(last.instance)
                if peer.pastInstances.count > Limits.pastInstances {
                    peer.pastInstances.removeFirst()
                }
            }
        }
        let isFirst = peer.beacon == nil
        peer.beacon = beacon
        peer.heardAt = now.instant
        peer.clock.add(beacon.wall, at: now)
        for head in beacon.heads { peer.durable.raise(head.log, to: head.last) }
        peer.applied.merge(beacon.applied)
        peers[sender] = peer
        return .fresh(isFirst: isFirst)
    }

    /// Takes in an acknowledgement, or any other word on what a peer holds.
    mutating func note(_ log: EpochID, durable: SequenceNumber, by node: NodeID) {
        peers[node]?.durable.raise(log, to: durable)
    }

    mutating func note(_ log: EpochID, applied: SequenceNumber, by node: NodeID) {
        peers[node]?.applied.raise(log, to: applied)
    }

    /// A node says that it does not hold what lies behind a position.
    mutating func lower(_ log: EpochID, to last: SequenceNumber, by node: NodeID) {
        guard let durable = peers[node]?.durable, durable[log] > last else { return }
        peers[node]?.durable = VersionVector(
            durable.entries.map { ($0.log, $0.log == log ? last : $0.position) })
    }

    /// Makes sure that a node is known, so that what it says can be noted.
    mutating func meet(_ node: NodeID) {
        if peers[node] == nil, peers.count < Limits.peers { peers[node] = Peer() }
    }

    func durable(_ log: EpochID, of node: NodeID) -> SequenceNumber {
        peers[node]?.durable[log] ?? 0
    }

    func applied(_ log: EpochID, of node: NodeID) -> SequenceNumber {
        peers[node]?.applied[log] ?? 0
    }

    func status(of node: NodeID) -> PeerStatus { peers[node]?.status ?? .unknown }

    /// Peers that were heard and are not dead, in order.
    var reachable: [NodeID] {
        peers.keys.filter { [.alive, .suspect].contains(status(of: $0)) }
    }

    /// Lets statuses age; returns those that changed.
    mutating func update(now: Instant) -> [(node: NodeID, status: PeerStatus)] {
        var changes: [(node: NodeID, status: PeerStatus)] = []
        for node in peers.keys {
            guard let peer = peers[node], let heardAt = peer.heardAt else { continue }
            let silence = now.since(heardAt)
            let status: PeerStatus =
                silence >= Limits.deadAfter
                ? .dead : silence >= Limits.suspectAfter ? .suspect : .alive
            guard status != peer.status else { continue }
            peers[node]?.status = status
            changes.append((node, status))
        }
        return changes
    }

    /// Whether the peer's clock began or ceased to differ too much.
    mutating func checkSkew(of node: NodeID) -> Int64? {
        guard let peer = peers[node], let offset = peer.offset else { return nil }
        let isSkewed = offset.magnitude > Limits.skewAlarm.wholeMilliseconds
        guard isSkewed != peer.isSkewed else { return nil }
        peers[node]?.isSkewed = isSkewed
        return isSkewed ? offset : nil
    }

    /// When the next status changes, if nothing is heard.
    var nextDeadline: Instant? {
        var next: Instant?
        for node in peers.keys {
            guard let peer = peers[node], let heardAt = peer.heardAt else { continue }
            switch peer.status {
            case .alive, .unknown: next = earlier(next, heardAt + Limits.suspectAfter)
            case .suspect: next = earlier(next, heardAt + Limits.deadAfter)
            case .dead: continue
            }
        }
        return next
    }

    /// The own wall clock, or the median of all clocks where the own one is behind that: what the
    /// far future begins from.
    func reference(wall: WallTime) -> WallTime {
        var offsets: [Int64] = [0]
        for node in reachable { if let offset = peers[node]?.offset { offsets.append(offset) } }
        offsets.sort()
        let median = offsets[(offsets.count - 1) / 2]
        guard median > 0 else { return wall }
        return WallTime(milliseconds: wall.milliseconds.addingCapped(UInt64(median)))
    }
}

/// The earlier of two instants, where `nil` is never.
func earlier(_ left: Instant?, _ right: Instant?) -> Instant? {
    guard let left else { return right }
    guard let right else { return left }
    return min(left, right)
}
