// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// I3: what a node holds of a log is one unbroken chain, and never becomes less, not even over a
/// restart; events are handed out in their order.
final class GaplessLogs: Checker {
    private unowned let simulation: Simulation
    /// What was handed out last, by process and log.
    private var delivered: [InstanceID: [EpochID: SequenceNumber]] = [:]

    init(_ simulation: Simulation) { self.simulation = simulation }

    func committed(on host: Host, before: LogImage) {
        let image = host.disk.image
        for log in before.logs where image.last(of: log) < before.last(of: log) {
            return fail("\(log) went back to \(image.last(of: log))", host)
        }
        for log in image.logs where image.last(of: log) > before.last(of: log) {
            guard let track = image.tracks[log] else { continue }
            checkChain(track, from: before.last(of: log), on: host)
        }
    }

    private func checkChain(_ track: LogImage.Track, from start: SequenceNumber, on host: Host) {
        var last = start
        var chain: Digest?
        if let floor = track.floor, floor.last > last { (last, chain) = (floor.last, floor.chain) }
        for entry in track.batches {
            // The signed bytes, not what the core was told of them.
            let batch = simulation.ledger.sealed[entry.batch.hash] ?? entry.batch
            let header = batch.header
            if header.last <= start {
                chain = batch.hash
                continue
            }
            guard header.last > last else { continue }
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
    }

    private func fail(_ text: String, _ host: Host) {
        simulation.fail(.correctness, "I3", "host \(host.number): \(text)")
    }
}
