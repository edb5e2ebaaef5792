// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

struct ConfirmBeforeFsync: Breakage {
    private var told: Set<AppendTicket> = []

    mutating func rewrite(_ input: Input) -> [Input] {
        if case .appended(let ticket) = input, told.remove(ticket) != nil { return [] }
        return [input]
    }

    mutating func rewrite(
        _ effect: Effect, at moment: Moment
    ) -> (effects: [Effect], told: [Input]) {
        guard case .append(_, let ticket) = effect else { return ([effect], []) }
        told.insert(ticket)
        return ([effect], [.appended(ticket)])
    }
}

struct AcknowledgeBeforeDurable: Breakage {
    mutating func rewrite(
        _ effect: Effect, at moment: Moment
    ) -> (effects: [Effect], told: [Input]) {
        guard case .append(let entries, _) = effect, let last = entries.last?.batch.header else {
            return ([effect], [])
        }
        let word = Acknowledgement(log: last.log, durable: last.last, applied: 0)
        return ([effect, .acknowledge(word, to: last.log.origin)], [])
    }
}

struct ReplayWrongRange: Breakage {
    mutating func rewrite(
        _ effect: Effect, at moment: Moment
    ) -> (effects: [Effect], told: [Input]) {
        guard case .serveReplay(let request, let ticket) = effect else { return ([effect], []) }
        // As if positions were counted from 0.
        let shifted = ReplayRequest(
            log: request.log, first: request.first.next.next, last: request.last.next.next,
            credit: request.credit)
        return ([.serveReplay(shifted, ticket)], [])
    }
}

struct ReuseEpoch: Breakage {
    /// What a core starts from that does not know its last run.
    static func forgetful(_ recovered: RecoveredState) -> RecoveredState {
        var state = recovered
        let own = recovered.logs.map(\.head.log).filter { $0.origin == recovered.node }.max()
        guard let own else { return state }
        state.epochCounter = own.epoch.counter - 1
        state.nonce = own.epoch.nonce
        state.logs.removeAll { $0.head.log.origin == recovered.node }
        state.stateBatches.removeAll { $0.header.log.origin == recovered.node }
        state.missingBlobs.removeAll { $0.event.log.origin == recovered.node }
        return state
    }

    mutating func rewrite(_ input: Input) -> [Input] {
        if case .ownHeadsReceived(_, from: let peer) = input {
            return [.ownHeadsReceived([], from: peer)]
        }
        return [input]
    }
}
