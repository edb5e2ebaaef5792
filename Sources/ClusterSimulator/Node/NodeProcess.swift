// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel
import ClusterSigning
import WireFormat

/// One run of a node's daemon: the driver, done synchronously over simulated ports.
///
/// Law: there is one door to the core, `feed`; effects are done in the order in which it gave them.
final class NodeProcess {
    unowned let simulation: Simulation
    let host: Host
    let instance: InstanceID
    var core: any SimulatedCore
    var roster: any SimulatedRoster
    /// The links that the roster wants.
    var links: [PeerLink] = []
    /// Whether the core says that the node is fit to serve.
    var isReady = false
    var keys = NodeKeyRing()
    /// Questions to peers that wait for an answer.
    var asked: [RequestID: Question] = [:]
    /// Questions of peers that wait for an answer.
    var open: [ReplyTicket: OpenQuestion] = [:]
    var lastReplyTicket: UInt64 = 0
    var recordsAsked: [NodeID: VirtualTime] = [:]
    /// Whether the process is stopped, as by SIGSTOP; what arrives waits.
    private(set) var isPaused = false
    /// When it went on after the last pause.
    private(set) var resumedAt: VirtualTime = 0
    private var stalled: [() -> Void] = []
    /// Dies after so many further effects.
    var effectsLeft: Int?
    private(set) var isEnded = false
    private var admitted: [CurveKey: AdmittedKey] = [:]
    private var pending: [Input] = []
    private var isFeeding = false
    private var alarm: VirtualTime?
    private var deadlines: (time: VirtualTime, count: Int) = (0, 0)

    init(
        simulation: Simulation, host: Host, recovered: RecoveredState, core: any SimulatedCore,
        roster: any SimulatedRoster
    ) {
        self.simulation = simulation
        self.host = host
        instance = recovered.instance
        self.core = core
        self.roster = roster
        learnKeys(of: host.disk.image.recordList)
        updateAdmission()
    }

    /// The clocks of its host, now.
    var moment: Moment { host.clock.moment(at: simulation.now) }
    /// Accounts, grants and members as the core sees them.
    var authority: Authority { core.replicator.currentAuthority }

    /// The one door to the core.
    func feed(_ input: Input) {
        pending.append(input)
        guard !isFeeding, !isEnded else { return }
        isFeeding = true
        var next = 0
        while next < pending.count, !isEnded, simulation.failure == nil {
            let input = pending[next]
            next += 1
            simulation.write(host, "<-", input.line)
            simulation.checkers.forEach { $0.input(input, to: self) }
            for effect in core.handle(input, at: moment) {
                guard !isEnded else { break }
                simulation.write(host, "->", effect.line)
                simulation.checkers.forEach { $0.effect(effect, of: self) }
                perform(effect)
                countDown()
            }
        }
        pending.removeAll(keepingCapacity: true)
        isFeeding = false
        setAlarm()
    }

    /// Something that a completion brings while effects are being done: its turn comes after them.
    func feedLater(_ input: Input) { pending.append(input) }

    /// The process is no more; nothing it began comes back to it.
    func end() {
        isEnded = true
        // What waits holds the process that waits.
        asked = [:]
        stalled = []
    }

    /// Stops, as by SIGSTOP.
    func pause() { isPaused = true }

    /// Goes on after a pause: what arrived meanwhile is taken in its order.
    func resume() {
        guard isPaused else { return }
        isPaused = false
        resumedAt = simulation.now
        let arrived = stalled
        stalled = []
        for action in arrived where !isEnded { action() }
        alarm = nil
        setAlarm()
    }

    /// Takes what arrives: now, or when the process goes on.
    func take(_ action: @escaping () -> Void) {
        guard !isEnded else { return }
        if isPaused { stalled.append(action) } else { action() }
    }

    private func countDown() {
        guard let left = effectsLeft else { return }
        effectsLeft = left - 1
        if left <= 1 { simulation.crash(host, why: "between effects") }
    }

    func setAlarm() {
        let deadlines = [core.nextDeadline, roster.roster.nextDeadline]
        guard !isEnded, !isPaused, let deadline = deadlines.compactMap({ $0 }).min() else {
            return
        }
        let time = max(simulation.now, host.clock.time(of: deadline))
        guard alarm != time else { return }
        alarm = time
        simulation.schedule.add(at: time) { [self] simulation in
            guard alarm == time, !isEnded, !isPaused else { return }
            alarm = nil
            guard !isSpinning else {
                return simulation.fail(
                    .liveness, "bounded queues", "a deadline never leaves the past")
            }
            passDeadlines()
        }
    }

    private func passDeadlines() {
        let instant = moment.instant
        if let deadline = core.nextDeadline, deadline <= instant { feed(.deadline) }
        if let deadline = roster.roster.nextDeadline, deadline <= instant {
            feed(roster: .deadline)
        }
        setAlarm()
    }

    /// Whether the core asks to be fed the same instant over and over.
    private var isSpinning: Bool {
        deadlines =
            deadlines.time == simulation.now
            ? (simulation.now, deadlines.count + 1)
            : (simulation.now, 1)
        return deadlines.count > 1_000
    }

    /// Has something done later, unless the process ends before.
    func later(_ delay: VirtualTime, _ action: @escaping () -> Void) {
        simulation.schedule.add(at: simulation.now + delay) { [self] _ in take(action) }
    }

    /// Remembers the keys of nodes that some grant names.
    func learnKeys(of records: [VerifiedRecord]) {
        for case .grant(let grant) in records.map(\.record) {
            do {
                try keys.insert(grant.nodeKey)
            } catch {
                simulation.count("record.unusable-key")
            }
        }
    }

    /// Whether a host's CURVE key is admitted as that node.
    func admits(_ other: Host) -> Bool { admitted[other.identity.curveKey] == .node(other.node) }

    /// Admits exactly the keys that the records allow.
    func updateAdmission() {
        admitted = Dictionary(
            uniqueKeysWithValues: authority.admission.map { ($0.key, $0.admitted) })
    }
}

/// A question to a peer.
struct Question {
    let request: Request
    let peer: NodeID
    /// Whoever waits outside the core.
    let completion: ((Reply?) -> Void)?
}

/// A peer's question.
struct OpenQuestion {
    let id: RequestID
    let host: Int
    let connection: UInt64
    var after: EpochID?
}
