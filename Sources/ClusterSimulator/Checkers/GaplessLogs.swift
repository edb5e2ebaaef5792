// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// I3: what a node holds of a log is one unbroken chain, and never becomes less, not even over a
/// restart; events are handed out in their order.
final class GaplessLogs: Checker {
    private unowned let simulation: Simulation

    /// The last position that each process handed out, by log.
    private var handed: [InstanceID: [EpochID: SequenceNumber]] = [:]

    init(_ simulation: Simulation) { self.simulation = simulation }

    func ended(_ process: NodeProcess) { handed[process.instance] = nil }

    func committed(on host: Host, before: LogImage) {
        let image = host.disk.image
        for (log, track) in before.tracks where image.last(of: log) < track.head.last {
            return fail("\(log) went back to \(image.last(of: log))", host)
        }
        for log in image.advanced(since: before) {
            guard let track = image.tracks[log] else { continue }
            checkChain(track, from: before.tracks[log]?.head, on: host)
        }
    }

    private func checkChain(_ track: LogImage.Track, from start: EpochHead?, on host: Host) {
        var (last, chain) = (start?.last ?? 0, start?.chain)
        if let floor = track.floor, floor.last > last { (last, chain) = (floor.last, floor.chain) }
        let news = track.batches.reversed().prefix { $0.batch.header.last > last }.reversed()
        for entry in news {
            // The signed bytes, not what the core was told of them.
            let batch = simulation.ledger.sealed[entry.batch.hash] ?? entry.batch
            let header = batch.header
            guard header.first == last.next else {
                return fail("\(batch.line) follows \(last)", host)
            }
            if let chain, header.previous != chain {
                return fail("\(batch.line) does not continue its chain", host)
            }
            (last, chain) = (header.last, batch.hash)
        }
    }

    func effect(_ effect: Effect, of process: NodeProcess) {
        guard case .deliver(let batch, let indices) = effect, !indices.isEmpty else { return }
        let range = EventRange(
            log: batch.header.log, first: batch.id(at: indices.lowerBound).sequence,
            last: batch.id(at: indices.upperBound - 1).sequence)
        guard process.host.disk.image.holds(range) else {
            return fail("\(range) is handed out, not durable", process.host)
        }
        let before = handed[process.instance]?[range.log] ?? 0
        guard range.first <= before else {
            handed[process.instance, default: [:]][range.log] = range.last
            return
        }
        // What had to wait has an outcome that says so, and is looked at again.
        let first = EventID(log: range.log, sequence: range.first)
        if process.host.disk.image.outcome(of: first) == nil {
            fail("\(range) is handed out after \(before)", process.host)
        }
    }

    private func fail(_ text: String, _ host: Host) {
        simulation.fail(.correctness, "I3", "host \(host.number): \(text)")
    }
}
