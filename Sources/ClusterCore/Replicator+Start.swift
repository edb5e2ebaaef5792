// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// From the disk's content to the first signature.
extension Replicator {
    mutating func recover(_ recovered: RecoveredState) {
        for history in recovered.logs.sorted(by: { $0.head < $1.head }) {
            let log = history.head.log
            let isNew = book.open(
                history.head, floor: history.floor, missingState: history.missingState)
            guard isNew else { continue }
            // What was jumped over is as if applied, also where that could not be written down.
            let applied =
                history.missingState == nil
                ? history.applied : max(history.applied, history.floor?.last ?? 0)
            appliers[log] = LogApplier(log: log, applied: applied)
            if log.origin == node { start.learn(log.epoch) }
            truncation.grow(log, by: history.byteCount)
            if history.newestTimestamp > .zero {
                truncation.note(
                    history.head,
                    at: WallTime(milliseconds: history.newestTimestamp.milliseconds))
            }
            guard !history.isQuarantined else {
                book[log]?.quarantine()
                continue
            }
            restless[log] = true
            for entry in history.outcomes {
                // Above the watermark everything is handed out anew.
                guard entry.subject.first <= applied else {
                    appliers[log]?.erase(entry.subject)
                    advanced[log] = true
                    continue
                }
                switch entry.outcome {
                case .failed: shelf.add(entry.subject, .unfinished)
                case .refused: shelf.add(entry.subject, .refused)
                case .parked: shelf.add(entry.subject, .parked)
                case .applied, .superseded: break
                }
            }
        }
        recoverEvidence(recovered.evidence)
        // The users file may have changed while nobody looked.
        shelf.revisit([.unfinished, .refused])
        recoverState(recovered)
        for missing in recovered.missingBlobs where !blobs.isFull {
            blobs.want(missing.reference, for: missing.event.log, now: now.instant)
        }
    }

    /// Folds the state that was applied before; what was not, is looked at again by its outcome.
    private mutating func recoverState(_ recovered: RecoveredState) {
        var unsettled: [EpochID: [EventRange]] = [:]
        for history in recovered.logs {
            unsettled[history.head.log] = history.outcomes
                .filter { $0.outcome != .applied && $0.outcome != .superseded }
                .map(\.subject)
        }
        for batch in recovered.stateBatches.sorted(by: { $0.id(at: 0) < $1.id(at: 0) }) {
            for (index, event) in batch.events.enumerated() {
                let id = batch.id(at: index)
                guard event.content.isState, book[id.log]?.isQuarantined != true,
                    id.sequence <= appliers[id.log]?.applied ?? 0,
                    unsettled[id.log]?.contains(where: { $0.contains(id) }) != true,
                    !authority.isVoided(id)
                else { continue }
                recoverState(event, id, of: batch)
            }
        }
    }

    private mutating func recoverState(_ event: Event, _ id: EventID, of batch: VerifiedBatch) {
        let seen = WallTime(milliseconds: event.timestamp.milliseconds)
        stateSources[id] = StateSource(header: batch.header, hash: batch.hash, firstSeen: seen)
        switch event.content {
        case .revision(let proposal):
            _ = register.add(
                RevisionEntry(id: id, timestamp: event.timestamp, proposal: proposal))
        case .lock(let change):
            keep(
                LockEntry(
                    id: id, timestamp: event.timestamp, grant: batch.header.grant, change: change))
        case .application, .invalidation, .receipt, .checkpoint, .unknown: break
        }
    }

    /// What the first input brings, whichever it is.
    mutating func begin() {
        guard !schedule.hasBegun else { return }
        schedule.hasBegun = true
        schedule.nextBeacon = now.instant
        schedule.nextCut = now.instant + Limits.cutInterval
        schedule.nextCheckpoint = now.instant + Limits.checkpointInterval
        readiness.begin(now: now.instant)
        links.follow(others, now: now.instant)
        wantMissingState()
        for head in book.heads(of: nil) { truncation.note(head, at: now.wall) }
        showRecovered()
        resumeClears()
        guard configuration.peerCount > 0 || !others.isEmpty else {
            emit(.persistEpoch(start.beginEpoch()))
            return
        }
        start.ask(now: now.instant)
        for peer in others { emit(.requestOwnHeads(of: peer)) }
    }

    mutating func superviseStart() {
        switch start.stage {
        case .asking(let until):
            guard now.instant >= until || !start.answered.isEmpty else { return }
            emit(.persistEpoch(start.beginEpoch()))
        case .refused(let retryAt):
            guard now.instant >= retryAt else { return }
            emit(.persistEpoch(start.beginEpoch()))
        case .signing(let epoch):
            // A life of this node that it had forgotten was newer than the present one.
            guard let newest = book.newest(of: node), newest.epoch > epoch, queue.isIdle else {
                return
            }
            start.learn(newest.epoch)
            emit(.persistEpoch(start.beginEpoch()))
        case .fresh, .persisting: break
        }
    }

    mutating func epochPersisted(_ epoch: LogEpoch) {
        guard start.persisted(epoch) else {
            return report(.unexpectedCompletion("epoch \(epoch) persisted"))
        }
        let log = EpochID(origin: node, epoch: epoch)
        _ = book.open(log)
        appliers[log] = LogApplier(log: log, applied: 0)
        report(.epochBegun(epoch))
    }

    mutating func epochNotPersisted(_ epoch: LogEpoch, _ reason: String) {
        guard start.refused(epoch, now: now.instant) else {
            return report(.unexpectedCompletion("epoch \(epoch) not persisted"))
        }
        report(.epochRefused(epoch, reason: reason))
    }

    mutating func receiveOwnHeads(_ heads: [EpochHead], from peer: NodeID) {
        guard others.contains(peer) else { return }
        start.noteAnswer(from: peer)
        for head in heads.prefix(Limits.headsInMessage) where head.log.origin == node {
            start.learn(head.log.epoch)
            if head.last > book.durable(head.log).last, ownLog != head.log {
                report(.ownTailFound(head, from: peer))
            }
            note(head, from: peer, isCertain: true)
        }
    }

    mutating func linkCameUp(_ peer: NodeID) {
        guard others.contains(peer), !start.answered.contains(peer) else { return }
        emit(.requestOwnHeads(of: peer))
    }

    mutating func heardClone(_ other: InstanceID) {
        guard !start.isCloned else { return }
        start.isCloned = true
        report(.cloneHeard(other))
        for ticket in queue.withdrawAll() { refuse(ticket, .cloned) }
    }

    /// The log that own batches go to; `nil` before its epoch is durable.
    var ownLog: EpochID? { start.epoch.map { EpochID(origin: node, epoch: $0) } }

    /// Whether own batches may be signed now.
    var canSign: Bool {
        guard let ownLog, !start.isCloned, authority.ownGrant != nil else { return false }
        return book.newest(of: node).map { $0 <= ownLog } ?? true
    }
}
