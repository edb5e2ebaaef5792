// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// I5: once trouble is over, nodes with equal users files agree on everything within the run's
/// patience: the same logs, the same code, everything applied, and what came of it known to all.
extension Simulation {
    /// Hosts that are members for good, in the order of their numbers.
    var members: [Host] { hosts.filter { !$0.isRemoved && !$0.isClone } }

    /// What the nodes do not agree on yet; `nil` where they agree.
    func disagreement() -> (checker: String, text: String)? {
        guard errands == 0 else { return ("people", "\(errands) errands are left") }
        for process in members.compactMap(\.process) {
            if let strange = strangeness(to: process) { return ("roster", strange) }
        }
        if let missing = missingLink() { return ("I20", missing) }
        if let difference = difference() { return difference }
        for case let effects as Effects in checkers {
            if let undone = effects.undone() { return ("I4", undone) }
        }
        for case let deliveries as Deliveries in checkers {
            if let missing = deliveries.missing() { return ("delivery", missing) }
        }
        return nil
    }

    private func difference() -> (checker: String, text: String)? {
        let members = members
        for host in members {
            guard let process = host.process else { return ("I5", "host \(host.number) is down") }
            if let obstacle = unreadiness(of: process) { return ("I5", obstacle) }
        }
        guard let first = members.first else { return nil }
        for host in members.dropFirst() {
            if let difference = difference(first, host) { return difference }
        }
        return missingReceipt(members).map { ("I5", $0) }
    }

    /// I20: links always come back, also those that libzmq gave up on.
    private func missingLink() -> String? {
        for host in members {
            for peer in members where peer !== host {
                guard !network[link: host.number, to: peer.number].isUp else { continue }
                return "host \(host.number) has no link to host \(peer.number)"
            }
        }
        return nil
    }

    private func unreadiness(of process: NodeProcess) -> String? {
        let number = process.host.number
        let status = process.core.replicator.status
        guard status.readiness.isReady else {
            return "host \(number) waits for \(status.readiness.obstacles.map { "\($0)" })"
        }
        for log in status.logs where !log.isQuarantined {
            // What is known of and held by nobody any more is no matter of agreement.
            guard log.applied == log.head.last else {
                return "host \(number) applied \(log.head.log) through \(log.applied), holds "
                    + "\(log.head.last)"
            }
        }
        return nil
    }

    private func difference(_ one: Host, _ other: Host) -> (checker: String, text: String)? {
        if let fork = forkDifference(one, other) { return ("I10", fork) }
        if let missing = logDifference(one, other) { return ("I5", missing) }
        if let state = stateDifference(one, other) { return ("I11", state) }
        let revisions = [one, other].map { $0.process?.core.replicator.status.revision }
        guard revisions[0] == revisions[1] else {
            let names = revisions.map { $0.map { "\($0)" } ?? "none" }.joined(separator: ", ")
            return ("I5", "hosts \(one.number) and \(other.number) want different code: \(names)")
        }
        return nil
    }

    private func logDifference(_ one: Host, _ other: Host) -> String? {
        let heads = [one, other].map { host in
            host.disk.image.heads.filter { !isQuarantined($0.log) }
        }
        guard heads[0] == heads[1] else {
            let only = Set(heads[0]).symmetricDifference(heads[1]).sorted()
            return "hosts \(one.number) and \(other.number) hold different logs: "
                + only.map { "\($0.log)-\($0.last)" }.joined(separator: " ")
        }
        let records = [one, other].map { $0.process?.authority.digest }
        guard records[0] == records[1] else {
            return "hosts \(one.number) and \(other.number) hold different records of authority"
        }
        return nil
    }

    /// Whether any member has found two histories in a log.
    func isQuarantined(_ log: EpochID) -> Bool {
        ledger.forkedLogs.contains(log)
            && members.contains { $0.disk.image.isQuarantined(log) }
    }

    /// I10, between nodes: evidence of a second history reaches everybody who holds any of the log.
    private func forkDifference(_ one: Host, _ other: Host) -> String? {
        for log in ledger.forkedLogs.sorted() {
            let holders = [one, other].filter {
                $0.disk.image.tracks[log]?.batches.isEmpty == false
            }
            guard holders.count == 2 else { continue }
            let found = holders.map { $0.disk.image.isQuarantined(log) }
            guard found[0] != found[1] else { continue }
            return "hosts \(one.number) and \(other.number) differ about two histories of \(log)"
        }
        return nil
    }

    /// I11: truncation takes no state from anybody, and who was away for long gets it.
    private func stateDifference(_ one: Host, _ other: Host) -> String? {
        let state = [one, other].map { host in
            Set(
                host.disk.image.stored
                    .filter { $0.batch.holdsState && !isQuarantined($0.batch.header.log) }
                    .map(\.batch.hash))
        }
        guard state[0] != state[1] else { return nil }
        return "hosts \(one.number) and \(other.number) hold different state: "
            + "\(state[0].count) and \(state[1].count) batches"
    }

    private func missingReceipt(_ members: [Host]) -> String? {
        for host in members {
            guard let core = host.process?.core.replicator else { continue }
            // What came of events in closed epochs is only told where it is not plain.
            // Nobody goes on telling of a log before one that this host does not follow.
            let newest = Set(core.status.logs.map(\.head.log)).filter { log in
                !ledger.forkedLogs.contains { $0.origin == log.origin && isQuarantined($0) }
            }
            for id in ledger.ids where newest.contains(id.log) {
                guard host.disk.image.last(of: id.log) >= id.sequence else { continue }
                for (node, outcome) in core.outcomes(of: id) where outcome == nil {
                    return "host \(host.number) does not know what came of \(id) on "
                        + node.short
                }
            }
        }
        return nil
    }
}

extension VerifiedBatch {
    /// Whether truncation keeps it.
    var holdsState: Bool { events.contains { $0.content.isState } }
}

extension EpochHead {
    /// Whether a beacon with this head shows the other one, or a newer log in its place: that of
    /// a clone.
    fileprivate func hides(_ other: EpochHead) -> Bool {
        log.origin == other.log.origin
            && (log > other.log || log == other.log && last >= other.last)
    }
}

/// I5, in small: what is durable is advertised soon, so that a lost tail is found soon.
final class PromptHeads: Checker {
    /// A beacon is due within so long of each commit: several times the core's pause.
    private static let patience: VirtualTime = .milliseconds(150)

    private unowned let simulation: Simulation

    init(_ simulation: Simulation) { self.simulation = simulation }

    private var news: [InstanceID: (head: EpochHead, since: VirtualTime)] = [:]
    /// The log that each process writes.
    private var written: [InstanceID: EpochID] = [:]

    func sealed(_ batch: VerifiedBatch, by process: NodeProcess) {
        written[process.instance] = batch.header.log
    }

    func committed(on host: Host, before: LogImage) {
        guard let process = host.process, news[process.instance] == nil,
            let log = written[process.instance]
        else { return }
        guard let head = host.disk.image.tracks[log]?.head, head.last > before.last(of: log)
        else { return }
        news[process.instance] = (head, simulation.now)
        process.later(Self.patience) { [self] in check(process) }
    }

    func effect(_ effect: Effect, of process: NodeProcess) {
        guard case .broadcastBeacon(let beacon) = effect, let (head, _) = news[process.instance],
            beacon.heads.contains(where: { $0.hides(head) })
        else { return }
        news[process.instance] = nil
    }

    func ended(_ process: NodeProcess) { news[process.instance] = nil }

    private func check(_ process: NodeProcess) {
        guard let (head, since) = news[process.instance],
            simulation.now - since >= Self.patience, !process.core.replicator.status.isCloned,
            process.authority.ownGrant != nil
        else { return }
        guard simulation.now - process.resumedAt >= Self.patience else {
            return process.later(Self.patience) { [self] in check(process) }
        }
        simulation.fail(
            .liveness, "I5",
            "host \(process.host.number): no beacon shows \(head.log)-\(head.last), durable since "
                + since.text)
    }
}
