// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel
import ClusterSigning
import WireFormat

/// A whole cluster in one thread: production cores and codecs, simulated everything else.
///
/// Law: a run is a function of its seed, the mutant and the program; two processes give equal
/// transcripts. Source: docs/internals/testing.md.
public final class Simulation {
    let seed: UInt64
    let mutant: Mutant?
    let knobs: Knobs
    var random: SimulationRandom
    var schedule = Schedule()
    var now: VirtualTime = 0
    var hosts: [Host] = []
    var network = Network()
    var directory = Directory()
    let seals: Seals
    let registry: Registry
    var ledger = Ledger()
    private(set) var checkers: [any Checker] = []
    /// Who is a member for whom, by what each was told.
    private(set) lazy var membership = Membership(self)
    private(set) var transcript: Transcript
    private(set) var marks: [String: Int] = [:]
    private(set) var failure: Failure?
    /// Broadcasts that somebody hostile wrote down.
    var recorded: [(frames: [[UInt8]], publisher: Int)] = []
    /// Whether trouble is over: nothing is broken or changed any more.
    var isHealed = false
    var lastTicket: UInt64 = 0
    /// Grants and revocations that people gave to some node.
    var issued: [VerifiedRecord] = []
    /// What people have yet to do after the heal: before, nobody can agree.
    var errands = 0
    /// Events whose stamps an administrator has called bad.
    var voided: Set<EventID> = []

    init(seed: UInt64, mutant: Mutant?, keepsTranscript: Bool) throws {
        self.seed = seed
        self.mutant = mutant
        random = SimulationRandom(seed: seed)
        knobs = Knobs(seed: seed, random: &random)
        let cluster = ClusterID(Bytes32(random.bytes(32)) ?? .zero)
        seals = Seals(cluster: cluster, isExact: knobs.isExact)
        registry = try Registry(cluster: cluster, random: &random)
        transcript = Transcript(keepsAll: keepsTranscript)
        checkers = makeCheckers(for: self)
    }

    /// Runs a seed to its end.
    ///
    /// - Throws: `CryptographyError` or `WireError` where the cluster cannot even be founded.
    public static func run(
        seed: UInt64, mutant: Mutant? = nil, keepsTranscript: Bool = false
    ) throws -> RunOutcome {
        let simulation = try Simulation(
            seed: seed, mutant: mutant, keepsTranscript: keepsTranscript)
        try simulation.found()
        simulation.play()
        // Actions that wait hold what they belong to.
        defer {
            simulation.schedule = Schedule()
            for host in simulation.hosts { host.process?.end() }
        }
        return RunOutcome(
            seed: seed, knobs: simulation.knobs, failure: simulation.failure,
            marks: simulation.marks, transcript: simulation.transcript,
            virtualMilliseconds: simulation.now / 1_000_000)
    }

    private func play() {
        beginWork()
        beginFaults()
        advance(to: knobs.chaos)
        guard failure == nil else { return }
        heal()
        let patience = knobs.has(.longAbsence) ? knobs.patience + .seconds(220) : knobs.patience
        let healed = now
        let deadline = now + patience
        while failure == nil {
            advance(to: now + .milliseconds(500))
            guard let obstacle = disagreement() else { break }
            if now > deadline { fail(.liveness, obstacle.checker, obstacle.text) }
        }
        count("run.healed-after-milliseconds", by: Int((now - healed) / 1_000_000))
        if failure == nil, knobs.has(.replayedHistory) { replayHistory() }
        for checker in checkers where failure == nil { checker.finish() }
    }

    /// Does everything that is due through a time.
    func advance(to end: VirtualTime) {
        while failure == nil, let next = schedule.next, next <= end {
            guard let (time, action) = schedule.take() else { break }
            now = max(now, time)
            action(self)
        }
        if failure == nil { now = max(now, end) }
    }

    /// Counts something that happened.
    func count(_ mark: String, by amount: Int = 1) { marks[mark, default: 0] += amount }

    /// Ends the run; only the first failure counts.
    func fail(_ kind: Failure.Kind, _ checker: String, _ text: String) {
        guard failure == nil else { return }
        failure = Failure(kind: kind, checker: checker, text: text)
        transcript.write("\(now.text) FAILURE \(kind): \(checker): \(text)")
    }

    /// Writes a line about everything.
    func write(_ text: String) { transcript.write("\(now.text) \(text)") }

    /// Writes a line about a host.
    func write(_ host: Host, _ what: String, _ text: String) {
        transcript.write("\(now.text) \(host.number) \(what) \(text)")
    }

    /// The host of a node that another has a link to.
    func host(of node: NodeID, linkedFrom own: Int) -> Int? {
        hosts.indices.first {
            $0 != own && hosts[$0].node == node && network[link: own, to: $0].isUp
        }
    }

    // MARK: Processes

    /// Starts the daemon of a host from what its disk holds.
    func start(_ host: Host) {
        guard host.process == nil, !host.isRemoved else { return }
        if let until = host.awayUntil, until > now {
            return schedule.add(at: until) { simulation in simulation.start(host) }
        }
        host.awayUntil = nil
        host.starts += 1
        let image = host.disk.image
        var recovered = RecoveredState(
            node: host.node,
            instance: InstanceID(high: random.next(), low: random.next()),
            cluster: seals.cluster, nonce: random.next(), seed: random.next(),
            authority: Authority(
                pin: registry.pin, own: host.node, records: image.recordList,
                users: host.users, pins: image.pinList),
            configuration: configuration(of: host))
        recovered.epochCounter = image.ownEpoch?.counter ?? 0
        recovered.newestTimestamp = image.newestTimestamp
        recovered.logs = image.histories
        recovered.stateBatches = image.stateBatches
        recovered.evidence = image.evidenceList
        recovered.missingBlobs = image.missingBlobs
        recovered.clears = image.clears
        recovered.hasLostHistory = host.hasLostHistory
        host.hasLostHistory = false
        let core: any SimulatedCore =
            mutant?.core(recovered, simulation: self) ?? Replicator(recovered)
        let roster = Roster(
            addresses: host.list, own: host.node, instance: recovered.instance,
            cluster: seals.cluster, members: recovered.authority.members, seed: random.next())
        let process = NodeProcess(
            simulation: self, host: host, recovered: recovered, core: core,
            roster: mutant?.roster(roster) ?? roster)
        host.process = process
        write(host, "**", "start \(host.starts) of \(host.node.short)")
        checkers.forEach { $0.started(process) }
        process.feed(.deadline)
        process.feed(roster: .deadline)
        superviseLinks(of: process)
    }

    /// What the configuration of a host says.
    func configuration(of host: Host) -> CoreConfiguration {
        var configuration = CoreConfiguration(
            peerCount: Roster.peerCount(of: host.list),
            handlers: ["order.*", "mail.sent"].map { ReactionRule(TopicPattern($0)) })
        if knobs.has(.longAbsence) { configuration.horizon = .seconds(20) }
        return configuration
    }

    /// The process ends at once, and with it what was not on disk.
    func crash(_ host: Host, why: String) {
        guard let process = host.process else { return }
        write(host, "**", "crash: \(why)")
        count("process.crashed")
        process.end()
        host.process = nil
        host.disk.cutPower(keepsGroup: random.chance(perMille: 500))
        checkers.forEach { $0.ended(process) }
        dropLinks(of: host.number)
        for other in hosts.indices where network[link: other, to: host.number].isUp {
            disconnect(other, from: host.number)
        }
        // A service manager starts it again.
        schedule.add(at: now + random.span(.milliseconds(20), .seconds(3))) { simulation in
            simulation.start(host)
        }
    }

    // MARK: Disks

    /// Submits operations to a host's disk.
    func submit(
        _ operations: [DiskOperation], to host: Host,
        completion: @escaping SimulatedDisk.Completion
    ) {
        if host.disk.submit(operations, completion: completion) { beginCommit(on: host) }
    }

    private func beginCommit(on host: Host) {
        let cuts = host.disk.cuts
        schedule.add(at: now) { simulation in
            guard host.disk.cuts == cuts, host.disk.beginCommit() else { return }
            let latency = host.disk.latency
            let end = simulation.now + simulation.random.span(latency.least, latency.most)
            simulation.schedule.add(at: end) { simulation in
                guard host.disk.cuts == cuts else { return }
                simulation.endCommit(on: host)
            }
        }
    }

    private func endCommit(on host: Host) {
        let before = host.disk.image
        let (completions, failure) = host.disk.endCommit()
        if let conflict = host.disk.conflict {
            return fail(.correctness, "I3", "host \(host.number): \(conflict)")
        }
        write(host, "==", "commit of \(completions.count)\(failure.map { ": \($0)" } ?? "")")
        if failure == nil {
            checkers.forEach { $0.committed(on: host, before: before) }
        } else {
            count("disk.full")
        }
        for completion in completions { completion(self, failure) }
        beginCommit(on: host)
    }
}
