// SPDX-License-Identifier: Apache-2.0
import ClusterCore
@_spi(Verification) import ClusterModel

struct OrderByWallClock: Breakage {
    private var drafts: [EpochID: [SequenceNumber: BatchDraft]] = [:]

    mutating func rewrite(
        _ effect: Effect, at moment: Moment
    ) -> (effects: [Effect], told: [Input]) {
        guard case .seal(let draft) = effect else { return ([effect], []) }
        drafts[draft.log, default: [:]][draft.first] = draft
        let events = draft.events.enumerated().map { index, event in
            Event(
                timestamp: HybridTimestamp(
                    milliseconds: moment.wall.milliseconds, counter: UInt16(index)),
                content: event.content)
        }
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
