// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// The fold of proposals into the installation's code.
extension Replicator {
    mutating func fold(_ entry: RevisionEntry, _ look: Look) {
        guard !authority.isVoided(entry.id) else {
            return conclude(entry.id, .superseded, attempt: 1)
        }
        revisionSources[entry.id] = RevisionSource(
            header: look.batch.header, hash: look.batch.hash, firstSeen: now.wall)
        let reference = peers.reference(wall: now.wall)
        guard HybridClock.isFarFuture(entry.timestamp, reference: reference) else {
            return fold(entry)
        }
        if !farFuture.add(entry) { report(.limitReached("events from the far future")) }
        report(.farFutureHeld(entry.id, entry.timestamp))
        conclude(entry.id, .failed(reason: "stamped in the far future"), attempt: 0)
    }

    private mutating func fold(_ entry: RevisionEntry) {
        let wasAttempted = register.standing(of: entry.id) != nil
        for id in register.add(entry) { tellStanding(of: id, isNew: id == entry.id) }
        if wasAttempted { tellStanding(of: entry.id, isNew: true) }
    }

    private mutating func tellStanding(of id: EventID, isNew: Bool) {
        switch register.standing(of: id) {
        case .current: conclude(id, .applied, attempt: 1)
        // What was current has been applied; that it is so no more is told, too.
        case .superseded: conclude(id, .superseded, attempt: 1)
        case .orphaned where isNew:
            conclude(id, .failed(reason: "its parent is not known here"), attempt: 0)
        case .orphaned, nil: break
        }
    }

    /// Writes down what came of a proposal, and says so.
    private mutating func conclude(_ id: EventID, _ outcome: ApplyOutcome, attempt: Int) {
        close(id.alone, outcome, attempt: attempt)
        publish(Receipt(subject: id.alone, outcome: outcome, attempt: max(1, attempt)))
    }

    mutating func releaseFarFuture() {
        guard !farFuture.held.isEmpty else { return }
        for entry in farFuture.release(reference: peers.reference(wall: now.wall)) {
            report(.farFutureReleased(entry.id))
            fold(entry)
        }
    }

    var farFutureDeadline: Instant? {
        farFuture.wait(reference: peers.reference(wall: now.wall)).map { now.instant + $0 }
    }

    /// Takes proposals out of the register, and gives the place to what then takes precedence.
    mutating func dropRevisions(where isUnwanted: (EventID) -> Bool) {
        let before = register.current
        _ = farFuture.remove(where: isUnwanted)
        register.remove(where: isUnwanted)
        for id in revisionSources.keys where isUnwanted(id) { revisionSources[id] = nil }
        if let current = register.current, current != before {
            tellStanding(of: current.id, isNew: false)
        }
    }

    /// Records changed: proposals that never should have counted are taken out.
    ///
    /// What the users
    /// file alone forbids now was allowed when it was applied, and stays.
    mutating func rejudgeRevisions() {
        for id in revisionSources.keys {
            guard let source = revisionSources[id] else { continue }
            if authority.isVoided(id) {
                report(.voided(id))
                dropRevisions { $0 == id }
                conclude(id, .superseded, attempt: 1)
                continue
            }
            let judgement = authority.judge(
                source.header, hash: source.hash, requiring: .update,
                firstSeen: source.firstSeen)
            guard case .refused(let refusal) = judgement, refusal.isOfRecords else { continue }
            dropRevisions { $0 == id }
            close(id.alone, .refused(reason: refusal.message), attempt: 0)
            shelf.add(id.alone, .refused)
            publish(
                Receipt(
                    subject: id.alone, outcome: .refused(reason: refusal.message), attempt: 1))
        }
    }
}

extension Refusal {
    /// Whether the records of the cluster refuse, rather than this node's users file.
    fileprivate var isOfRecords: Bool {
        switch code {
        case .unknownGrant, .wrongNode, .revoked, .removedUser, .retiredKey, .undated,
            .missingScope:
            true
        case .expired, .unlistedUser, .unlistedScope, .unpinnedKey, .ambiguousKey, .notLoggedIn:
            false
        }
    }
}
