// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// Everything that a core can ask of its shells, to be done in the order given.
///
/// An effect which can fail, and whose failure matters, names the input that completes it.
public enum Effect: Hashable, Sendable {
    /// What a change of accounts, grants, members or the users file asks for.
    case authority(AuthorityChange)

    // Own log.
    /// Make the epoch durable; completed by `epochPersisted`.
    case persistEpoch(LogEpoch)
    /// Encode and sign; completed by `sealed`.
    case seal(BatchDraft)
    /// Send a batch to every subscriber: one of our own, or a content of a log that has two
    /// histories.
    case broadcast(VerifiedBatch)
    /// Tell who asked what came of it.
    ///
    /// The last word on that ticket.
    case resolve(PublishTicket, PublishResult)

    // The event log.
    /// Make every entry durable, all or none; completed by `appended` with that ticket.
    ///
    /// Tickets of
    /// one log complete in the order in which they were given.
    case append([LogEntry], AppendTicket)
    /// Make every entry durable below the floor of its log, which continues nothing, and write
    /// down that no state is missing there through the position; completed as `append`.
    case keepState([LogEntry], of: EpochID, through: SequenceNumber, AppendTicket)
    /// Read batches back; completed by `loaded`.
    ///
    /// What is not held is left out.
    case load(EventRange)
    /// Write down how far a log is applied, and what came of events.
    case recordApplied(AppliedRecord)
    /// Write down what a member, this one too, said of events.
    case recordReceipt(Receipt, by: NodeID, at: HybridTimestamp)
    /// Write down what this node owes its caches.
    ///
    /// It survives whatever effect comes later, so nothing waits for it.
    case recordClears(ClearRecord)
    /// Write down that the stored batch which holds a position may do something else now.
    case dispose(EpochID, holding: SequenceNumber, LogEntry.Disposition)
    /// Write down a content of a log that has two histories, to be shown after a restart too.
    case keepEvidence(VerifiedBatch)
    /// Forget the batches of a log through the floor, and remember the floor.
    case truncate(floor: EpochHead)
    /// A log goes on behind a gap that nobody can fill: remember the floor that it goes on from.
    case jump(floor: EpochHead)

    // To peers.
    /// Sign and send a beacon.
    case broadcastBeacon(Beacon)
    /// Tell a log's origin what we have of it.
    case acknowledge(Acknowledgement, to: NodeID)
    /// Ask for part of a log; completed by `replayEnded` or `replayFailed`.
    case requestReplay(ReplayRequest, of: NodeID)
    /// Send the batches that overlap the range, within the credit, then `ReplayEnd.served`;
    /// completed by `replayServed`.
    ///
    /// Of state only, sending none says that there are none; else that the range is not held.
    case serveReplay(ReplayRequest, ReplyTicket)
    /// Answer a request for replay without any batch.
    case refuseReplay(ReplayRequest, ReplyTicket, ReplayEnd)
    /// Ask a peer for all its heads; completed by `headsReceived`.
    case requestHeads(of: NodeID)
    /// Ask a peer for what it holds of our own logs; completed by `ownHeadsReceived`.
    case requestOwnHeads(of: NodeID)
    /// Compare records of authority with a peer's, and fetch what is missing.
    case requestRecords(of: NodeID)
    /// Answer a request for heads, in order; of all origins they may be more than fit into one
    /// message.
    case answerHeads([EpochHead], ReplyTicket)
    /// Fetch a blob; completed by `blobStored` or `blobFailed`.
    case requestBlob(BlobReference, of: NodeID)
    /// Disconnect from the peer and connect again: libzmq may have given up on it.
    case relink(NodeID, attempt: Int, freshSocket: Bool)

    // Here.
    /// Hand events of a batch to local subscribers: durable, and allowed here.
    case deliver(VerifiedBatch, indices: Range<Int>)
    /// Have a handler or the caches do something; completed by `applied` with the task's ticket.
    case apply(ApplyTask)
    /// Whether this node is fit to serve changed.
    case readiness(Readiness)
    /// For log lines and counters.
    case report(Observation)
    /// End the process, and with it the epoch.
    case stop(StopReason)
}

/// A batch to be made durable, and why it is not applied where it is not.
public struct LogEntry: Hashable, Sendable {
    /// What the receiver thought of a batch when it came.
    public enum Disposition: UInt8, Hashable, Sendable {
        /// To be applied.
        case accepted = 0
        /// Its user is not allowed here: stored whole, not applied.
        case withheld = 1
        /// Its date is not proven.
        case held = 2
        /// Its log has two contents for one position: stored, never applied.
        case quarantined = 3
    }

    /// The batch.
    public let batch: VerifiedBatch
    /// What the receiver thought of it.
    ///
    /// A remark for people: what decides is judged again.
    public let disposition: Disposition

    /// Joins a batch with what is thought of it.
    public init(batch: VerifiedBatch, disposition: Disposition) {
        self.batch = batch
        self.disposition = disposition
    }
}

/// How far a log is applied, and what came of events on the way.
public struct AppliedRecord: Hashable, Sendable {
    /// What came of a run of events here.
    public struct Entry: Hashable, Sendable {
        /// Which events.
        public let subject: EventRange
        /// What came of them.
        ///
        /// Not final: they are read again at the next start.
        public let outcome: ApplyOutcome
        /// How often it was tried, from 0 for what waits.
        public let attempt: Int

        /// States what came of events.
        public init(subject: EventRange, outcome: ApplyOutcome, attempt: Int) {
            self.subject = subject
            self.outcome = outcome
            self.attempt = attempt
        }
    }

    /// Which log.
    public let log: EpochID
    /// Every position through this one is applied, or has an entry that says why not.
    public let through: SequenceNumber
    /// What is not plainly applied, or is so now after an entry that said otherwise.
    ///
    /// A later entry replaces earlier ones of the same events; a plain `applied` removes them.
    public let entries: [Entry]

    /// States how far a log is applied.
    public init(log: EpochID, through: SequenceNumber, entries: [Entry] = []) {
        self.log = log
        self.through = through
        self.entries = entries
    }
}

/// Something for a handler or the caches to do.
///
/// Doing it twice does no harm.
public struct ApplyTask: Hashable, Sendable {
    /// What is to be done.
    public enum Work: Hashable, Sendable {
        /// Clear what the order names, but for these targets, which were done by an attempt before;
        /// it may join the orders of several events.
        case clear(Invalidation, sparing: Set<String>)
        /// Run a handler of the configuration, by its index, for an event.
        case handle(handler: Int, EventID, ApplicationEvent)
    }

    /// Comes back with the outcome.
    public let ticket: ApplyTicket
    /// What is to be done.
    public let work: Work
    /// How often it has been tried with this one, from 1.
    public let attempt: Int

    /// Describes something to do.
    public init(ticket: ApplyTicket, work: Work, attempt: Int) {
        self.ticket = ticket
        self.work = work
        self.attempt = attempt
    }
}

/// Whether a node is fit to serve, and if not, why.
public struct Readiness: Hashable, Sendable {
    /// Something that a node waits for before it says that it is ready.
    public enum Obstacle: Hashable, Sendable {
        /// Not logged in, so nobody vouches for this node.
        case notLoggedIn
        /// A process with this node's identity runs elsewhere.
        case cloned
        /// Peers are still asked for this node's own log.
        case awaitingOwnHeads
        /// The epoch is not on disk yet.
        case awaitingEpoch
        /// No beacon of this member yet.
        case awaitingBeacon(NodeID)
        /// Behind in this log.
        case behind(EpochID)
        /// Logged events are not applied yet.
        case applying(EpochID)
        /// A full clear is not done yet, or at start that of caches for the code that is served.
        case awaitingClear
        /// Nobody has looked yet which code is served here.
        case awaitingSurvey
        /// The newest known revision is not what is served here, or nobody knows what is.
        case behindRevision(EventID)
    }

    /// What stands in the way, in a fixed order; empty where nothing does.
    public let obstacles: [Obstacle]
    /// Whether nothing stands in the way.
    public var isReady: Bool { obstacles.isEmpty }

    /// States what stands in the way.
    public init(obstacles: [Obstacle]) { self.obstacles = obstacles }
}

/// Why a process must end.
public enum StopReason: Hashable, Sendable {
    /// A batch was broadcast, but its commit failed: its positions may never name other bytes.
    case ownCommitFailed(EventRange, reason: String)
}
