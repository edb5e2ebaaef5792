// SPDX-License-Identifier: Apache-2.0
import ClusterCore
@_spi(Verification) import ClusterModel

struct AdvertiseLastSeen: Breakage {
    private var seen: [EpochID: EpochHead] = [:]

    mutating func rewrite(_ input: Input) -> [Input] {
        if case .batchReceived(let batch, from: _) = input {
            let header = batch.header
            seen[header.log] = EpochHead(log: header.log, last: header.last, chain: batch.hash)
        }
        return [input]
    }

    mutating func rewrite(
        _ effect: Effect, at moment: Moment
    ) -> (effects: [Effect], told: [Input]) {
        guard case .broadcastBeacon(var beacon) = effect else { return ([effect], []) }
        beacon.heads = beacon.heads.map { head in
            guard let old = seen[head.log], old.last < head.last else { return head }
            return old
        }
        return ([.broadcastBeacon(beacon)], [])
    }
}

struct SilentFork: Breakage {
    private var known: [EventID: Digest] = [:]

    mutating func rewrite(_ input: Input) -> [Input] {
        var batch: VerifiedBatch?
        if case .sealed(let own) = input { batch = own }
        if case .batchReceived(let came, from: _) = input { batch = came }
        guard let batch else { return [input] }
        for index in batch.events.indices {
            let first = known[batch.id(at: index), default: batch.hash]
            guard first == batch.hash else { return [] }
        }
        for index in batch.events.indices { known[batch.id(at: index)] = batch.hash }
        return [input]
    }
}

struct SkipKeepState: Breakage {
    mutating func rewrite(
        _ effect: Effect, at moment: Moment
    ) -> (effects: [Effect], told: [Input]) {
        guard case .keepState(_, of: let log, through: let last, let ticket) = effect else {
            return ([effect], [])
        }
        return ([.keepState([], of: log, through: last, ticket)], [])
    }
}

struct LoserWins: Breakage {
    /// Between the first and the last stamp of most runs: what is later than it becomes earlier.
    private static let mirror: UInt64 = 1_767_225_605_000

    mutating func rewrite(_ input: Input) -> [Input] {
        if case .sealed(let own) = input { return [.sealed(mirrored(own))] }
        if case .batchReceived(let came, from: let peer) = input {
            return [.batchReceived(mirrored(came), from: peer)]
        }
        return [input]
    }

    private func mirrored(_ batch: VerifiedBatch) -> VerifiedBatch {
        let events = batch.events.map { event in
            guard event.content.isState else { return event }
            let stamp = event.timestamp
            let early = 2 * Self.mirror - min(stamp.milliseconds, 2 * Self.mirror)
            return Event(
                timestamp: HybridTimestamp(milliseconds: early, counter: stamp.counter),
                content: event.content)
        }
        return VerifiedBatch(
            header: batch.header, hash: batch.hash, events: events, sealed: batch.sealed)
    }
}

struct ReadyUncleared: Breakage {
    mutating func rewrite(
        _ effect: Effect, at moment: Moment
    ) -> (effects: [Effect], told: [Input]) {
        guard case .readiness(let told) = effect else { return ([effect], []) }
        let others = told.obstacles.filter { $0 != .awaitingClear }
        return ([.readiness(Readiness(obstacles: others))], [])
    }
}
