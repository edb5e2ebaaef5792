// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// From a batch on disk to its effect here.
extension Replicator {
    /// One event on its way to its effect.
    struct Look {
        let batch: VerifiedBatch
        let index: Int
        let judgement: Judgement
        /// Set where this is a second look.
        let visit: Shelf.Visit?

        var id: EventID { batch.id(at: index) }
        var event: Event { batch.events[index] }
        var subject: EventRange { EventRange(log: id.log, first: id.sequence, last: id.sequence) }
        /// Whether a receipt said that it has had no effect: what comes of it now must be told.
        var isToldOtherwise: Bool { visit?.reason == .refused || visit?.reason == .parked }
        /// Whether receipts are due for it: remarks are not remarked upon.
        var wantsReceipt: Bool {
            switch event.content {
            case .application, .invalidation, .revision, .lock: true
            case .receipt, .checkpoint, .unknown: false
            }
        }
    }

    mutating func superviseApplying() {
        guard start.mayApply else { return }
        releaseFarFuture()
        if now.instant >= schedule.nextLoad {
            for log in restless.keys { drain(log) }
            if let range = shelf.next() { emit(.load(range)) }
        }
        beginTasks()
    }

    private mutating func beginTasks() {
        guard handlers.waiting > 0 || !clears.isIdle || early != nil else { return }
        var last = lastApply
        func ticket() -> ApplyTicket {
            last += 1
            return ApplyTicket(last)
        }
        var tasks = handlers.begin(now: now.instant, ticket: ticket)
        let isApplied = Self.watermarks(book, appliers)
        let clear =
            clears.begin(now: now.instant, isApplied: isApplied, ticket: ticket)
            ?? clears.beginEarly(
                earlyOrders, of: early?.hash ?? .none, now: now.instant, isApplied: isApplied,
                ticket: ticket)
        if let clear { tasks.append(clear) }
        lastApply = last
        tellOverdueClears(isApplied: isApplied)
        for task in tasks { emit(.apply(task)) }
    }

    /// Whether everything in a vector is applied here.
    ///
    /// A log with two histories never will be.
    ///
    /// Takes copies, so that the question can be asked while the queue of clears changes.
    private static func watermarks(
        _ book: LogBook, _ appliers: OrderedTable<EpochID, LogApplier>
    ) -> (VersionVector) -> Bool {
        { vector in
            vector.entries.allSatisfy { entry in
                book[entry.log]?.isQuarantined == true
                    || appliers[entry.log]?.applied ?? 0 >= entry.position
            }
        }
    }

    /// Hands out what a log has in memory, and has more read where that is all.
    private mutating func drain(_ log: EpochID) {
        guard book[log]?.isQuarantined == false else {
            restless[log] = nil
            return
        }
        while let (batch, index) = appliers[log]?.next {
            let end = handOut(batch, from: index)
            appliers[log]?.handOut(through: batch.header.first.advanced(by: end - 1))
            advanced[log] = true
            // Handlers are full: their completions bring this log on.
            guard end == batch.events.count else { return }
        }
        if let range = appliers[log]?.beginLoad(durable: book.durable(log).last) {
            emit(.load(range))
        }
        restless[log] = nil
    }

    /// Applies events of a batch from an index on; returns the index it came to.
    private mutating func handOut(_ batch: VerifiedBatch, from start: Int) -> Int {
        var memo = JudgementMemo()
        var delivered = start
        var index = start
        while index < batch.events.count {
            let content = batch.events[index].content
            let judgement = memo.judge(batch, content.requiredScopes, authority, now.wall)
            if case .application = content, case .allowed = judgement {
                guard !configuration.handlers.isEmpty else {
                    index += 1
                    continue
                }
                guard !handlers.isFull else { break }
            } else {
                deliver(batch, delivered..<index)
                delivered = index + 1
            }
            apply(Look(batch: batch, index: index, judgement: judgement, visit: nil))
            index += 1
        }
        deliver(batch, delivered..<index)
        return index
    }

    private mutating func deliver(_ batch: VerifiedBatch, _ indices: Range<Int>) {
        if !indices.isEmpty { emit(.deliver(batch, indices: indices)) }
    }

    mutating func apply(_ look: Look) {
        switch look.judgement {
        case .allowed(let user): applyAllowed(look, user: user)
        case .held(let refusal):
            shelf.add(look.subject, .unfinished)
            if look.visit == nil {
                close(look.subject, .failed(reason: refusal.message), attempt: 0)
                remark(look, .failed(reason: refusal.message))
                // A grant that has not come is no refusal; one that is over is.
                if refusal.code == .undated {
                    report(.withheld(look.subject, reason: refusal.message))
                }
            }
        case .refused(let refusal):
            shelf.add(look.subject, .refused)
            if look.visit?.reason != .refused {
                close(look.subject, .refused(reason: refusal.message), attempt: 0)
                remark(look, .refused(reason: refusal.message))
                report(.withheld(look.subject, reason: refusal.message))
            }
        }
    }

    private mutating func applyAllowed(_ look: Look, user: String) {
        switch look.event.content {
        case .application(let event): applyApplication(event, look, user: user)
        case .invalidation(var order):
            if look.visit?.reason == .refused {
                order.everything = true
                report(.fullClearOwed(.userListed))
            } else {
                open(look)
                if claimClear(look) { return }
            }
            clears.add(look.id, order, slot: slot(for: look.id), now: now.instant)
        case .revision(let proposal):
            applyState(
                .revision(
                    RevisionEntry(
                        id: look.id, timestamp: look.event.timestamp, proposal: proposal)), look)
        case .lock(let change):
            applyState(
                .lock(
                    LockEntry(
                        id: look.id, timestamp: look.event.timestamp,
                        grant: look.batch.header.grant, change: change)), look)
        case .receipt(let receipt):
            table.fold(receipt, by: look.id.log.origin)
            emit(
                .recordReceipt(receipt, by: look.id.log.origin, at: look.event.timestamp))
            settle(look)
        case .checkpoint(let checkpoint):
            follow(authority.note(checkpoint, by: look.id.log.origin))
            settle(look)
        case .unknown(let kind, _):
            shelf.add(look.subject, .parked)
            guard look.visit == nil else { return }
            let reason = "kind \(kind) is unknown to this version"
            close(look.subject, .parked(reason: reason), attempt: 0)
            report(.parked(look.subject, reason: reason))
        }
    }

    private mutating func applyState(_ entry: StateEntry, _ look: Look) {
        // The batch may have been stored as withheld: at a restart only accepted state counts.
        emit(.dispose(look.id.log, holding: look.id.sequence, .accepted))
        fold(entry, look)
    }

    private mutating func applyApplication(_ event: ApplicationEvent, _ look: Look, user: String) {
        if let visit = look.visit, visit.reason == .refused, visit.user != user {
            shelf.add(look.subject, .refused)
            return
        }
        // First looks are delivered in runs by whoever hands out.
        if let visit = look.visit, visit.reason != .parked {
            deliver(look.batch, look.index..<look.index + 1)
            // After its delivery: whoever finds it in the log from now on can know that it comes.
            emit(.dispose(look.id.log, holding: look.id.sequence, .accepted))
        }
        let wanted = configuration.handlers.enumerated().filter { $1.matches(event.topic) }
            .map { (number: $0, rule: $1) }
        guard !wanted.isEmpty else { return settle(look) }
        open(look)
        handlers.add(
            look.id, event, handlers: wanted, after: look.isToldOtherwise ? 1 : 0,
            now: now.instant)
    }

    /// The event is under way: the watermark waits for it, if it is not above it already.
    private mutating func open(_ look: Look) {
        guard look.visit == nil else { return }
        appliers[look.id.log]?.begin(look.id.sequence)
    }

    /// The event has had its effect at once.
    private mutating func settle(_ look: Look) {
        if look.visit != nil { close(look.subject, .applied, attempt: 1) }
        if look.isToldOtherwise { remark(look, .applied) }
    }

    mutating func close(_ subject: EventRange, _ outcome: ApplyOutcome, attempt: Int) {
        appliers[subject.log]?.close(subject, outcome, attempt: attempt)
        advanced[subject.log] = true
    }

    private mutating func remark(_ look: Look, _ outcome: ApplyOutcome) {
        guard look.wantsReceipt else { return }
        publish(Receipt(subject: look.subject, outcome: outcome, attempt: 1))
    }

    mutating func publish(_ receipt: Receipt) {
        if receipts.add(receipt, now: now.instant) != nil {
            report(.limitReached("receipts that wait"))
        }
    }

    /// A task ended.
    mutating func finish(
        _ ticket: ApplyTicket, _ outcome: ApplyOutcome, _ steps: [StepReceipt]
    ) {
        if clears.owns(ticket) { return finishClear(outcome, steps) }
        guard handlers.owns(ticket) else {
            return report(.unexpectedCompletion("apply \(ticket.number)"))
        }
        let result = handlers.finish(ticket, outcome, now: now.instant, jitter: &jitter)
        settle(result, steps)
    }

    private mutating func settle(_ result: HandlerQueue.Result?, _ steps: [StepReceipt]) {
        switch result {
        case .retrying(let id, let attempt, let reason):
            let subject = id.alone
            report(.applyFailed(subject, attempt: attempt, reason: reason))
            guard attempt == 1 else { return }
            publish(
                Receipt(
                    subject: subject, outcome: .failed(reason: reason), steps: steps,
                    attempt: attempt))
        case .finished(let id, let outcome, let attempt):
            let subject = id.alone
            close(subject, outcome, attempt: attempt)
            if case .parked(let reason) = outcome {
                shelf.add(subject, .parked)
                report(.parked(subject, reason: reason))
            }
            guard outcome != .applied || attempt > 1 else { return }
            publish(Receipt(subject: subject, outcome: outcome, steps: steps, attempt: attempt))
        case .partial, nil: break
        }
    }

    /// The configuration changed: runs that wait follow their handlers to their new numbers.
    ///
    /// A handler is known again by its pattern; of several with one pattern, by their order.
    mutating func configure(_ new: CoreConfiguration) {
        let old = configuration.handlers
        configuration = new
        guard old != new.handlers else { return }
        let results = handlers.renumber { number in
            let rank = old[..<number].count { $0 == old[number] }
            let places = new.handlers.indices.filter { new.handlers[$0] == old[number] }
            return rank < places.count ? places[rank] : nil
        }
        for result in results { settle(result, []) }
    }

    // What was read back.

    mutating func takeLoaded(_ range: EventRange, _ batches: [VerifiedBatch]) {
        if settleDoubt(about: range, batches) { return }
        if let visit = shelf.current, visit.range == range {
            for batch in batches { look(at: batch, visit) }
            shelf.advance(through: batches.last?.header.last)
            return
        }
        guard appliers[range.log]?.isLoading == true else {
            return report(.unexpectedCompletion("load of \(range.log)"))
        }
        appliers[range.log]?.endLoad(batches)
        restless[range.log] = true
        if batches.isEmpty { schedule.nextLoad = now.instant + Limits.loadPause }
    }

    private mutating func look(at batch: VerifiedBatch, _ visit: Shelf.Visit) {
        guard batch.header.log == visit.range.log else { return }
        var memo = JudgementMemo()
        for index in batch.events.indices where visit.range.contains(batch.id(at: index)) {
            let scopes = batch.events[index].content.requiredScopes
            let judgement = memo.judge(batch, scopes, authority, now.wall)
            apply(Look(batch: batch, index: index, judgement: judgement, visit: visit))
        }
    }

    mutating func failLoad(_ range: EventRange, reason: String) {
        report(.loadFailed(range, reason: reason))
        if settleDoubt(about: range, []) { return }
        schedule.nextLoad = now.instant + Limits.loadPause
        if shelf.current?.range == range {
            shelf.giveBack()
        } else {
            appliers[range.log]?.endLoad([])
            restless[range.log] = true
        }
    }
}

extension EventID {
    /// The run of this event alone.
    var alone: EventRange { EventRange(log: log, first: sequence, last: sequence) }
}
