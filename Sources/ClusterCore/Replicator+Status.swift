// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// What a core tells about itself; nothing of it decides anything.
public struct CoreStatus: Hashable, Sendable {
    /// Another member as this node sees it.
    public struct Member: Hashable, Sendable {
        /// Who.
        public let node: NodeID
        /// What is known of it from its beacons.
        public let status: PeerStatus
        /// When its newest beacon came; `nil` where none came in this run.
        public let heardAt: Instant?
        /// How far its clock is ahead of this node's; negative where it is behind.
        ///
        /// Unit: milliseconds.
        public let clockOffset: Int64?
        /// Whether it says that it is ready.
        public let isReady: Bool
        /// Whether its users file allows the same as this node's.
        public let hasEqualPolicy: Bool
        /// How many events this node holds that it is not known to hold, of the newest logs.
        public let lag: UInt64
    }

    /// One log.
    public struct Log: Hashable, Sendable {
        /// Its durable end.
        public let head: EpochHead
        /// How far it is applied.
        public let applied: SequenceNumber
        /// How far it is known to go.
        public let known: SequenceNumber
        /// Whether it has two histories.
        public let isQuarantined: Bool
    }

    /// What was said of the update lock last.
    public struct Lock: Hashable, Sendable {
        /// The event.
        public let event: EventID
        /// The grant under which it was said: it tells whose the lock is.
        public let grant: Digest
        /// Its generation; who changes the lock next has the one after it.
        public let generation: UInt64
        /// Since when it is held; `nil`: it is not.
        public let since: WallTime?
        /// Why.
        public let reason: String
        /// When it ends by itself.
        public let expires: WallTime

        /// Whether it is held when a clock shows that.
        public func isHeld(at wall: WallTime) -> Bool { since != nil && wall < expires }
    }

    /// The other members, in order.
    public let members: [Member]
    /// The newest log of every origin, in order.
    public let logs: [Log]
    /// The epoch this process signs under; `nil` before it is durable.
    public let epoch: LogEpoch?
    /// Whether a process with this node's identity was heard.
    public let isCloned: Bool
    /// What stands in the way of being ready.
    public let readiness: Readiness
    /// Events that are withheld: their users are not allowed here.
    public let refusedEvents: UInt64
    /// Events that are parked.
    public let parkedEvents: UInt64
    /// State events that wait for their time.
    public let farFutureEvents: Int
    /// What the installation's code should be; `nil` before the first proposal.
    public let revision: EventID?
    /// The commits of that revision, in the order of their paths; empty before the first proposal.
    public let revisionCommits: [RepositoryCommit]
    /// What was said of the update lock last; `nil` before anybody did.
    public let lock: Lock?
    /// The commits that are served, by path; `nil` before anybody looked.
    public let served: [RepositoryCommit]?
    /// Whether nobody has tried to look in this run.
    public let isCodeUnknown: Bool
}

extension CoreStatus.Lock {
    /// What a change says; no later than its stamp, and never without an end.
    init(_ entry: LockEntry) {
        let stamp = entry.timestamp.milliseconds
        let claim = entry.change.claim
        event = entry.id
        grant = entry.grant
        generation = entry.change.generation
        since = claim.map { WallTime(milliseconds: min($0.since?.milliseconds ?? stamp, stamp)) }
        reason = claim?.reason ?? ""
        let end = stamp.addingCapped(claim?.ttl ?? 0)
        expires = WallTime(
            milliseconds: HybridTimestamp(milliseconds: end, counter: 0).milliseconds)
    }
}

extension Replicator {
    /// What to show to people.
    public var status: CoreStatus {
        let heads = book.newestHeads
        return CoreStatus(
            members: others.map { member($0, heads) },
            logs: heads.map { head in
                CoreStatus.Log(
                    head: head, applied: appliers[head.log]?.applied ?? 0,
                    known: max(head.last, book[head.log]?.known ?? 0),
                    isQuarantined: book[head.log]?.isQuarantined ?? false)
            },
            epoch: start.epoch, isCloned: start.isCloned,
            readiness: readiness.told ?? Readiness(obstacles: [.awaitingOwnHeads]),
            refusedEvents: shelf.count(of: .refused), parkedEvents: shelf.count(of: .parked),
            farFutureEvents: farFuture.held.count, revision: register.current?.id,
            revisionCommits: register.current?.proposal.commits ?? [],
            lock: lock.current.map(CoreStatus.Lock.init), served: code.served,
            isCodeUnknown: !code.isSurveyed)
    }

    private func member(_ node: NodeID, _ heads: [EpochHead]) -> CoreStatus.Member {
        let peer = peers[node]
        let lag = heads.reduce(UInt64(0)) { sum, head in
            let durable = peer?.durable[head.log] ?? 0
            // Floors are peers' claims, so that a sum may be beyond any number.
            return sum &+ (head.last > durable ? head.last.value - durable.value : 0)
        }
        return CoreStatus.Member(
            node: node, status: peers.status(of: node), heardAt: peer?.heardAt,
            clockOffset: peer?.offset, isReady: peer?.beacon?.isReady ?? false,
            hasEqualPolicy: peer?.beacon.map { $0.allowed == authority.allowedDigest } ?? true,
            lag: lag)
    }

    /// Accounts, grants, members and the users file, as they are now.
    public var currentAuthority: Authority { authority }

    /// The durable ends of all logs, closed ones too, in order.
    public var heads: [EpochHead] { book.heads(of: nil) }

    /// Whether an event is parked here, and so can be tried again.
    public func isParked(_ event: EventID) -> Bool { shelf.holds(event, .parked) }

    /// What came of an event on every member: its last word, or what its watermark tells; `nil`
    /// where it has said nothing.
    public func outcomes(of id: EventID) -> [(node: NodeID, outcome: ApplyOutcome?)] {
        ([node] + others).sorted().map { member in
            if let said = table.outcome(of: id, on: member) { return (member, said) }
            let applied =
                member == node
                ? appliers[id.log]?.applied ?? 0 : peers.applied(id.log, of: member)
            return (member, applied >= id.sequence ? .applied : nil)
        }
    }
}
