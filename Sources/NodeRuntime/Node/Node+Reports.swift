// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
internal import ClusterModel
internal import Logging

extension Node {
    /// Writes an observation of the core to the log and counts it under its mark.
    func report(_ observation: Observation) {
        counters.count("core.\(observation.mark)")
        logger.log(level: observation.level, "\(observation.sentence)")
        note(observation)
    }

    /// Notes what concerns the authority of others over this node.
    private func note(_ observation: Observation) {
        switch observation {
        case .cloneHeard: audit.refused(.clone, reason: "a process with this node's identity")
        case .withheld(let range, let reason):
            audit.refused(
                .events, address: range.log.origin.description, subject: "\(range)",
                reason: reason)
        case .chainBroken(let range, let peer):
            audit.refused(
                .message, address: peer.description, subject: "\(range)", reason: "broken chain")
        case .forkFound(let id, _, _, let peer):
            audit.refused(
                .message, address: peer.description, subject: "\(id)", reason: "a fork of a log")
        case .requestRejected(let peer, let reason), .beaconRejected(let peer, let reason):
            audit.refused(.message, address: peer.description, reason: reason)
        case .epochBegun, .epochRefused, .ownTailFound, .duplicateDropped, .batchHeld,
            .batchDropped, .pullStarted, .pullFinished, .gapUnprovable, .appendFailed,
            .loadFailed, .peerStatusChanged, .relinked, .clockSkewed, .farFutureHeld,
            .farFutureReleased, .voided, .applyFailed, .parked, .fullClearOwed, .fullClearDone,
            .receiptsMerged, .limitReached, .truncated, .blobStored, .blobFailed,
            .unexpectedCompletion, .clearFailed, .codeSwitched, .codeCleared, .surveyFailed,
            .stateCompleted, .stateUnprovable:
            break
        }
    }
}

extension Observation {
    /// How loud it is.
    fileprivate var level: Logger.Level {
        switch self {
        case .duplicateDropped, .batchHeld, .pullStarted, .pullFinished, .blobStored,
            .receiptsMerged, .farFutureReleased, .truncated:
            .debug
        case .epochBegun, .fullClearDone, .codeSwitched, .codeCleared, .stateCompleted, .relinked,
            .peerStatusChanged, .voided, .fullClearOwed,
            .withheld:
            .info
        case .batchDropped, .chainBroken, .appendFailed, .loadFailed, .requestRejected,
            .beaconRejected, .clockSkewed, .farFutureHeld, .applyFailed, .limitReached,
            .blobFailed, .unexpectedCompletion, .ownTailFound, .clearFailed, .surveyFailed:
            .warning
        case .epochRefused, .gapUnprovable, .stateUnprovable, .parked:
            .error
        case .cloneHeard, .forkFound:
            .critical
        }
    }

    /// What happened, for people.
    fileprivate var sentence: String {
        switch self {
        case .epochBegun(let epoch): "signing under epoch \(epoch)"
        case .epochRefused(let epoch, let reason): "epoch \(epoch) is not on disk: \(reason)"
        case .ownTailFound(let head, let peer):
            "\(peer.short) holds more of \(head.log) than this node: through \(head.last)"
        case .cloneHeard: "a process with this node's identity runs elsewhere"
        case .duplicateDropped(let range, let peer): "\(range) again from \(peer.short)"
        case .batchHeld(let range, let peer): "\(range) came early from \(peer.short)"
        case .batchDropped(let range, let peer): "no room for \(range) from \(peer.short)"
        case .chainBroken(let range, let peer): "\(range) from \(peer.short) breaks its chain"
        case .forkFound(let id, _, _, let peer):
            "FORK: \(peer.short) sent a second content of \(id); its log is quarantined"
        case .pullStarted(let request, let peer):
            "pulling \(request.log) from \(request.first) of \(peer.short)"
        case .pullFinished(let log, let through): "\(log) is complete through \(through)"
        case .gapUnprovable(let log, let after, let floor):
            "nobody holds \(log) after \(after): going on after \(floor.last)"
        case .stateCompleted(let log, let through):
            "state of \(log) is complete through its floor, \(through)"
        case .stateUnprovable(let range): "no member holds the state of \(range)"
        case .appendFailed(let log, let reason): "cannot store \(log): \(reason)"
        case .loadFailed(let range, let reason): "cannot read \(range): \(reason)"
        case .requestRejected(let peer, let reason): "refused a request of \(peer.short): \(reason)"
        case .beaconRejected(let peer, let reason): "refused a beacon of \(peer.short): \(reason)"
        case .peerStatusChanged(let peer, let status): "\(peer.short) is \(status)"
        case .relinked(let peer, let attempt): "linking to \(peer.short) again, attempt \(attempt)"
        case .clockSkewed(let peer, let skew, let isBehind):
            "the clock of \(peer.short) is \(skew) ms \(isBehind ? "behind" : "ahead")"
        case .farFutureHeld(let id, let stamp): "\(id) is from the far future (\(stamp)): held"
        case .farFutureReleased(let id): "the time of \(id) has come"
        case .voided(let id): "\(id) was voided"
        case .withheld(let range, let reason): "withheld \(range): \(reason)"
        case .applyFailed(let range, let attempt, let reason):
            "\(range) failed, attempt \(attempt): \(reason)"
        case .parked(let range, let reason): "\(range) is parked: \(reason)"
        case .fullClearOwed(let reason): "a full clear is owed: \(reason)"
        case .fullClearDone: "the full clear is done"
        case .clearFailed(let attempt, let reason):
            "caches could not be cleared, attempt \(attempt): \(reason)"
        case .codeSwitched: "other code is served: caches are cleared"
        case .codeCleared: "caches are cleared for the code that is served"
        case .surveyFailed(let reason): "cannot tell which code is served: \(reason)"
        case .receiptsMerged(let count): "\(count) receipts joined"
        case .limitReached(let what): "limit reached: \(what)"
        case .truncated(let floor): "\(floor.log) is truncated through \(floor.last)"
        case .blobStored(let blob): "blob \(blob.digest.short) is here"
        case .blobFailed(let blob, let peer, let reason):
            "no blob \(blob.digest.short) from \(peer.short): \(reason)"
        case .unexpectedCompletion(let what): "a completion of nothing: \(what)"
        }
    }
}
