// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// From a wish to publish to its confirmation.
extension Replicator {
    mutating func publish(_ request: PublishRequest) {
        let ticket = request.ticket
        guard !confirmations.isKnown(ticket) else {
            return report(.unexpectedCompletion("publish ticket \(ticket.number) used twice"))
        }
        if let refusal = refusal(of: request) {
            return emit(.resolve(ticket, .refused(refusal)))
        }
        let contents = request.contents.map { completed($0) }
        let item = PublishQueue.Item(
            ticket: ticket, contents: contents, level: request.level,
            byteCount: contents.reduce(0) { $0 + $1.estimatedByteCount }, since: now.instant)
        guard queue.add(item) else { return emit(.resolve(ticket, .refused(.overloaded))) }
        confirmations.begin(ticket, deadline: now.instant + request.timeout)
    }

    private func refusal(of request: PublishRequest) -> PublishRefusal? {
        if start.isCloned { return .cloned }
        guard authority.ownGrant != nil else { return .notLoggedIn }
        guard !request.contents.isEmpty else { return .impossibleSize("no events") }
        guard request.contents.count <= Limits.batchEvents else {
            return .impossibleSize(
                "\(request.contents.count) events, at most \(Limits.batchEvents)")
        }
        let byteCount = request.contents.reduce(0) { $0 + $1.estimatedByteCount }
        guard byteCount <= Limits.batchBytes - Limits.seenReserve else {
            return .impossibleSize("\(byteCount) bytes, at most \(Limits.batchBytes)")
        }
        let scopes = request.contents.reduce(into: Scopes()) {
            $0.formUnion($1.requiredScopes)
        }
        if let refusal = authority.refusalToPublish(scopes, at: now.wall) {
            return .notAllowed(refusal.message)
        }
        return confirmations.count < Limits.unconfirmedRequests ? nil : .overloaded
    }

    /// An order to clear says what its publisher had applied.
    private func completed(_ content: EventContent) -> EventContent {
        guard case .invalidation(var invalidation) = content else { return content }
        invalidation.seen = appliedVector
        return .invalidation(invalidation)
    }

    /// How far the newest log of every origin is applied here.
    var appliedVector: VersionVector {
        VersionVector(
            book.newestHeads.map { ($0.log, appliers[$0.log]?.applied ?? 0) }
                .filter { $0.1 > 0 })
    }

    mutating func sealIfDue() {
        guard queue.isDue(now: now.instant), canSign, let ownLog,
            let grant = authority.ownGrant, let tail = book[ownLog]?.tail
        else { return }
        let wall = now.wall
        let draft = queue.seal(after: tail, grant: grant) { clock.stamp(at: wall) }
        emit(.seal(draft))
    }

    mutating func sealed(_ batch: VerifiedBatch) {
        guard let draft = queue.sealing?.draft, draft.log == batch.header.log,
            draft.first == batch.header.first, draft.events.count == batch.events.count
        else { return report(.unexpectedCompletion("sealed \(batch.id(at: 0))")) }
        guard book[draft.log]?.isQuarantined != true else {
            return sealingFailed("its log has two histories")
        }
        for share in queue.sealed() { confirmations.place(share) }
        let reception = book[draft.log]?.receive(batch)
        precondition(reception == .accepted, "own \(batch.id(at: 0)): \(reception as Any)")
        append(of: draft.log)
        emit(.broadcast(batch))
        noteEarly(batch)
    }

    mutating func sealingFailed(_ reason: String) {
        for share in queue.sealingFailed() {
            guard let ticket = share.ticket else { continue }
            refuse(ticket, .sealingFailed(reason))
        }
    }

    mutating func refuse(_ ticket: PublishTicket, _ refusal: PublishRefusal) {
        guard confirmations.isKnown(ticket) else { return }
        confirmations.end(ticket)
        emit(.resolve(ticket, .refused(refusal)))
    }

    /// A commit of an own batch failed after it was broadcast: this epoch can never go on.
    mutating func failOwnAppend(of log: EpochID, reason: String) {
        let durable = book.durable(log).last
        let tail = book[log]?.tail.last ?? durable
        emit(
            .stop(
                .ownCommitFailed(
                    EventRange(log: log, first: durable.next, last: tail), reason: reason)))
    }

    private mutating func confirm() {
        for level in ConfirmationLevel.allCases where confirmations.isAwaited(level) {
            let through = Self.holdings(book, peers, others, level)
            for (ticket, range) in confirmations.confirmed(level, through: through) {
                let holders = others.filter { peers.durable(range.log, of: $0) >= range.last }
                emit(.resolve(ticket, .confirmed(range, holders: holders)))
            }
        }
    }

    /// Through which position a level holds for an own log.
    ///
    /// Takes copies, so that the question can be asked while the confirmations change.
    private static func holdings(
        _ book: LogBook, _ peers: PeerMonitor, _ others: [NodeID], _ level: ConfirmationLevel
    ) -> (EpochID) -> SequenceNumber {
        { log in
            let own = book.durable(log).last
            let held = others.map { peers.durable(log, of: $0) }
            switch level {
            case .local: return own
            case .one: return min(own, held.max() ?? 0)
            case .all: return min(own, held.min() ?? own)
            }
        }
    }

    mutating func superviseConfirmations() {
        confirm()
        guard confirmations.isDue(now: now.instant) else { return }
        for (ticket, place) in confirmations.expire(now: now.instant) {
            guard let (range, _) = place else {
                let result: PublishResult =
                    queue.withdraw(ticket) ? .refused(.overloaded) : .unknown(nil)
                emit(.resolve(ticket, result))
                continue
            }
            guard range.last <= book.durable(range.log).last else {
                emit(.resolve(ticket, .unknown(range)))
                continue
            }
            let missing = others.filter { peers.durable(range.log, of: $0) < range.last }
            emit(.resolve(ticket, .unconfirmed(range, missing: missing)))
        }
    }

    /// Publishes what this node itself has to say: receipts, and checkpoints from time to time.
    mutating func publishRemarks() {
        let isDue = receipts.due.map { $0 <= now.instant } ?? false
        guard isDue || now.instant >= schedule.nextCheckpoint, canSign else { return }
        if isDue, queue.waitingBytes < Limits.waitingBytes / 2 {
            for receipt in receipts.takeAll() { addRemark(.receipt(receipt)) }
        }
        guard now.instant >= schedule.nextCheckpoint else { return }
        schedule.nextCheckpoint = now.instant + Limits.checkpointInterval
        guard schedule.hasNews else { return }
        schedule.hasNews = false
        let heads = Array(book.newestHeads.prefix(Limits.headsInMessage))
        addRemark(.checkpoint(Checkpoint(heads: heads, wall: now.wall)))
    }

    private mutating func addRemark(_ content: EventContent) {
        let item = PublishQueue.Item(
            ticket: nil, contents: [content], level: .local,
            byteCount: content.estimatedByteCount, since: now.instant)
        if !queue.add(item) { report(.limitReached("own remarks that wait")) }
    }
}

extension EventContent {
    /// At least as many bytes as the event takes in a batch's body.
    ///
    /// The wire's codec needs a few bytes for each field; sixteen for each are ample.
    var estimatedByteCount: Int {
        switch self {
        case .application(let event):
            switch event.payload {
            case .inline(let bytes): 64 + event.topic.utf8.count + bytes.count
            case .blob: 128 + event.topic.utf8.count
            }
        case .invalidation(let order):
            64 + Self.size(order.paths) + Self.size(order.keys) + Self.size(order.keyPrefixes)
                + Self.size(order.keyPatterns) + Self.size(order.urls) + Self.size(order.tags)
                + order.seen.count * 96
        case .revision(let proposal):
            160 + proposal.commits.reduce(0) { $0 + 16 + $1.path.utf8.count + $1.commit.utf8.count }
        case .lock(let change): 96 + (change.claim?.reason.utf8.count ?? 0)
        case .receipt(let receipt):
            192 + receipt.outcome.reasonByteCount
                + receipt.steps.reduce(0) { $0 + Self.size(of: $1) }
        case .checkpoint(let checkpoint): 64 + checkpoint.heads.count * 128
        case .unknown(_, let bytes): 64 + bytes.count
        }
    }

    private static func size(_ names: [String]) -> Int {
        names.reduce(0) { $0 + 16 + $1.utf8.count }
    }

    private static func size(of step: StepReceipt) -> Int {
        64 + step.target.utf8.count + step.action.utf8.count + (step.failure?.utf8.count ?? 0)
            + step.proof.reduce(0) { $0 + 48 + $1.counter.utf8.count }
    }
}

extension ApplyOutcome {
    fileprivate var reasonByteCount: Int {
        switch self {
        case .applied, .superseded: 0
        case .failed(let reason), .parked(let reason), .refused(let reason): reason.utf8.count
        }
    }
}
