// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import Logging
internal import WireFormat

extension Node {
    /// Does what the core says; one line an effect, no decision.
    ///
    /// What is for the log is gathered, and submitted after all effects of an input.
    func perform(_ effect: Effect) {
        switch effect {
        case .authority(let effect): perform(authority: effect)
        case .persistEpoch(let epoch): persist(epoch)
        case .seal(let draft): seal(draft)
        case .broadcast(let batch): ports.transport.broadcast(BatchFrames.encode(batch))
        case .resolve(let ticket, let result):
            publishing.removeValue(forKey: ticket)?.resolve(result)
        case .append(let entries, let ticket): append(entries, ticket)
        case .keepState(let entries, of: let log, through: let last, let ticket):
            keepState(entries, of: log, through: last, ticket)
        case .load(let range): load(range)
        case .recordApplied(let record): recordApplied(record)
        case .recordClears(let record):
            write([.value(name: ClearRecord.name, bytes: record.encoded)])
        case .recordReceipt(let receipt, by: let node, at: let stamp):
            record(receipt, by: node, at: stamp)
        case .dispose(let log, holding: let position, let disposition):
            write([.dispose(log, holding: position, Disposition(disposition))])
        case .keepEvidence(let batch):
            write([.value(name: batch.evidenceName, bytes: batch.sealed.evidence)])
        case .truncate(let floor): write([.truncate(floor)])
        case .jump(let floor): write([.floor(floor)])
        case .broadcastBeacon(let beacon): broadcast(beacon)
        case .acknowledge(let acknowledgement, let peer):
            tell(.acknowledge([acknowledgement]), peer)
        case .requestReplay(let request, let peer): ask(.replay(request), peer)
        case .serveReplay(let request, let ticket): serve(request, ticket)
        case .refuseReplay(_, let ticket, let end): answer(.replay(end, []), ticket)
        case .requestHeads(let peer): ask(.heads(after: nil), peer)
        case .requestOwnHeads(let peer): ask(.ownHead(identity.node), peer)
        case .requestRecords(let peer): askForRecords(of: peer)
        case .answerHeads(let heads, let ticket): answer(heads, ticket)
        case .requestBlob(let blob, let peer): fetch(blob, from: peer)
        case .relink(let peer, _, let isFresh):
            ports.transport.relink(peer, freshSockets: isFresh)
        case .deliver(let batch, let indices): deliver(batch, indices)
        case .apply(let task): apply(task)
        case .readiness(let state):
            readiness = state
            tellObservers(.readiness(state))
        case .report(let observation): report(observation)
        case .stop(let reason):
            stopped = reason
            finish()
        }
    }

    private func persist(_ epoch: LogEpoch) {
        writes.add([.epoch(epoch)], isAwaited: true) { [weak self] error in
            self?.post(
                error.map { .epochNotPersisted(epoch, reason: $0.description) }
                    ?? .epochPersisted(epoch))
        }
    }

    private func seal(_ draft: BatchDraft) {
        do {
            let sealer = BatchSealer(cluster: pin.cluster, policy: 0, identity: identity)
            feedLater(.sealed(try sealer.seal(draft)))
        } catch {
            feedLater(.sealingFailed(first: draft.first, reason: error.description))
        }
    }

    private func append(_ entries: [LogEntry], _ ticket: AppendTicket) {
        let isAwaited = entries.contains {
            $0.batch.header.isAwaited
                || $0.batch.header.log.origin == identity.node && !$0.batch.hasOnlyOrders
        }
        submit(
            entries.map { .append($0.batch, Disposition($0.disposition)) }, isAwaited: isAwaited,
            ticket)
    }

    private func keepState(
        _ entries: [LogEntry], of log: EpochID, through last: SequenceNumber,
        _ ticket: AppendTicket
    ) {
        let kept = entries.map {
            LogOperation.keepState($0.batch, Disposition($0.disposition))
        }
        submit(kept + [.stateComplete(log, through: last)], isAwaited: false, ticket)
    }

    private func submit(
        _ operations: [LogOperation], isAwaited: Bool, _ ticket: AppendTicket
    ) {
        writes.add(operations, isAwaited: isAwaited) { [weak self] error in
            self?.post(
                error.map { .appendFailed(ticket, reason: $0.description) } ?? .appended(ticket))
        }
    }

    private func recordApplied(_ record: AppliedRecord) {
        written.raise(record.log, to: record.through)
        let outcomes = record.entries.map {
            RecordedOutcome(subject: $0.subject, outcome: $0.outcome, attempt: $0.attempt)
        }
        writes.hold(
            .applied(record.log, through: record.through, outcomes),
            now: ports.clock.now().instant)
    }

    func broadcast(_ beacon: Beacon) {
        do {
            let sealed = try BeaconSealer(cluster: pin.cluster, identity: identity).seal(beacon)
            ports.transport.broadcast(sealed.frames)
        } catch {
            counters.count("beacon.not-encoded")
            logger.error("a beacon cannot be sent: \(error)")
        }
    }

    private func perform(authority change: AuthorityChange) {
        switch change {
        case .store(let records):
            learnKeys(of: records)
            write([.records(records)])
        case .pin(let user): write([.pin(user)])
        case .members:
            admit()
            feed(roster: .members(core.currentAuthority.members))
        case .standing: break  // The core judges again by itself.
        case .dropped(let count): counters.count("record.no-room", by: UInt64(count))
        }
    }

    /// Admits exactly the keys that some grant or client record names.
    func admit() {
        let admission = core.currentAuthority.admission.map { ($0.key, $0.admitted) }
        ports.transport.setAdmitted(Dictionary(uniqueKeysWithValues: admission))
    }

    private func record(_ receipt: Receipt, by node: NodeID, at stamp: HybridTimestamp) {
        write([.receipt(StoredReceipt(node: node, receipt: receipt, timestamp: stamp))])
        tellObservers(.receipt(receipt, by: node))
    }

    private func load(_ range: EventRange) {
        start { [self] in
            do {
                let stored = try await ports.log.batches(
                    of: range.log, from: range.first, through: range.last,
                    byteLimit: Limits.queuedBytes)
                let batches = await reverify(stored)
                post(.loaded(range, batches))
            } catch {
                post(.loadFailed(range, reason: "\(error)"))
            }
        }
    }

    /// What the log holds was verified before it was stored; a batch which is not any more shows a
    /// damaged disk, and ends the run of what can be used.
    private func reverify(_ stored: [StoredBatch]) -> [VerifiedBatch] {
        var batches: [VerifiedBatch] = []
        for batch in stored {
            switch verify(batch.sealed) {
            case .success(let verified): batches.append(verified)
            case .failure(let rejection):
                counters.count("log.damaged-batch")
                logger.error("a stored batch cannot be used: \(rejection)")
                return batches
            }
        }
        return batches
    }

    private func deliver(_ batch: VerifiedBatch, _ indices: Range<Int>) {
        guard ports.hub.count > 0 else { return }
        var delivered: [DeliveredEvent] = []
        delivered.reserveCapacity(indices.count)
        // A run is of first looks, or of one event that was released.
        let isLate = indices.first.map { batch.id(at: $0).sequence <= written[batch.header.log] }
        for index in indices {
            let event = batch.events[index]
            guard case .application(let content) = event.content else { continue }
            delivered.append(
                DeliveredEvent(
                    id: batch.id(at: index), timestamp: event.timestamp,
                    grant: batch.header.grant, event: content))
        }
        ports.hub.deliver(delivered, late: isLate ?? false)
    }

    private func apply(_ task: ApplyTask) {
        switch task.work {
        case .clear(let invalidation, sparing: let spared):
            writes.yield(now: ports.clock.now().instant)
            ports.caches.begin(invalidation, sparing: spared, running: { start($0) }) {
                [self] steps in
                ports.site.health.note(steps)
                post(.applied(task.ticket, ApplyOutcome(steps).fitted(), steps.fitted()))
            }
        case .handle(let handler, let id, let event):
            start { [self] in
                let outcome = await react(handler, to: event, id: id)
                post(.applied(task.ticket, outcome.fitted(), []))
            }
        }
    }

    private nonisolated func react(
        _ handler: Int, to event: ApplicationEvent, id: EventID
    ) async -> ApplyOutcome {
        do {
            guard let payload = try await bytes(of: event.payload) else {
                return .failed(reason: "the payload of \(id) is not on this node")
            }
            let failure = await ports.reactor.react(handler, to: event, payload: payload, id: id)
            return failure.map { .failed(reason: $0) } ?? .applied
        } catch {
            return .failed(reason: error.description)
        }
    }

    /// The bytes of a payload, from the event or the log; `nil` where the blob is not here.
    nonisolated func bytes(of payload: Payload) async throws(EventLogError) -> [UInt8]? {
        switch payload {
        case .inline(let bytes): bytes
        case .blob(let blob):
            try await ports.log.blob(blob.digest, offset: 0, count: blob.byteCount)
        }
    }

    func tellObservers(_ news: NodeNews) {
        for (_, observer) in observers { observer(news) }
    }
}

extension VerifiedBatch {
    /// Whether it only asks for clears: who publishes such waits for receipts, which come later.
    fileprivate var hasOnlyOrders: Bool {
        events.allSatisfy { if case .invalidation = $0.content { true } else { false } }
    }
}

extension Disposition {
    /// What the log stores for what the core thought.
    init(_ disposition: LogEntry.Disposition) {
        self =
            switch disposition {
            case .accepted: .accepted
            case .withheld: .withheld
            case .held: .held
            case .quarantined: .quarantined
            }
    }
}

extension ApplyOutcome {
    /// What the steps of a clear amount to: one that failed fails it.
    init(_ steps: [StepReceipt]) {
        let failures = steps.compactMap { step in step.failure.map { "\(step.target): \($0)" } }
        self = failures.isEmpty ? .applied : .failed(reason: failures.joined(separator: "; "))
    }
}
