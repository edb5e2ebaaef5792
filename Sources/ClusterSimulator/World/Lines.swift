// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

// One line of a transcript for everything that goes into a core or comes out of it. Only what is
// the same in every process may be in it: nothing in the order of a hash table.

extension Input {
    /// What happened, in a line.
    var line: String {
        switch self {
        case .deadline: "deadline"
        case .configurationChanged: "configuration changed"
        case .authority(let input): input.line
        case .epochPersisted(let epoch): "epoch \(epoch) persisted"
        case .epochNotPersisted(let epoch, _): "epoch \(epoch) not persisted"
        case .publishRequested(let request):
            "publish \(request.ticket.number) level \(request.level): \(request.contents.line)"
        case .sealed(let batch): "sealed \(batch.line)"
        case .sealingFailed(let first, let reason): "sealing of \(first) failed: \(reason)"
        case .appended(let ticket): "appended \(ticket.number)"
        case .appendFailed(let ticket, let reason): "append \(ticket.number) failed: \(reason)"
        case .loaded(let range, let batches): "loaded \(range): \(batches.count)"
        case .loadFailed(let range, _): "load of \(range) failed"
        case .applied(let ticket, let outcome, _): "applied \(ticket.number): \(outcome)"
        case .served(let commits): "served \(commits.map(\.commit).joined(separator: " "))"
        case .surveyFailed: "survey failed"
        case .parkedRetryRequested: "retry what is parked"
        case .replayUserRequested(let user): "replay user \(user)"
        case .batchReceived, .beaconReceived, .headsReceived, .ownHeadsReceived,
            .ownHeadsFailed, .acknowledged, .headsRequested, .replayRequested, .replayServed,
            .replayEnded, .replayFailed, .blobStored, .blobFailed, .linkUp, .linkDown,
            .linkTrouble, .cloneHeard:
            lineFromPeer
        }
    }

    private var lineFromPeer: String {
        switch self {
        case .batchReceived(let batch, let peer): "batch \(batch.line) from \(peer.short)"
        case .beaconReceived(let beacon, let peer):
            "beacon \(beacon.line) from \(peer.short)"
        case .headsReceived(let heads, let peer): "\(heads.count) heads from \(peer.short)"
        case .ownHeadsReceived(let heads, let peer):
            "own heads \(heads.line) from \(peer.short)"
        case .ownHeadsFailed(let peer): "no own heads from \(peer.short)"
        case .acknowledged(let word, let peer): "acknowledged \(word.line) by \(peer.short)"
        case .headsRequested(_, let ticket, let peer):
            "heads asked \(ticket.number) by \(peer.short)"
        case .replayRequested(let request, let ticket, let peer):
            "replay \(request.line) asked \(ticket.number) by \(peer.short)"
        case .replayServed(let ticket): "replay served \(ticket.number)"
        case .replayEnded(let request, let end, let peer):
            "replay \(request.line) ended by \(peer.short): \(end.line)"
        case .replayFailed(let request, let peer):
            "replay \(request.line) failed by \(peer.short)"
        case .blobStored(let blob): "blob \(blob.digest.short) stored"
        case .blobFailed(let blob, let peer, let reason):
            "blob \(blob.digest.short) failed from \(peer.short): \(reason)"
        case .linkUp(let peer): "link up to \(peer.short)"
        case .linkDown(let peer): "link down to \(peer.short)"
        case .linkTrouble(let peer, let trouble): "link trouble with \(peer.short): \(trouble)"
        case .cloneHeard(let other): "clone \(other) heard"
        case .deadline, .configurationChanged, .authority, .epochPersisted, .epochNotPersisted,
            .publishRequested, .sealed, .sealingFailed, .appended, .appendFailed, .loaded,
            .loadFailed, .applied, .served, .surveyFailed, .parkedRetryRequested,
            .replayUserRequested:
            ""
        }
    }
}

extension AuthorityInput {
    fileprivate var line: String {
        switch self {
        case .recordsReceived(let records):
            "records " + records.map(\.hash.short).joined(separator: " ")
        case .clusterPinned: "cluster pinned"
        case .usersChanged(let users):
            "users " + users.map { "\($0.identifier):\($0.scopes)" }.joined(separator: " ")
        case .userPinned(let identifier, _): "pinned \(identifier)"
        }
    }
}

extension Effect {
    /// What is to be done, in a line.
    var line: String {
        switch self {
        case .authority(let change): change.line
        case .persistEpoch(let epoch): "persist epoch \(epoch)"
        case .seal(let draft): "seal \(draft.log)-\(draft.first) +\(draft.events.count)"
        case .broadcast(let batch): "broadcast \(batch.line)"
        case .resolve(let ticket, let result): "resolve \(ticket.number): \(result.line)"
        case .append(let entries, let ticket):
            "append \(ticket.number): "
                + entries.map { "\($0.batch.header.range) \($0.disposition)" }
                .joined(separator: " ")
        case .keepState(let entries, of: let log, through: let last, let ticket):
            "keep state \(ticket.number) of \(log) through \(last): "
                + entries.map { "\($0.batch.header.range)" }.joined(separator: " ")
        case .load(let range): "load \(range)"
        case .recordApplied(let record):
            "record applied \(record.log) through \(record.through)"
                + record.entries.map { "; \($0.subject.first)..\($0.subject.last) \($0.outcome)" }
                .joined()
        case .recordReceipt(let receipt, by: let node, at: _):
            "record receipt of \(receipt.subject) by \(node.short)"
        case .recordClears(let record):
            "record clears: owed \(record.owesFull), code \(record.isCodeCleared)"
        case .dispose(let log, let first, let disposition):
            "dispose \(log)-\(first) \(disposition)"
        case .keepEvidence(let batch): "keep evidence \(batch.line)"
        case .truncate(let floor): "truncate \(floor.line)"
        case .jump(let floor): "jump \(floor.line)"
        case .deliver(let batch, let indices): "deliver \(batch.header.range) \(indices)"
        case .apply(let task): "apply \(task.line)"
        case .readiness(let readiness): "ready: \(readiness.isReady)"
        case .report(let observation): "report \(observation.mark)"
        case .stop: "stop"
        case .broadcastBeacon, .acknowledge, .requestReplay, .serveReplay, .refuseReplay,
            .requestHeads, .requestOwnHeads, .requestRecords, .answerHeads, .requestBlob,
            .relink:
            lineToPeer
        }
    }

    private var lineToPeer: String {
        switch self {
        case .broadcastBeacon(let beacon): "beacon \(beacon.line)"
        case .acknowledge(let word, let peer): "acknowledge \(word.line) to \(peer.short)"
        case .requestReplay(let request, let peer): "request \(request.line) of \(peer.short)"
        case .serveReplay(let request, let ticket): "serve \(ticket.number) \(request.line)"
        case .refuseReplay(_, let ticket, let end): "refuse \(ticket.number): \(end.line)"
        case .requestHeads(let peer): "request heads of \(peer.short)"
        case .requestOwnHeads(let peer): "request own heads of \(peer.short)"
        case .requestRecords(let peer): "request records of \(peer.short)"
        case .answerHeads(let heads, let ticket): "answer \(ticket.number): \(heads.line)"
        case .requestBlob(let blob, let peer):
            "request blob \(blob.digest.short) of \(peer.short)"
        case .relink(let peer, let attempt, _): "relink \(peer.short), attempt \(attempt)"
        case .authority, .persistEpoch, .seal, .broadcast, .resolve, .append, .keepState, .load,
            .recordApplied, .recordReceipt, .recordClears, .dispose, .keepEvidence, .truncate,
            .jump, .deliver, .apply,
            .readiness, .report, .stop:
            ""
        }
    }
}

extension AuthorityChange {
    fileprivate var line: String {
        switch self {
        case .store(let records): "store \(records.count) records"
        case .pin(let user): "pin \(user.identifier)"
        case .members: "members changed"
        case .standing: "standing changed"
        case .dropped(let count): "\(count) records dropped"
        }
    }
}

extension PublishResult {
    /// The name of its case.
    var name: String {
        switch self {
        case .confirmed: "confirmed"
        case .unconfirmed: "unconfirmed"
        case .unknown: "unknown"
        case .refused: "refused"
        }
    }

    fileprivate var line: String {
        switch self {
        case .confirmed(let range, let holders): "confirmed \(range) by \(holders.count) others"
        case .unconfirmed(let range, let missing): "unconfirmed \(range) by \(missing.count)"
        case .unknown(let range): "unknown \(range.map { "\($0)" } ?? "")"
        case .refused(let refusal): "refused: \(refusal)"
        }
    }
}

extension ApplyTask {
    fileprivate var line: String {
        switch work {
        case .clear(let order, sparing: let spared):
            "\(ticket.number) clear\(order.everything ? " everything" : "") sparing "
                + "\(spared.count) attempt \(attempt)"
        case .handle(let handler, let id, _):
            "\(ticket.number) handler \(handler) for \(id) attempt \(attempt)"
        }
    }
}

extension VerifiedBatch {
    /// Where it is, and which of two contents it is.
    var line: String { "\(header.range) \(hash.short)" }
}

extension Beacon {
    fileprivate var line: String { "\(number) \(heads.line)" }
}

extension EpochHead {
    fileprivate var line: String { "\(log)-\(last) \(chain.short)" }
}

extension [EpochHead] {
    fileprivate var line: String { map { "\($0.log)-\($0.last)" }.joined(separator: " ") }
}

extension Acknowledgement {
    fileprivate var line: String { "\(log) durable \(durable) applied \(applied)" }
}

extension ReplayRequest {
    fileprivate var line: String { "\(log)-\(first)..\(last)\(isStateOnly ? " state" : "")" }
}

extension ReplayEnd {
    fileprivate var line: String {
        switch self {
        case .served: "served"
        case .notHeld: "not held"
        case .truncated(let floor): "truncated through \(floor.last)"
        }
    }
}

extension [EventContent] {
    fileprivate var line: String {
        map { content in
            switch content {
            case .application(let event): event.topic
            case .invalidation: "invalidation"
            case .revision(let proposal): "revision \(proposal.generation)"
            case .lock(let change): "lock \(change.generation)"
            case .receipt: "receipt"
            case .checkpoint: "checkpoint"
            case .unknown(let kind, _): "kind \(kind)"
            }
        }.joined(separator: " ")
    }
}
