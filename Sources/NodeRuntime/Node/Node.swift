// SPDX-License-Identifier: Apache-2.0

public import ClusterCore
public import ClusterModel
public import ClusterSigning
public import Logging
internal import WireFormat

/// One member of a cluster: feeds the core, and does what the core says.
///
/// Isolated to the transport's executor, so what a socket read is verified, decided and answered on
/// the thread that read it. Work that waits (disk, caches, handlers, other doors) runs in `run`'s
/// task group and comes back through the mailbox as an input.
///
/// Law: there is one door to the core, `feed`; effects are done in the order in which it gave them.
public actor Node: TransportSink {
    /// How long one turn may keep the executor from its sockets.
    static let turnBudget: Duration = .milliseconds(1)

    nonisolated let ports: NodePorts
    nonisolated let identity: NodeIdentity
    nonisolated let pin: ClusterPin
    nonisolated let instance: InstanceID
    nonisolated let counters = Counters()
    nonisolated let logger: Logger
    nonisolated let mailbox = Mailbox<Arrival>()
    nonisolated let jobs: AsyncStream<Job>
    private nonisolated let jobSink: AsyncStream<Job>.Continuation

    var core: Replicator
    var roster: Roster
    var requests = RequestTable()
    var publishing: [PublishTicket: PublishWish] = [:]
    var writes = PendingWrites()
    var nextPublishTicket: UInt64 = 1
    /// How far each log has had its effect, as it was written down: what is delivered from below
    /// was withheld when others of its log were delivered.
    var written: VersionVector
    var observers: [UInt64: @Sendable (NodeNews) -> Void] = [:]
    var nextObserver: UInt64 = 1
    var open: [ReplyTicket: OpenRequest] = [:]
    var keys: NodeKeyRing
    var recordsAsked: [NodeID: Instant] = [:]
    /// Digest of the records here, when another member was last known to have them all.
    var spreadRecords: Digest?
    let audit: Auditor
    var wantedLinks: [PeerLink] = []
    /// What the roster finds wrong, as the log has it.
    var toldProblems: [RosterProblem] = []
    var offences = Offences()
    var backlog = Backlog()
    var readiness = Readiness(obstacles: [.awaitingOwnHeads])
    var stopped: StopReason?
    /// What was wrong with the list at the last look, as far as it was noted.
    var strangers: Set<RosterProblem> = []
    private var pending: [Input] = []
    private var isFeeding = false
    private var isTakingTurn = false
    private var alarm: Instant?
    /// The roster's, kept: to ask it from outside copies it.
    private var rosterDeadline: Instant?

    /// Takes the isolation of the transport.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        ports.transport.executor.asUnownedSerialExecutor()
    }

    /// A node which starts from what its log holds; `run` brings it to life.
    public init(_ start: NodeStart, ports: NodePorts, logger: Logger) {
        self.ports = ports
        self.logger = logger
        identity = start.identity
        pin = start.pin
        instance = start.recovered.instance
        core = Replicator(start.recovered)
        written = VersionVector(start.recovered.logs.map { ($0.head.log, $0.applied) })
        roster = start.roster
        keys = start.keys
        audit = Auditor(trail: ports.audit, clock: ports.clock)
        (jobs, jobSink) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    /// Serves until the task is cancelled or the core says stop.
    ///
    /// - Throws: `TransportError` where the sockets cannot be opened, `NodeStopped` where the core
    ///   ended the process.
    public func run() async throws {
        // Before anybody can knock: who is refused once comes again only seconds later.
        admit()
        try await ports.transport.start(delivering: self)
        feed(.deadline)
        feed(roster: .deadline)
        ports.transport.wakeUp()
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                for await job in jobs { group.addTask { await job() } }
                // Who follows events would never end by himself, nor the node before him.
                group.cancelAll()
            }
        } onCancel: {
            jobSink.finish()
        }
        await ports.transport.stop()
        submitAllWrites()
        ports.hub.endAll()
        for (_, wish) in publishing { wish.resolve(.unknown(nil)) }
        publishing = [:]
        for entry in requests.takeAll() { entry.completion?(.failure(.silent)) }
        if let stopped { throw NodeStopped(reason: stopped) }
    }

    // MARK: Inputs

    /// Hands an input over; from any thread.
    nonisolated func post(_ input: Input) { post(.input(input)) }

    /// Hands something over; from any thread.
    nonisolated func post(_ arrival: Arrival) {
        if mailbox.add(arrival) { ports.transport.wakeUp() }
    }

    /// Has something done that waits, in the task group of `run`.
    ///
    /// Bounded by the core, which never has more out than its limits say, and by `OpenRequest`.
    ///
    /// - Returns: Whether it will be done: not by a node that has ended.
    @discardableResult
    nonisolated func start(_ job: @escaping Job) -> Bool {
        if case .terminated = jobSink.yield(job) { false } else { true }
    }

    /// Ends `run`.
    func finish() { jobSink.finish() }

    /// One bounded share of work, on the transport's executor.
    public nonisolated func turn() -> Bool {
        assumeIsolated { $0.takeTurn() }
    }

    private func takeTurn() -> Bool {
        let end = ports.clock.now().instant + Node.turnBudget
        isTakingTurn = true
        accept(mailbox.takeAll())
        let hasMore = takeDeliveries(until: end)
        passDeadlines()
        isTakingTurn = false
        setAlarm()
        return hasMore
    }

    func accept(_ arrival: Arrival) {
        switch arrival {
        case .input(let input):
            feed(input)
            if case .appended = input { tellObservers(.stored) }
        case .roster(let input):
            feed(roster: input)
        case .served(let reply, let ticket):
            answer(reply, ticket)
            feed(.replayServed(ticket))
        case .answer(let heads, let ticket): answer(heads, ticket)
        case .failed(let ticket, let why): failed(ticket, why)
        case .stopObserving(let observer): removeObserver(observer)
        case .records(let records): receive(records: records, from: nil)
        case .ask(let request, let peer, let completion):
            ask(request, peer, completion: completion)
        case .publish(let call): publish(PublishWish(call))
        case .checked(let handful): backlog.giveBack(handful)
        }
    }

    /// The one door to the core.
    func feed(_ input: Input) {
        pending.append(input)
        guard !isFeeding else { return }
        isFeeding = true
        var next = 0
        while next < pending.count {
            let effects = core.handle(pending[next], at: ports.clock.now())
            next += 1
            for effect in effects { perform(effect) }
        }
        pending.removeAll(keepingCapacity: true)
        isFeeding = false
        submitWrites()
        setAlarm()
    }

    /// Something that a completion brings while effects are being done: its turn comes after them.
    func feedLater(_ input: Input) { pending.append(input) }

    private func passDeadlines() {
        let now = ports.clock.now()
        guard let alarm, alarm <= now.instant else { return }
        if let deadline = core.nextDeadline, deadline <= now.instant { feed(.deadline) }
        if let deadline = rosterDeadline, deadline <= now.instant { feed(roster: .deadline) }
        for expired in requests.expire(at: now.instant) { abandon(expired) }
        if let deadline = writes.deadline, deadline <= now.instant { submitAllWrites() }
        if offences.release(at: now.instant) { setLinks() }
    }

    /// Once a turn at most: to ask everybody for his next deadline costs more than an event.
    private func setAlarm() {
        guard !isTakingTurn else { return }
        let deadlines = [
            core.nextDeadline, rosterDeadline, requests.nextDeadline, offences.nextDeadline,
            writes.deadline,
        ]
        let earliest = deadlines.compactMap { $0 }.min()
        guard earliest != alarm else { return }
        alarm = earliest
        ports.transport.wake(at: earliest)
    }

    /// Feeds the roster and does what it says.
    func feed(roster input: RosterInput) {
        for effect in roster.handle(input, at: ports.clock.now().instant) {
            noteStrangers(effect)
            perform(roster: effect)
        }
        rosterDeadline = roster.nextDeadline
        setAlarm()
    }
}

/// Something that waits for a disk, a cache or another host.
typealias Job = @Sendable () async -> Void

/// What other threads hand to a node.
enum Arrival: Sendable {
    /// Something happened.
    case input(Input)
    /// Something happened that concerns the list of URLs.
    case roster(RosterInput)
    /// What was read for an answer.
    case served(Reply, ReplyTicket)
    /// Heads that were read for an answer.
    case answer([EpochHead], ReplyTicket)
    /// What should have been an answer went wrong.
    case failed(ReplyTicket, String)
    /// Somebody does not listen any more.
    case stopObserving(UInt64)
    /// Records came by another way than a reply.
    case records([SealedRecord])
    /// Somebody outside the core asks a peer.
    case ask(Request, NodeID, ReplyCompletion)
    /// Somebody publishes.
    case publish(PublishCall)
    /// Broadcasts were verified on another thread.
    case checked([Backlog.Verdict])
}

/// What a node is started with.
public struct NodeStart: Sendable {
    /// Its keys.
    public var identity: NodeIdentity
    /// The cluster it belongs to.
    public var pin: ClusterPin
    /// What its core starts from.
    public var recovered: RecoveredState
    /// The list of URLs, as far as it is known.
    public var roster: Roster
    /// The keys of the nodes that grants name.
    public var keys: NodeKeyRing

    /// Joins what a node is started with.
    public init(
        identity: NodeIdentity, pin: ClusterPin, recovered: RecoveredState, roster: Roster,
        keys: NodeKeyRing
    ) {
        self.identity = identity
        self.pin = pin
        self.recovered = recovered
        self.roster = roster
        self.keys = keys
    }
}

/// The outside of a node.
public struct NodePorts: Sendable {
    /// The mesh.
    public var transport: any Transport
    /// The event log.
    public var log: any EventLog
    /// The caches.
    public var caches: any CacheClearer
    /// The handlers of the configuration.
    public var reactor: any EventReactor
    /// The doors of other nodes.
    public var doors: any DoorClient
    /// The clocks.
    public var clock: any HostClock
    /// The local subscribers.
    public var hub: SubscriptionHub
    /// What this host says of itself in `status`.
    public var host: HostFacts
    /// How the node says who it is.
    public var introduction: Introduction
    /// What it tells of the site in `status`.
    public var site: SiteView
    /// Where is kept who did what.
    public var audit: any AuditTrail

    /// Joins the ports.
    public init(
        transport: any Transport, log: any EventLog, caches: any CacheClearer,
        reactor: any EventReactor, doors: any DoorClient, clock: any HostClock,
        hub: SubscriptionHub, host: HostFacts, introduction: Introduction,
        audit: any AuditTrail, site: SiteView = SiteView()
    ) {
        self.audit = audit
        self.site = site
        self.introduction = introduction
        self.transport = transport
        self.log = log
        self.caches = caches
        self.reactor = reactor
        self.doors = doors
        self.clock = clock
        self.hub = hub
        self.host = host
    }
}

/// What a host says of itself.
public struct HostFacts: Sendable, Hashable {
    /// The host's name.
    public var hostname: String
    /// The root of the installation.
    public var path: String
    /// The program's version.
    public var version: String

    /// Joins the facts.
    public init(hostname: String, path: String, version: String) {
        self.hostname = hostname
        self.path = path
        self.version = version
    }
}

/// The core ended the process: what it broadcast could not be made durable.
public struct NodeStopped: Error, Sendable, CustomStringConvertible {
    /// Why.
    public let reason: StopReason

    /// What happened, and what to do.
    public var description: String {
        switch reason {
        case .ownCommitFailed(let range, let reason):
            """
            commit of \(range.log)-\(range.first): \(reason), after it had been sent. The daemon \
            must start again, with a new epoch; check the disk of the state directory
            """
        }
    }
}

/// What observers inside the process are told.
public enum NodeNews: Sendable {
    /// A node said what came of events.
    case receipt(Receipt, by: NodeID)
    /// Readiness changed.
    case readiness(Readiness)
    /// More is on disk than before.
    case stored
}
