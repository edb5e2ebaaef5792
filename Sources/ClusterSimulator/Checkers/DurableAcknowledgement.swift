// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// I1: what a node confirms, acknowledges or advertises is on the disks that it speaks of, and
/// stays on one of them for as long as one of them lasts.
final class DurableAcknowledgement: Checker {
    /// A promise to a publisher.
    private struct Promise {
        let range: EventRange
        /// The disks that held it then: host numbers, and how often each had been lost.
        let holders: [(host: Int, losses: Int)]
    }

    private unowned let simulation: Simulation
    private var requests: [Int: [PublishTicket: PublishRequest]] = [:]
    private var promises: [Promise] = []
    private var jumps: [InstanceID: [EpochID: SequenceNumber]] = [:]
    /// The highest position that was ever on a disk, by host and log.
    private var ever: [Int: [EpochID: SequenceNumber]] = [:]

    init(_ simulation: Simulation) { self.simulation = simulation }

    func input(_ input: Input, to process: NodeProcess) {
        if case .publishRequested(let request) = input {
            requests[process.host.number, default: [:]][request.ticket] = request
        }
    }

    func started(_ process: NodeProcess) { noteDisk(of: process.host) }

    func committed(on host: Host, before: LogImage) { noteDisk(of: host) }

    private func noteDisk(of host: Host) {
        for (log, track) in host.disk.image.tracks
        where track.head.last > ever[host.number]?[log] ?? 0 {
            ever[host.number, default: [:]][log] = track.head.last
        }
    }

    func effect(_ effect: Effect, of process: NodeProcess) {
        switch effect {
        case .jump(let floor): jumps[process.instance, default: [:]][floor.log] = floor.last
        case .resolve(let ticket, .confirmed(let range, holders: _)):
            confirm(ticket, range, by: process)
        case .acknowledge(let word, to: _):
            guard word.durable > known(word.log, process) else { return }
            fail("\(word.log)-\(word.durable) is acknowledged, not durable", process)
        case .broadcastBeacon(let beacon):
            for head in beacon.heads where head.last > known(head.log, process) {
                fail("\(head.log)-\(head.last) is advertised, not durable", process)
            }
        default: return
        }
    }

    /// What is on disk, or is no promise: nothing is held below the floor that a log jumps to.
    private func known(_ log: EpochID, _ process: NodeProcess) -> SequenceNumber {
        max(process.host.disk.image.last(of: log), jumps[process.instance]?[log] ?? 0)
    }

    private func confirm(_ ticket: PublishTicket, _ range: EventRange, by process: NodeProcess) {
        guard let request = requests[process.host.number]?[ticket] else {
            return fail("ticket \(ticket.number) was confirmed and nobody asked", process)
        }
        let holders = simulation.hosts.filter { $0.disk.image.holds(range) }
        guard holders.contains(where: { $0 === process.host }) else {
            return fail("\(range) is confirmed and not on the origin's disk", process)
        }
        let members = simulation.membership.members(of: process).sorted()
        // Who held it and was put back to an earlier state since, spoke the truth.
        let holding = Set(
            simulation.hosts.filter { ever[$0.number]?[range.log] ?? 0 >= range.last }
                .map(\.node))
        switch request.level {
        case .local: break
        case .one:
            let isAlone = members.count > 1 && holding.count < 2
            if isAlone { fail("\(range) is confirmed `one` and nobody else has it", process) }
        case .all:
            for member in members where !holding.contains(member) {
                fail("\(range) is confirmed `all` and \(member.short) lacks it", process)
            }
        }
        promises.append(
            Promise(range: range, holders: holders.map { ($0.number, $0.disk.losses) }))
    }

    func finish() {
        for promise in promises where !simulation.isQuarantined(promise.range.log) {
            let isExcused = promise.holders.allSatisfy { holder in
                let host = simulation.hosts[holder.host]
                return host.disk.losses > holder.losses || host.isRemoved || host.isClone
            }
            guard !isExcused else { continue }
            for host in simulation.members where !host.disk.image.holds(promise.range) {
                return simulation.fail(
                    .correctness, "I1",
                    "\(promise.range) was confirmed and host \(host.number) lacks it at last")
            }
        }
    }

    private func fail(_ text: String, _ process: NodeProcess) {
        simulation.fail(.correctness, "I1", "host \(process.host.number): \(text)")
    }
}
