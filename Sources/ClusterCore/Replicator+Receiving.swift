// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// From a batch that came to a batch on disk.
extension Replicator {
    mutating func receive(_ batch: VerifiedBatch, from peer: NodeID) {
        let log = batch.header.log
        guard batch.header.cluster == cluster else {
            return report(.requestRejected(from: peer, reason: "batch of another cluster"))
        }
        guard isPossible(log) else {
            return report(.requestRejected(from: peer, reason: "own batch of an absurd epoch"))
        }
        pulls[log]?.progressed(from: peer, now: now.instant)
        if stage(batch, from: peer) { return }
        if log == ownLog { return receiveOwn(batch, from: peer) }
        guard book.open(log) else {
            report(.limitReached("logs"))
            return report(.batchDropped(batch.header.range, from: peer))
        }
        if appliers[log] == nil { appliers[log] = LogApplier(log: log, applied: 0) }
        take(batch, from: peer)
        takeHeld(of: log, from: peer)
        if book[log]?.isBehind == true { wantPull(of: log, isCertain: false) }
    }

    /// Whether it can be a log of its origin, as far as this node can say.
    ///
    /// Nothing here signs under an epoch that is not believed: taken in, it would be the newest own
    /// log, above which no epoch can begin. How others number theirs is their affair.
    func isPossible(_ log: EpochID) -> Bool {
        log.origin != node || log.epoch.counter < Limits.largestEpoch
    }

    /// A batch of the log that only this process may write.
    private mutating func receiveOwn(_ batch: VerifiedBatch, from peer: NodeID) {
        let tail = book.durable(batch.header.log).last
        let known = book[batch.header.log]?.tail.last ?? tail
        if batch.header.last <= known, book[batch.header.log]?.recognises(batch) == true {
            return report(.duplicateDropped(batch.header.range, from: peer))
        }
        report(.forkFound(batch.id(at: 0), known: nil, other: batch.hash, from: peer))
        heardClone(instance)
        // The origin is the first to know both; beyond its own end there is one content yet.
        if batch.header.first <= known { fork(batch.header.log, by: batch) }
    }

    /// Takes what is held and whose turn has come, and sends it to disk.
    private mutating func takeHeld(of log: EpochID, from peer: NodeID) {
        while let next = book[log]?.nextHeld() { take(next, from: peer) }
        append(of: log)
    }

    private mutating func take(_ batch: VerifiedBatch, from peer: NodeID) {
        let log = batch.header.log
        let known = book[log]?.tail.last ?? 0
        guard let reception = book[log]?.receive(batch) else { return }
        switch reception {
        case .accepted:
            observe(batch.events.last?.timestamp ?? batch.header.timestamp)
            awaitBlobs(of: batch)
            noteEarly(batch)
        case .held: report(.batchHeld(batch.header.range, from: peer))
        case .duplicate:
            report(.duplicateDropped(batch.header.range, from: peer))
            compareWithDisk(batch, from: peer)
        case .dropped: report(.batchDropped(batch.header.range, from: peer))
        case .forked where batch.header.first > known:
            report(.chainBroken(batch.header.range, from: peer))
            fork(log, by: batch)
        case .forked(let id, let known):
            report(.forkFound(id, known: known, other: batch.hash, from: peer))
            fork(log, by: batch)
        }
    }

    /// Learns of another's stamp; whether it is from the far future is asked where it may be.
    mutating func observe(_ stamp: HybridTimestamp) {
        let isNear = !HybridClock.isFarFuture(stamp, reference: now.wall)
        clock.observe(stamp, reference: isNear ? now.wall : peers.reference(wall: now.wall))
    }

    private mutating func awaitBlobs(of batch: VerifiedBatch) {
        var missing: [BlobReference] = []
        for event in batch.events {
            guard case .application(let application) = event.content,
                case .blob(let blob) = application.payload, !missing.contains(blob)
            else { continue }
            guard !blobs.isFull else {
                report(.limitReached("missing blobs"))
                continue
            }
            missing.append(blob)
            blobs.want(blob, for: batch.header.log, now: now.instant)
        }
        if !missing.isEmpty { book[batch.header.log]?.awaitBlobs(missing) }
    }

    /// Sends what is accepted, and has its blobs, to disk.
    mutating func append(of log: EpochID) {
        let ticket = AppendTicket(lastAppend + 1)
        guard let batches = book[log]?.beginAppend(ticket), !batches.isEmpty else { return }
        lastAppend += 1
        appends[ticket] = log
        let entries = batches.map { LogEntry(batch: $0, disposition: disposition(of: $0)) }
        emit(.append(entries, ticket))
    }

    func disposition(of batch: VerifiedBatch) -> LogEntry.Disposition {
        var judged = JudgementMemo()
        var result = LogEntry.Disposition.accepted
        for event in batch.events {
            switch judged.judge(batch, event.content.requiredScopes, authority, now.wall) {
            case .allowed: continue
            case .held: result = .held
            case .refused: return .withheld
            }
        }
        return result
    }

    mutating func completeAppend(_ ticket: AppendTicket) {
        guard let log = appends.removeValue(forKey: ticket) else {
            return report(.unexpectedCompletion("append \(ticket.number)"))
        }
        if snapshots[log]?.ticket == ticket { return completeState(of: log) }
        let batches = book.completeAppend(ticket, of: log)
        if log == ownLog { queue.landed(batches.count) }
        // There is room again for what had to wait for the disk.
        takeHeld(of: log, from: log.origin)
        for batch in batches {
            truncation.grow(log, by: batch)
            appliers[log]?.enqueue(batch)
            schedule.hasNews =
                schedule.hasNews
                || batch.events.contains { event in
                    if case .checkpoint = event.content { false } else { true }
                }
        }
        guard !batches.isEmpty else { return }
        if book[log]?.isQuarantined == true {
            // They were on their way when the second history was found.
            for batch in batches {
                emit(.dispose(log, holding: batch.header.first, .quarantined))
            }
        }
        truncation.note(book.durable(log), at: now.wall)
        restless[log] = true
        advanced[log] = true
        // Others' logs are told of by acknowledgements, and by the next regular beacon.
        if log == ownLog { schedule.wantBeacon(now: now.instant) }
        if log.origin != node, batches.contains(where: \.header.isAwaited) { untold[log] = true }
    }

    mutating func failAppend(_ ticket: AppendTicket, reason: String) {
        guard let log = appends.removeValue(forKey: ticket) else {
            return report(.unexpectedCompletion("append \(ticket.number)"))
        }
        if snapshots[log]?.ticket == ticket { return failState(of: log, reason: reason) }
        if log == ownLog { return failOwnAppend(of: log, reason: reason) }
        guard book[log]?.failAppend(ticket) == true else { return }
        report(.appendFailed(log, reason: reason))
        wantPull(of: log, isCertain: false)
        pulls[log]?.fail(now: now.instant, jitter: &jitter)
    }

    mutating func blobStored(_ blob: BlobReference) {
        let logs = blobs.stored(blob)
        if !logs.isEmpty { report(.blobStored(blob)) }
        release(blob, in: logs)
    }

    mutating func blobFailed(_ blob: BlobReference, _ peer: NodeID, _ reason: String) {
        report(.blobFailed(blob, from: peer, reason: reason))
        let logs = blobs.failed(
            blob, peerCount: peers.reachable.count, now: now.instant, jitter: &jitter)
        release(blob, in: logs)
    }

    private mutating func release(_ blob: BlobReference, in logs: [EpochID]) {
        for log in logs {
            book[log]?.release(blob)
            append(of: log)
        }
    }

    mutating func superviseBlobs() {
        guard !blobs.isEmpty else { return }
        for (blob, peer) in blobs.due(now: now.instant, peers: blobPeers) {
            emit(.requestBlob(blob, of: peer))
        }
    }

    /// Who can be asked for blobs; somebody who is heard need not be a member any more.
    private var blobPeers: [NodeID] {
        let reachable = peers.reachable
        return others.filter { reachable.contains($0) }
    }

    /// When a blob is asked for next; `nil` where nobody can be asked.
    var blobDeadline: Instant? {
        blobs.isEmpty || blobPeers.isEmpty ? nil : blobs.nextDeadline
    }
}

/// Remembers a judgement for as long as the batch and the scopes are the same.
struct JudgementMemo {
    private var last: (scopes: Scopes, judgement: Judgement)?

    mutating func judge(
        _ batch: VerifiedBatch, _ scopes: Scopes, _ authority: Authority, _ firstSeen: WallTime
    ) -> Judgement {
        if let last, last.scopes == scopes { return last.judgement }
        let judgement = authority.judge(
            batch.header, hash: batch.hash, requiring: scopes, firstSeen: firstSeen)
        last = (scopes, judgement)
        return judgement
    }
}
