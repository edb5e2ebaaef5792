// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// Something worth a log line or a counter; the core decides nothing by it.
///
/// Each has a name that does not change (`mark`), which tests and metrics count by.
public enum Observation: Hashable, Sendable {
    /// The new epoch is durable; this node signs from now on.
    case epochBegun(LogEpoch)
    /// The new epoch could not be made durable; it is tried again.
    case epochRefused(LogEpoch, reason: String)
    /// Peers hold more of an own log than this node: it was restored, or lost its disk.
    case ownTailFound(EpochHead, from: NodeID)
    /// A process with this node's identity runs elsewhere.
    case cloneHeard(InstanceID)
    /// A batch came a second time.
    case duplicateDropped(EventRange, from: NodeID)
    /// A batch came ahead of its turn and waits.
    case batchHeld(EventRange, from: NodeID)
    /// A batch came ahead of its turn and there was no room to keep it.
    case batchDropped(EventRange, from: NodeID)
    /// A batch follows another history than the one that is here: evidence against the origin.
    case chainBroken(EventRange, from: NodeID)
    /// Two contents under one position: evidence against the origin.
    case forkFound(EventID, known: Digest?, other: Digest, from: NodeID)
    /// A gap is being pulled.
    case pullStarted(ReplayRequest, of: NodeID)
    /// A gap is filled.
    case pullFinished(EpochID, through: SequenceNumber)
    /// No reachable member holds this part of a log any more; the log goes on after the floor,
    /// which is where it ends here if nobody holds more.
    case gapUnprovable(EpochID, after: SequenceNumber, floor: EpochHead)
    /// What others kept of a log's state below the floor is here.
    case stateCompleted(EpochID, through: SequenceNumber)
    /// No member has what was kept of a log's state: it is done without.
    case stateUnprovable(EventRange)
    /// An append of a peer's batches failed; it will be tried again.
    case appendFailed(EpochID, reason: String)
    /// Reading a log failed; it will be tried again.
    case loadFailed(EventRange, reason: String)
    /// A peer asked for something impossible.
    case requestRejected(from: NodeID, reason: String)
    /// A beacon was older than one before it, or impossible.
    case beaconRejected(from: NodeID, reason: String)
    /// A member's status changed.
    case peerStatusChanged(NodeID, PeerStatus)
    /// A link is being made anew.
    case relinked(NodeID, attempt: Int)
    /// A member's clock differs by more than is good; `behind` where it shows less than ours.
    case clockSkewed(NodeID, milliseconds: UInt64, behind: Bool)
    /// A state event from the far future is held.
    case farFutureHeld(EventID, HybridTimestamp)
    /// A held state event's time has come.
    case farFutureReleased(EventID)
    /// An administrator's void made a state event moot.
    case voided(EventID)
    /// Events of a user who is not allowed here.
    case withheld(EventRange, reason: String)
    /// Applying failed and will be tried again.
    case applyFailed(EventRange, attempt: Int, reason: String)
    /// An event was given up until someone asks.
    case parked(EventRange, reason: String)
    /// A full clear is owed.
    case fullClearOwed(ClearReason)
    /// A full clear is done.
    case fullClearDone
    /// A clear that no event asked for failed and will be tried again.
    case clearFailed(attempt: Int, reason: String)
    /// Other code is served than caches were cleared for.
    case codeSwitched
    /// Caches were cleared for the code that is served, and once more after it had settled.
    case codeCleared
    /// Nobody can tell which code is served.
    case surveyFailed(String)
    /// A receipt could not be published yet, and joined others that wait.
    case receiptsMerged(count: Int)
    /// Something reached its limit.
    case limitReached(String)
    /// A log was truncated.
    case truncated(EpochHead)
    /// A blob came.
    case blobStored(BlobReference)
    /// A blob could not be had from a peer; another one is asked.
    case blobFailed(BlobReference, from: NodeID, reason: String)
    /// An input that completes nothing this core asked for.
    case unexpectedCompletion(String)

    /// Why a full clear is owed.
    public enum ClearReason: Hashable, Sendable {
        /// Members did not answer at start, so nobody knows what was missed.
        case noFreshAnswers([NodeID])
        /// A gap that nobody can fill.
        case gap(EpochID)
        /// What was applied is not known any more.
        case lostHistory
        /// One was owed when the last process ended.
        case interrupted
        /// Invalidations of a user who is listed since.
        case userListed
    }
}

/// What is known of a member, from its beacons.
public enum PeerStatus: UInt8, Hashable, Sendable, CaseIterable {
    /// Never heard in this run.
    case unknown
    /// Heard within 3 s.
    case alive
    /// Not heard for 3 s.
    case suspect
    /// Not heard for 10 s.
    case dead
}
