// SPDX-License-Identifier: Apache-2.0
@_spi(Verification) import ClusterModel

@testable import ClusterCore

/// A few cores with disks, links and clocks that do exactly what a test says.
struct TestCluster {
    struct Pending {
        let at: UInt64
        let order: Int
        let node: Int
        let run: Int
        let input: Input
    }

    /// Virtual time.
    ///
    /// Unit: nanoseconds.
    private(set) var time: UInt64 = 1_000_000_000
    var cores: [Replicator?]
    var disks: [TestDisk]
    var authorities: [Authority]
    var runs: [Int]
    /// How far each node's wall clock is ahead.
    ///
    /// Unit: milliseconds.
    var wallOffsets: [Int]
    private var pending: [Pending] = []
    private var order = 0
    private var spins = 0
    private var ticket: UInt64 = 0

    // Faults and answers, which a test may change.
    var cut: Set<[Int]> = []
    var losesBroadcast: (Int, VerifiedBatch) -> Bool = { _, _ in false }
    var diskFails: Set<Int> = []
    var answer: (Int, ApplyTask) -> ApplyOutcome? = { _, _ in .applied }
    /// The caches that are down, by node, where nodes have named caches at all.
    var down: [Int: Set<String>] = [:]
    var caches: [String] = []
    /// Whether somebody brings the code to the newest revision.
    var followsRevisions = true
    var lostHistory: Set<Int> = []
    var holdsBlob: (Int, BlobReference) -> Bool = { _, _ in true }
    var linkDelay: UInt64 = 1_000_000
    var diskDelay: UInt64 = 1_000_000

    // What happened.
    var delivered: [[EventID]]
    var results: [PublishTicket: PublishResult] = [:]
    var effects: [[Effect]]
    var configuration: CoreConfiguration

    init(count: Int, users: [String] = ["alice"], foreign: [Int] = [], handlers: [String] = []) {
        let records = Forge.records(count: count, others: foreign)
        cores = Array(repeating: nil, count: count)
        disks = Array(repeating: TestDisk(), count: count)
        authorities = (0..<count).map { Forge.authority(of: $0, records: records, users: users) }
        runs = Array(repeating: 0, count: count)
        wallOffsets = Array(repeating: 0, count: count)
        delivered = Array(repeating: [], count: count)
        effects = Array(repeating: [], count: count)
        configuration = CoreConfiguration(
            peerCount: count - 1, handlers: handlers.map { ReactionRule(TopicPattern($0)) })
    }

    func moment(_ node: Int) -> Moment {
        let wall = Int(1_700_000_000_000) + Int(time / 1_000_000) + wallOffsets[node]
        return Moment(
            instant: Instant(nanoseconds: time),
            wall: WallTime(milliseconds: UInt64(max(0, wall))))
    }

    mutating func start(_ node: Int) {
        runs[node] += 1
        let disk = disks[node]
        var state = RecoveredState(
            node: Forge.node(node),
            instance: InstanceID(high: UInt64(node), low: UInt64(runs[node])),
            cluster: Forge.cluster, nonce: UInt64(node * 100 + runs[node]),
            seed: UInt64(node + 1), authority: authorities[node], configuration: configuration)
        state.epochCounter = disk.epochCounter
        state.evidence = Array(disk.evidence.values)
        state.clears = disk.clears
        state.hasLostHistory = lostHistory.contains(node)
        for log in Set(disk.logs.keys).union(disk.floors.keys).sorted() {
            var history = RecoveredHistory(
                head: disk.head(of: log), applied: disk.applied[log] ?? 0, floor: disk.floors[log])
            history.byteCount = (disk.logs[log] ?? []).reduce(0) { $0 + $1.storedByteCount }
            history.missingState = disk.missing[log]
            history.outcomes = disk.outcomes[log] ?? []
            history.isQuarantined = disk.quarantined.contains(log)
            history.newestTimestamp = disk.logs[log]?.last?.events.last?.timestamp ?? .zero
            state.logs.append(history)
            for batch in disk.logs[log] ?? [] {
                if batch.events.contains(where: { $0.content.isState }) {
                    state.stateBatches.append(batch)
                }
                state.newestTimestamp = max(
                    state.newestTimestamp, batch.events.last?.timestamp ?? .zero)
            }
        }
        cores[node] = Replicator(state)
        feed(node, .deadline)
    }

    mutating func startAll() { for node in cores.indices { start(node) } }

    /// Ends a process between two effects; what was on its way to disk is lost.
    mutating func kill(_ node: Int) { cores[node] = nil }

    mutating func feed(_ node: Int, _ input: Input) {
        guard cores[node] != nil else { return }
        let moment = moment(node)
        let run = runs[node]
        let list = cores[node]?.handle(input, at: moment) ?? []
        effects[node] += list
        for effect in list where runs[node] == run { perform(effect, by: node) }
    }

    mutating func publish(
        _ node: Int, _ contents: [EventContent], level: ConfirmationLevel = .all,
        timeout: Duration = .seconds(10)
    ) -> PublishTicket {
        ticket += 1
        let name = PublishTicket(ticket)
        feed(
            node,
            .publishRequested(
                PublishRequest(ticket: name, contents: contents, level: level, timeout: timeout)))
        return name
    }

    mutating func later(_ delay: UInt64, _ node: Int, _ input: Input) {
        order += 1
        pending.append(
            Pending(at: time + delay, order: order, node: node, run: runs[node], input: input))
    }

    private func index(of node: NodeID) -> Int? { cores.indices.first { Forge.node($0) == node } }

    private func isLinked(_ left: Int, _ right: Int) -> Bool {
        !cut.contains([left, right]) && cores[right] != nil
    }

    private mutating func send(_ input: Input, from node: Int, to peer: NodeID) -> Bool {
        guard let target = index(of: peer), isLinked(node, target) else { return false }
        later(linkDelay, target, input)
        return true
    }

    private mutating func perform(_ effect: Effect, by node: Int) {
        let me = Forge.node(node)
        switch effect {
        case .authority, .refuseReplay, .answerHeads, .serveReplay, .report, .readiness, .relink,
            .requestRecords:
            performAnswer(effect, by: node)
        case .persistEpoch(let epoch):
            if !diskFails.contains(node) { disks[node].epochCounter = epoch.counter }
            later(
                diskDelay, node,
                diskFails.contains(node)
                    ? .epochNotPersisted(epoch, reason: "disk full") : .epochPersisted(epoch))
        case .seal(let draft): feed(node, .sealed(Forge.seal(draft)))
        case .broadcast(let batch):
            for peer in cores.indices where peer != node && isLinked(node, peer) {
                guard !losesBroadcast(peer, batch) else { continue }
                later(linkDelay, peer, .batchReceived(batch, from: me))
            }
        case .resolve(let ticket, let result): results[ticket] = result
        case .append, .keepState, .load, .recordApplied, .recordClears, .recordReceipt, .dispose,
            .keepEvidence, .truncate, .jump:
            performWrite(effect, by: node)
        case .broadcastBeacon(let beacon):
            for peer in cores.indices where peer != node && isLinked(node, peer) {
                later(linkDelay, peer, .beaconReceived(beacon, from: me))
            }
        case .acknowledge(let word, let peer):
            _ = send(.acknowledged(word, from: me), from: node, to: peer)
        case .requestReplay(let request, let peer):
            let ticket = reply(to: node)
            if !send(.replayRequested(request, ticket, from: me), from: node, to: peer) {
                later(linkDelay, node, .replayFailed(request, from: peer))
            }
        case .requestHeads(let peer):
            _ = send(
                .headsRequested(origin: nil, reply(to: node), from: me), from: node, to: peer)
        case .requestOwnHeads(let peer):
            let ticket = reply(to: node)
            if !send(.headsRequested(origin: me, ticket, from: me), from: node, to: peer) {
                later(linkDelay, node, .ownHeadsFailed(from: peer))
            }
        case .requestBlob(let blob, let peer):
            let isHeld = index(of: peer).map { holdsBlob($0, blob) } ?? false
            later(
                linkDelay * 2, node,
                isHeld ? .blobStored(blob) : .blobFailed(blob, from: peer, reason: "not held"))
        case .deliver(let batch, let run): delivered[node] += run.map { batch.id(at: $0) }
        case .apply(let task): apply(task, on: node)
        case .stop: kill(node)
        }
    }

    private mutating func apply(_ task: ApplyTask, on node: Int) {
        guard let outcome = answer(node, task) else { return }
        let steps = steps(of: task, on: node)
        let failed = steps.contains { $0.failure != nil }
        later(
            diskDelay, node,
            .applied(task.ticket, failed ? .failed(reason: "down") : outcome, steps))
    }

    /// What the caches of a node say of a clear.
    private func steps(of task: ApplyTask, on node: Int) -> [StepReceipt] {
        guard case .clear(_, sparing: let spared) = task.work else { return [] }
        return caches.filter { !spared.contains($0) }.map { cache in
            StepReceipt(
                target: cache, action: "clear",
                failure: down[node]?.contains(cache) == true ? "down" : nil, proof: [],
                microseconds: 1)
        }
    }

    struct AppendKey: Hashable {
        let node: Int
        let ticket: AppendTicket
    }
    var appends: [AppendKey: [VerifiedBatch]] = [:]
    var keeps: [AppendKey: (inout TestDisk) -> Void] = [:]
    private var replies: [ReplyTicket: Int] = [:]

    private mutating func reply(to node: Int) -> ReplyTicket {
        order += 1
        let ticket = ReplyTicket(UInt64(order))
        replies[ticket] = node
        return ticket
    }

    private mutating func performAnswer(_ effect: Effect, by node: Int) {
        let me = Forge.node(node)
        switch effect {
        case .refuseReplay(let request, let ticket, let end):
            guard let asker = replies[ticket] else { return }
            _ = send(.replayEnded(request, end, from: me), from: node, to: Forge.node(asker))
        case .answerHeads(let heads, let ticket):
            guard let asker = replies[ticket] else { return }
            let own = heads.allSatisfy { $0.log.origin == Forge.node(asker) }
            _ = send(
                own ? .ownHeadsReceived(heads, from: me) : .headsReceived(heads, from: me),
                from: node, to: Forge.node(asker))
        case .serveReplay(let request, let ticket):
            guard let asker = replies[ticket] else { return }
            var credit = request.credit
            for batch in disks[node].batches(for: request) where credit > 0 {
                credit -= batch.sealed.byteCount
                _ = send(.batchReceived(batch, from: me), from: node, to: Forge.node(asker))
            }
            _ = send(.replayEnded(request, .served, from: me), from: node, to: Forge.node(asker))
            later(0, node, .replayServed(ticket))
        case .readiness(let readiness):
            guard followsRevisions, let wanted = cores[node]?.status.revisionCommits,
                readiness.obstacles.contains(where: {
                    if case .behindRevision = $0 { true } else { false }
                })
            else { return }
            later(diskDelay, node, .served(wanted))
        case .authority, .report, .relink, .requestRecords, .dispose, .recordClears,
            .persistEpoch, .seal, .broadcast, .resolve, .append, .keepState, .load, .recordApplied,
            .recordReceipt, .keepEvidence, .truncate, .jump, .broadcastBeacon, .acknowledge,
            .requestReplay,
            .requestHeads, .requestOwnHeads, .requestBlob, .deliver, .apply, .stop:
            break
        }
    }

    /// Lets virtual time pass.
    mutating func run(for duration: Duration) {
        _ = run(within: duration) { _ in false }
    }

    /// Lets virtual time pass until a condition holds; `false` where it does not in time.
    mutating func run(within duration: Duration, until isDone: (TestCluster) -> Bool) -> Bool {
        let end = time + duration.nanoseconds
        while !isDone(self) {
            let next = pending.indices.min {
                (pending[$0].at, pending[$0].order) < (pending[$1].at, pending[$1].order)
            }
            var due = next.map { pending[$0].at } ?? .max
            var alarm: Int?
            for node in cores.indices {
                guard let deadline = cores[node]?.nextDeadline?.nanoseconds, deadline < due
                else { continue }
                due = max(deadline, time)
                alarm = node
            }
            guard due <= end else {
                time = end
                return isDone(self)
            }
            time = max(time, due)
            if let alarm {
                spins += 1
                precondition(
                    spins < 10_000,
                    "at \(time) node \(alarm) asks again and again: \(alarms(of: alarm))")
                feed(alarm, .deadline)
                time += 1_000
            } else if let next {
                spins = 0
                deliver(pending.remove(at: next))
            }
        }
        return true
    }

    /// Which part of a core asks for which moment.
    private func alarms(of node: Int) -> String {
        guard let core = cores[node] else { return "" }
        let parts: [(String, Instant?)] = [
            ("start", core.start.nextDeadline), ("peers", core.peers.nextDeadline),
            ("links", core.links.nextDeadline), ("levels", core.confirmations.nextDeadline),
            ("queue", core.queue.nextDeadline), ("pulls", core.pullDeadline),
            ("blobs", core.blobs.nextDeadline), ("handlers", core.handlers.nextDeadline),
            ("clears", core.clears.nextDeadline), ("ready", core.readiness.nextDeadline),
            ("future", core.farFutureDeadline), ("schedule", core.scheduleDeadline),
        ]
        return parts.map { "\($0.0) \($0.1?.nanoseconds ?? 0)" }.joined(separator: ", ")
            + " \(core.start.stage) \(core.status.readiness) \(core.pulls.keys)"
    }

    private mutating func deliver(_ event: Pending) {
        guard event.run == runs[event.node] else { return }
        guard case .appended(let ticket) = event.input else { return feed(event.node, event.input) }
        let batches = appends.removeValue(forKey: AppendKey(node: event.node, ticket: ticket))
        guard cores[event.node] != nil else { return }
        guard !diskFails.contains(event.node) else {
            return feed(event.node, .appendFailed(ticket, reason: "disk full"))
        }
        keeps.removeValue(forKey: AppendKey(node: event.node, ticket: ticket))?(&disks[event.node])
        for batch in batches ?? [] { disks[event.node].append(batch) }
        feed(event.node, event.input)
    }
}

extension TestCluster {
    /// Every observation a node has reported.
    func observations(_ node: Int) -> [Observation] {
        effects[node].compactMap { if case .report(let what) = $0 { what } else { nil } }
    }

    func isReady(_ node: Int) -> Bool {
        cores[node]?.status.readiness.isReady ?? false
    }

    /// The events of applications on a node's disk, by log.
    func applicationEvents(_ node: Int) -> Set<EventID> {
        var result: Set<EventID> = []
        for batch in disks[node].logs.values.joined() {
            for index in batch.events.indices {
                if case .application = batch.events[index].content {
                    result.insert(batch.id(at: index))
                }
            }
        }
        return result
    }

    /// The log a node signs under at present.
    func log(_ node: Int) -> EpochID? {
        cores[node]?.status.epoch.map { EpochID(origin: Forge.node(node), epoch: $0) }
    }

    /// The heads of everything on a node's disk, in order.
    func heads(_ node: Int) -> [EpochHead] { cores[node]?.heads ?? [] }
}
