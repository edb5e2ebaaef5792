// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// The fold of state events: proposals of the installation's code, and changes of its update lock.
extension Replicator {
    mutating func fold(_ entry: StateEntry, _ look: Look) {
        guard !authority.isVoided(entry.id) else {
            return conclude(entry.id, .superseded, attempt: 1)
        }
        stateSources[entry.id] = StateSource(
            header: look.batch.header, hash: look.batch.hash, firstSeen: now.wall)
        let reference = peers.reference(wall: now.wall)
        guard HybridClock.isFarFuture(entry.timestamp, reference: reference) else {
            return fold(entry)
        }
        if !farFuture.add(entry) { report(.limitReached("events from the far future")) }
        report(.farFutureHeld(entry.id, entry.timestamp))
        conclude(entry.id, .failed(reason: "stamped in the far future"), attempt: 0)
    }

    private mutating func fold(_ entry: StateEntry) {
        switch entry {
        case .revision(let entry): fold(entry)
        case .lock(let entry): fold(entry)
        }
    }

    private mutating func fold(_ entry: RevisionEntry) {
        let wasAttempted = register.standing(of: entry.id) != nil
        for id in register.add(entry) { tellStanding(of: id, isNew: id == entry.id) }
        if wasAttempted { tellStanding(of: entry.id, isNew: true) }
    }

    /// A change of the lock counts until the next one; of two that did not know of one another
    /// one never did.
    private mutating func fold(_ entry: LockEntry) {
        let before = lock.current
        keep(entry)
        guard lock.current == entry else { return conclude(entry.id, .superseded, attempt: 1) }
        conclude(entry.id, .applied, attempt: 1)
        guard let before, before != entry, before.change.generation == entry.change.generation
        else { return }
        conclude(before.id, .superseded, attempt: 1)
    }

    /// Adds a change of the lock; what the register forgets is not judged again either.
    mutating func keep(_ entry: LockEntry) {
        if let forgotten = lock.add(entry) { stateSources[forgotten] = nil }
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

    /// Writes down what came of a state event, and says so.
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

    /// Takes events out of the registers, and gives the place to what then takes precedence.
    mutating func dropState(where isUnwanted: (EventID) -> Bool) {
        let before = register.current
        _ = farFuture.remove(where: isUnwanted)
        register.remove(where: isUnwanted)
        lock.remove(where: isUnwanted)
        for id in stateSources.keys where isUnwanted(id) { stateSources[id] = nil }
        if let current = register.current, current != before {
            tellStanding(of: current.id, isNew: false)
        }
    }

    /// Records changed: state events that never should have counted are taken out.
    ///
    /// What the users
    /// file alone forbids now was allowed when it was applied, and stays.
    mutating func rejudgeState() {
        for id in stateSources.keys {
            guard let source = stateSources[id] else { continue }
            if authority.isVoided(id) {
                report(.voided(id))
                dropState { $0 == id }
                conclude(id, .superseded, attempt: 1)
                continue
            }
            let judgement = authority.judge(
                source.header, hash: source.hash, requiring: .update,
                firstSeen: source.firstSeen)
            guard case .refused(let refusal) = judgement, refusal.isOfRecords else { continue }
            dropState { $0 == id }
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
