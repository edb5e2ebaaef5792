// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// One node's view of replication: every decision, and nothing else.
///
/// Pure: holds no clock, socket, file, task, logger or random source. The same state and the same
/// input always give the same effects, in the same order.
/// Law: nothing is confirmed, acknowledged, advertised, applied or handed out before the input that
/// proves it durable. Caches alone may be cleared before it, as clearing again does no harm; that
/// they were is told and written down after it.
public struct Replicator: Sendable {
    // Who this is.
    let node: NodeID
    let instance: InstanceID
    let cluster: ClusterID
    var configuration: CoreConfiguration
    var authority: Authority
    /// The other members, in order.
    var others: [NodeID] = []

    // What it knows.
    var start: StartSequence
    var clock: HybridClock
    var jitter: Jitter
    var book = LogBook()
    var peers = PeerMonitor()
    var links = LinkSupervisor()
    var queue = PublishQueue()
    var confirmations = Confirmations()
    var pulls: OrderedTable<EpochID, ReplayPolicy> = OrderedTable()
    /// State that is fetched from below floors.
    var snapshots: OrderedTable<EpochID, SnapshotPull> = OrderedTable()
    var probes: OrderedTable<EpochID, Instant> = OrderedTable()
    var server = ReplayServer()
    var blobs = BlobTracker()
    var truncation = Truncation()
    /// Records of authority that are written down again.
    var recordWrites = RecordWrites()
    /// Contents of logs with two histories.
    var evidence: OrderedTable<EpochID, ForkEvidence> = OrderedTable()
    /// What earlier runs wrote down of them, until it is shown.
    var recoveredEvidence: [VerifiedBatch] = []
    /// Batches that may be second contents of what only the disk remembers.
    var doubts: [Doubt] = []
    var appliers: OrderedTable<EpochID, LogApplier> = OrderedTable()
    var handlers = HandlerQueue()
    var clears = ClearQueue()
    var code: ServedCode
    var receipts = ReceiptBook()
    var shelf = Shelf()
    var register = RevisionRegister()
    var lock = LockRegister()
    var stateSources: OrderedTable<EventID, StateSource> = OrderedTable()
    var farFuture = FarFutureHold()
    var table = ConvergenceTable()
    var readiness: ReadinessState
    var schedule = Schedule()

    // What is under way.
    var appends: [AppendTicket: EpochID] = [:]
    var lastAppend: UInt64 = 0
    var lastApply: UInt64 = 0
    /// A batch that the present input brought, next in its log and not durable yet.
    var early: VerifiedBatch?
    /// Logs which may have something to hand out.
    var restless: OrderedTable<EpochID, Bool> = OrderedTable()
    /// Logs whose watermarks are to be written down.
    var advanced: OrderedTable<EpochID, Bool> = OrderedTable()
    /// Logs whose watermarks are written down once the receipts that wait are published.
    var unrecorded: OrderedTable<EpochID, Bool> = OrderedTable()
    /// Logs whose watermarks their origins are to be told, and whether somebody waits for that.
    var untold: OrderedTable<EpochID, Bool> = OrderedTable()

    /// When `Input.deadline` must next be fed; `nil` when nothing is waiting for time.
    ///
    /// Kept, not computed: who asks a core from outside copies it, all of it.
    public private(set) var nextDeadline: Instant? = Instant(nanoseconds: 0)
    /// The moment of the present input.
    var now: Moment
    /// What the present input has led to so far.
    var effects: [Effect] = []
    /// Room for these is made at once.
    private static let usualEffects = 8

    /// Starts from what the disk holds; feed `deadline` at once.
    public init(_ recovered: RecoveredState) {
        node = recovered.node
        instance = recovered.instance
        cluster = recovered.cluster
        configuration = recovered.configuration
        authority = recovered.authority
        clock = HybridClock(newest: recovered.newestTimestamp)
        jitter = Jitter(seed: recovered.seed)
        start = StartSequence(persisted: recovered.epochCounter, nonce: recovered.nonce)
        readiness = ReadinessState(
            owesClear: recovered.hasLostHistory || recovered.clears.owesFull)
        code = ServedCode(recovered.clears)
        now = Moment(instant: Instant(nanoseconds: 0), wall: WallTime(milliseconds: 0))
        others = authority.members.map(\.node).filter { $0 != recovered.node }
        recover(recovered)
    }

    /// Feeds one input and returns what the shells must now do, in order.
    public mutating func handle(_ input: Input, at moment: Moment) -> [Effect] {
        now = moment
        effects.reserveCapacity(Self.usualEffects)
        schedule.isTick = input.isTick || !schedule.hasBegun
        begin()
        take(input)
        settle()
        early = nil
        nextDeadline = deadline
        defer { effects = [] }
        return effects
    }

    private mutating func take(_ input: Input) {
        switch input {
        case .deadline: break
        case .configurationChanged(let new): configure(new)
        case .authority(let input): takeAuthority(input)
        case .epochPersisted, .epochNotPersisted, .publishRequested, .sealed, .sealingFailed,
            .cloneHeard:
            takeOwn(input)
        case .appended(let ticket): completeAppend(ticket)
        case .appendFailed(let ticket, let reason): failAppend(ticket, reason: reason)
        case .loaded(let range, let batches): takeLoaded(range, batches)
        case .loadFailed(let range, let reason): failLoad(range, reason: reason)
        case .applied(let ticket, let outcome, let steps): finish(ticket, outcome, steps)
        case .served(let commits): takeServed(commits)
        case .surveyFailed(let reason): failSurvey(reason)
        case .parkedRetryRequested(let event?): shelf.revisit(event, .parked)
        case .parkedRetryRequested(nil): shelf.revisit([.parked])
        case .replayUserRequested(let user): shelf.revisit([.refused], user: user)
        case .batchReceived, .beaconReceived, .headsReceived, .ownHeadsReceived,
            .ownHeadsFailed, .acknowledged, .headsRequested, .replayRequested, .replayServed,
            .replayEnded, .replayFailed, .blobStored, .blobFailed:
            takeFromPeer(input)
        case .linkUp(let peer): linkCameUp(peer)
        case .linkDown: break
        case .linkTrouble(let peer, _): links.trouble(peer, now: now.instant)
        }
    }

    private mutating func takeOwn(_ input: Input) {
        switch input {
        case .epochPersisted(let epoch): epochPersisted(epoch)
        case .epochNotPersisted(let epoch, let reason): epochNotPersisted(epoch, reason)
        case .publishRequested(let request): publish(request)
        case .sealed(let batch): sealed(batch)
        case .sealingFailed(_, let reason): sealingFailed(reason)
        case .cloneHeard(let other): heardClone(other)
        case .deadline, .configurationChanged, .authority, .appended, .appendFailed, .loaded,
            .loadFailed, .applied, .served, .surveyFailed, .parkedRetryRequested,
            .replayUserRequested, .batchReceived,
            .beaconReceived, .headsReceived, .ownHeadsReceived, .ownHeadsFailed, .acknowledged,
            .headsRequested, .replayRequested, .replayServed, .replayEnded, .replayFailed,
            .blobStored, .blobFailed, .linkUp, .linkDown, .linkTrouble:
            break
        }
    }

    private mutating func takeFromPeer(_ input: Input) {
        switch input {
        case .batchReceived(let batch, let peer): receive(batch, from: peer)
        case .beaconReceived(let beacon, let peer): receive(beacon, from: peer)
        case .headsReceived(let heads, let peer): receiveHeads(heads, from: peer)
        case .ownHeadsReceived(let heads, let peer): receiveOwnHeads(heads, from: peer)
        case .ownHeadsFailed: break
        case .acknowledged(let word, let peer): receive(word, from: peer)
        case .headsRequested(let origin, let ticket, _): answerHeads(of: origin, ticket)
        case .replayRequested(let request, let ticket, let peer):
            serve(request, ticket, for: peer)
        case .replayServed(let ticket): server.end(ticket)
        case .replayEnded(let request, let end, let peer): endPull(request, end, from: peer)
        case .replayFailed(let request, let peer): failPull(request, from: peer)
        case .blobStored(let blob): blobStored(blob)
        case .blobFailed(let blob, let peer, let reason): blobFailed(blob, peer, reason)
        case .deadline, .configurationChanged, .authority, .epochPersisted, .epochNotPersisted,
            .publishRequested, .sealed, .sealingFailed, .cloneHeard, .appended, .appendFailed,
            .loaded, .loadFailed, .applied, .served, .surveyFailed, .parkedRetryRequested,
            .replayUserRequested,
            .linkUp, .linkDown, .linkTrouble:
            break
        }
    }

    /// What is due after every input, in an order in which each step may use those before.
    private mutating func settle() {
        superviseStart()
        if schedule.isTick { supervisePeers() }
        superviseConfirmations()
        superviseBlobs()
        supervisePulls()
        superviseSnapshots()
        superviseApplying()
        publishRemarks()
        sealIfDue()
        recordAdvances()
        acknowledgeAdvances()
        truncateIfDue()
        showEvidence()
        rewriteRecords()
        sendBeaconIfDue()
        updateReadiness()
    }

    mutating func emit(_ effect: Effect) { effects.append(effect) }
    mutating func report(_ observation: Observation) { effects.append(.report(observation)) }

    /// When something must next happen by itself.
    private var deadline: Instant? {
        var next = start.nextDeadline
        next = earlier(next, schedule.nextTick)
        next = earlier(next, confirmations.nextDeadline)
        next = earlier(next, canSign ? queue.nextDeadline : nil)
        next = earlier(next, pullDeadline)
        next = earlier(next, snapshotDeadline)
        next = earlier(next, blobDeadline)
        next = earlier(next, readiness.nextDeadline)
        next = earlier(next, evidenceDeadline)
        next = earlier(next, recordWrites.nextDeadline)
        if start.mayApply {
            next = earlier(next, handlers.nextDeadline)
            next = earlier(next, clears.nextDeadline)
            next = earlier(next, farFutureDeadline)
        }
        return earlier(next, scheduleDeadline)
    }
}

extension Input {
    /// Whether time has passed, or something was heard of a link: the rest changes no status.
    fileprivate var isTick: Bool {
        switch self {
        case .deadline, .beaconReceived, .linkTrouble, .authority: true
        case .configurationChanged, .epochPersisted, .epochNotPersisted, .publishRequested,
            .sealed, .sealingFailed, .appended, .appendFailed, .loaded, .loadFailed,
            .batchReceived, .headsReceived, .ownHeadsReceived, .ownHeadsFailed, .acknowledged,
            .headsRequested, .replayRequested, .replayServed, .replayEnded, .replayFailed,
            .blobStored, .blobFailed, .linkUp, .linkDown, .cloneHeard, .applied,
            .served, .surveyFailed, .parkedRetryRequested, .replayUserRequested:
            false
        }
    }
}

/// What the fold needs to judge a state event again.
struct StateSource: Sendable {
    let header: BatchHeader
    let hash: Digest
    let firstSeen: WallTime
}

/// When what is done from time to time was done last, and is due next.
struct Schedule: Sendable {
    /// Whether the present input may have changed who is alive or which link is well.
    var isTick = false
    /// When somebody is silent for too long, or a link is made anew; ticks alone change it.
    var nextTick: Instant?
    var hasBegun = false
    /// The number of the last beacon.
    var beacons: UInt64 = 0
    var nextBeacon = Instant(nanoseconds: 0)
    /// Since when, and until when, something durable here was not shown in a beacon.
    var unshown: (since: Instant, until: Instant)?
    /// When what waits to be acknowledged is.
    var nextAcknowledgements: Instant?
    var nextCut = Instant(nanoseconds: 0)
    var nextCheckpoint = Instant(nanoseconds: 0)
    /// When a log that could not be read is read again.
    var nextLoad = Instant(nanoseconds: 0)
    /// Something but checkpoints became durable since the last checkpoint.
    var hasNews = false

    /// Something durable is news.
    mutating func wantBeacon(now: Instant) { unshown = (unshown?.since ?? now, now) }

    /// When the end of a burst is shown: when it seems to be over, or has gone on for long.
    var burstBeacon: Instant? {
        unshown.map { min($0.until + Limits.beaconPause, $0.since + Limits.beaconPatience) }
    }
}
