// SPDX-License-Identifier: Apache-2.0

extension Observation {
    /// The name that counters and tests know it by; it never changes.
    public var mark: String {
        switch self {
        case .epochBegun: "epoch-begun"
        case .epochRefused: "epoch-refused"
        case .ownTailFound: "own-tail-found"
        case .cloneHeard: "clone-heard"
        case .duplicateDropped: "duplicate-dropped"
        case .batchHeld: "batch-held"
        case .batchDropped: "batch-dropped"
        case .chainBroken: "chain-broken"
        case .forkFound: "fork-found"
        case .pullStarted: "pull-started"
        case .pullFinished: "pull-finished"
        case .gapUnprovable: "gap-unprovable"
        case .stateCompleted: "state-completed"
        case .stateUnprovable: "state-unprovable"
        case .appendFailed: "append-failed"
        case .loadFailed: "load-failed"
        case .requestRejected: "request-rejected"
        case .beaconRejected: "beacon-rejected"
        case .peerStatusChanged: "peer-status-changed"
        case .relinked: "relinked"
        case .clockSkewed: "clock-skewed"
        case .farFutureHeld: "far-future-held"
        case .farFutureReleased: "far-future-released"
        case .voided: "voided"
        case .withheld: "withheld"
        case .applyFailed: "apply-failed"
        case .parked: "parked"
        case .fullClearOwed: "full-clear-owed"
        case .fullClearDone: "full-clear-done"
        case .clearFailed: "clear-failed"
        case .codeSwitched: "code-switched"
        case .codeCleared: "code-cleared"
        case .surveyFailed: "survey-failed"
        case .receiptsMerged: "receipts-merged"
        case .limitReached: "limit-reached"
        case .truncated: "truncated"
        case .blobStored: "blob-stored"
        case .blobFailed: "blob-failed"
        case .unexpectedCompletion: "unexpected-completion"
        }
    }
}
