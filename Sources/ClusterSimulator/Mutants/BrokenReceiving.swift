// SPDX-License-Identifier: Apache-2.0
import ClusterCore
@_spi(Verification) import ClusterModel

struct IgnorePrevious: Breakage {
    private var tails: [EpochID: EpochHead] = [:]

    init(_ recovered: RecoveredState) {
        for history in recovered.logs { tails[history.head.log] = history.head }
    }

    /// Makes the core believe that what is next continues the chain.
    mutating func rewrite(_ input: Input) -> [Input] {
        guard case .batchReceived(let batch, from: let peer) = input else { return [input] }
        var header = batch.header
        if let tail = tails[header.log], tail.last.next == header.first {
            header.previous = tail.chain
        }
        let isNext = tails[header.log].map { $0.last.next == header.first } ?? (header.first == 1)
        if isNext {
            tails[header.log] = EpochHead(log: header.log, last: header.last, chain: batch.hash)
        }
        return [
            .batchReceived(
                VerifiedBatch(
                    header: header, hash: batch.hash, events: batch.events, sealed: batch.sealed),
                from: peer)
        ]
    }
}

struct DropDedupe: Breakage {
    private var delivered: Set<Digest> = []

    mutating func rewrite(
        _ effect: Effect, at moment: Moment
    ) -> (effects: [Effect], told: [Input]) {
        if case .deliver(let batch, _) = effect { delivered.insert(batch.hash) }
        return ([effect], [])
    }

    mutating func extra(after input: Input) -> [Effect] {
        guard case .batchReceived(let batch, from: _) = input, delivered.contains(batch.hash) else {
            return []
        }
        let application = batch.events.indices.filter {
            if case .application = batch.events[$0].content { true } else { false }
        }
        return application.map { .deliver(batch, indices: $0..<$0 + 1) }
    }
}

struct ApplyUnlisted: Breakage {
    let everybody: [AllowedUser]

    /// What a core starts from that lists everybody.
    static func openToAll(
        _ recovered: RecoveredState, _ simulation: Simulation
    ) -> RecoveredState {
        var state = recovered
        _ = state.authority.setUsers(simulation.everybody)
        return state
    }

    mutating func rewrite(_ input: Input) -> [Input] {
        if case .authority(.usersChanged) = input { return [.authority(.usersChanged(everybody))] }
        return [input]
    }
}
