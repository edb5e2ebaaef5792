// SPDX-License-Identifier: Apache-2.0

public import AdminAPI
internal import ClusterCore
internal import ClusterModel
internal import WireFormat

/// The update lock: who may take it, renew it and end it.
///
/// Advisory: it is looked at first and changed then, so two users who do not know of one another
/// may both be told that they hold it, until their servers have talked. Nothing rests on it.
extension Installation {
    /// Takes the lock, or renews it where the same user holds it.
    public func lock(_ request: LockRequestDocument) async throws(ErrorDocument) -> LockAnswer {
        let wish = try await lockWish("lock", confirm: request.confirm)
        guard WireLimits.lockTTL.contains(request.ttlMilliseconds) else {
            throw .malformed("lock: expected a time to live from 1 s to 30 days")
        }
        if let held = wish.held, held.holder != wish.user { throw refused(wish, .lock, by: held) }
        let reason = request.reason ?? wish.held?.reason ?? ""
        guard reason.utf8.count <= WireLimits.lockReason,
            reason.unicodeScalars.allSatisfy(PrintableText.isPrintable)
        else {
            throw .malformed(
                "lock: expected a reason of at most \(WireLimits.lockReason) bytes of printable "
                    + "characters")
        }
        let claim = LockClaim(
            since: wish.held?.since, reason: reason, ttl: request.ttlMilliseconds)
        let answer = try await change(wish, to: claim, within: request.timeoutMilliseconds)
        audit.done(
            .lock, user: wish.user, address: Auditor.local, subject: answer.event?.id,
            reason: reason.isEmpty ? nil : reason)
        return answer
    }

    /// Ends the lock, another user's only by force; without one nothing happens.
    public func unlock(
        _ request: UnlockRequestDocument
    ) async throws(ErrorDocument) -> LockAnswer {
        let wish = try await lockWish("unlock", confirm: request.confirm)
        guard let held = wish.held else {
            return LockAnswer(lock: nil, previous: nil, event: nil)
        }
        let isForced = held.holder != wish.user
        if isForced, !request.force { throw refused(wish, .unlock, by: held) }
        let answer = try await change(wish, to: nil, within: request.timeoutMilliseconds)
        audit.done(
            .unlock, user: wish.user, address: Auditor.local, subject: answer.event?.id,
            reason: isForced ? "forced: it was held by \(held.holder)" : nil)
        return answer
    }

    /// What a wish about the lock starts from.
    private struct LockWish {
        let operation: String
        let node: Node
        /// Whose wish it is.
        let user: String
        let level: ConfirmationLevel
        /// The lock as it is now, by this host's clock.
        let held: LockState?
        /// The generation of the change that is to come.
        let generation: UInt64
        let wall: WallTime
    }

    private func lockWish(
        _ operation: String, confirm: String?
    ) async throws(ErrorDocument) -> LockWish {
        let node = try loggedInNode()
        let level = try await level(confirm, of: node)
        let snapshot = await node.snapshot()
        guard let user = snapshot.authority.ownMember?.user else { throw .notLoggedIn }
        return LockWish(
            operation: operation, node: node, user: user, level: level, held: snapshot.lock,
            generation: min((snapshot.core.lock?.generation ?? 0) + 1, WireLimits.position),
            wall: snapshot.moment.wall)
    }

    private func refused(
        _ wish: LockWish, _ event: AuditEntry.Event, by held: LockState
    ) -> ErrorDocument {
        audit.refused(
            event, user: wish.user, address: Auditor.local,
            reason: "locked by \(held.holder)")
        return ErrorDocument(
            code: "locked", message: "\(wish.operation): updates are locked \(held.sentence)",
            hint: "wait until then, ask \(held.holder), or end it: sitestacker unlock --force",
            exitStatus: ExitStatus.tryLater)
    }

    private func change(
        _ wish: LockWish, to claim: LockClaim?, within timeout: UInt64
    ) async throws(ErrorDocument) -> LockAnswer {
        let content = EventContent.lock(LockChange(generation: wish.generation, claim: claim))
        try checkEncodable(content)
        let result = await wish.node.publish(
            [content], level: wish.level, timeout: .milliseconds(Int64(clamping: timeout)))
        let after = await wish.node.snapshot()
        let event = try answer(result, level: wish.level, snapshot: after)
        if let core = after.core.lock, core.generation >= wish.generation,
            "\(core.event)" != event.id
        {
            throw ErrorDocument(
                code: "lock-superseded",
                message: "\(wish.operation): \(event.id) came to nothing, for the lock was changed "
                    + "elsewhere at the same time: "
                    + (after.lock.map { "it is held \($0.sentence)" } ?? "it is not held"),
                hint: "sitestacker status shows it; try again", exitStatus: ExitStatus.tryLater)
        }
        // Its own log may be behind; nobody has seen the lock then, and this is what it will be.
        let coming = claim.map { claim in
            LockState(
                holder: wish.user, since: claim.since ?? wish.wall, reason: claim.reason,
                expires: WallTime(milliseconds: wish.wall.milliseconds + claim.ttl))
        }
        return LockAnswer(
            lock: claim == nil ? nil : (after.lock ?? coming).map(LockDocument.init),
            previous: wish.held.map(LockDocument.init), event: event)
    }
}

extension NodeSnapshot {
    /// Who keeps others from updating; `nil` where nobody does, by this host's clock.
    var lock: LockState? {
        guard let lock = core.lock, let since = lock.since, lock.isHeld(at: moment.wall) else {
            return nil
        }
        return LockState(
            holder: user(of: lock.grant) ?? lock.event.log.origin.short, since: since,
            reason: lock.reason, expires: lock.expires)
    }
}

extension LockState {
    /// By whom, since when, why and until when.
    fileprivate var sentence: String {
        "by \(holder) since \(since)" + (reason.isEmpty ? "" : ": \(reason)")
            + ", expires \(expires)"
    }
}

extension LockDocument {
    init(_ lock: LockState) {
        self.init(
            holder: lock.holder, since: lock.since.milliseconds, reason: lock.reason,
            expires: lock.expires.milliseconds)
    }
}
