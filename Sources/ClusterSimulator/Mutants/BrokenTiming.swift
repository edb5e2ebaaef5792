// SPDX-License-Identifier: Apache-2.0
import ClusterCore
@_spi(Verification) import ClusterModel

struct OrderByWallClock: Breakage {
    private var drafts: [EpochID: [SequenceNumber: BatchDraft]] = [:]
    private var last = HybridTimestamp.zero

    mutating func rewrite(
        _ effect: Effect, at moment: Moment
    ) -> (effects: [Effect], told: [Input]) {
        guard case .seal(let draft) = effect else { return ([effect], []) }
        drafts[draft.log, default: [:]][draft.first] = draft
        // Within a millisecond they are counted: only clocks that go back show it.
        let wall = moment.wall.milliseconds
        var counter = last.milliseconds == wall ? last.counter + 1 : 0
        let events = draft.events.map { event in
            defer { counter += 1 }
            return Event(
                timestamp: HybridTimestamp(milliseconds: wall, counter: counter),
                content: event.content)
        }
        last = events.last?.timestamp ?? last
        let stamped = BatchDraft(
            log: draft.log, first: draft.first, previous: draft.previous, grant: draft.grant,
            events: events, isAwaited: draft.isAwaited)
        return ([.seal(stamped)], [])
    }

    /// The core finds its own stamps in what comes back.
    mutating func rewrite(_ input: Input) -> [Input] {
        guard case .sealed(let batch) = input,
            let draft = drafts[batch.header.log]?.removeValue(forKey: batch.header.first)
        else { return [input] }
        return [
            .sealed(
                VerifiedBatch(
                    header: batch.header, hash: batch.hash, events: draft.events,
                    sealed: batch.sealed))
        ]
    }
}

struct NoSupervisor: Breakage {
    mutating func rewrite(
        _ effect: Effect, at moment: Moment
    ) -> (effects: [Effect], told: [Input]) {
        if case .relink = effect { return ([], []) }
        return ([effect], [])
    }
}

struct NoHeadAfterBurst: Breakage {
    private var last: Instant?

    mutating func rewrite(
        _ effect: Effect, at moment: Moment
    ) -> (effects: [Effect], told: [Input]) {
        guard case .broadcastBeacon = effect else { return ([effect], []) }
        if let last, moment.instant.since(last) < .milliseconds(700) { return ([], []) }
        last = moment.instant
        return ([effect], [])
    }
}
