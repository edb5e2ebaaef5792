// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// Everything that can happen to a node's core.
///
/// What a peer sent has been verified before it becomes an input. Every effect whose result
/// matters comes back as an input, its failure too, so that nothing is visible before the input
/// that proves it durable.
public enum Input: Hashable, Sendable {
    /// The instant named by `nextDeadline` has come.
    case deadline
    /// The configuration was read anew.
    case configurationChanged(CoreConfiguration)
    /// Something about accounts, grants, members and the users file.
    case authority(AuthorityInput)

    // Own log.
    /// Completion of `persistEpoch`.
    case epochPersisted(LogEpoch)
    /// Failure of `persistEpoch`; nothing was signed.
    case epochNotPersisted(LogEpoch, reason: String)
    /// Somebody at a local door asks for events to be published.
    case publishRequested(PublishRequest)
    /// Completion of `seal`.
    case sealed(VerifiedBatch)
    /// Failure of `seal`: the positions are used again, nothing was visible.
    case sealingFailed(first: SequenceNumber, reason: String)

    // The event log.
    /// Completion of `append`: every entry is on disk.
    case appended(AppendTicket)
    /// Failure of `append`: none of its entries is on disk.
    case appendFailed(AppendTicket, reason: String)
    /// Completion of `load`: the batches of the range, in order; fewer where a budget was reached,
    /// but at least one where the log holds any.
    case loaded(EventRange, [VerifiedBatch])
    /// Failure of `load`.
    case loadFailed(EventRange, reason: String)

    // From peers.
    /// A batch came, by broadcast or replay.
    case batchReceived(VerifiedBatch, from: NodeID)
    /// A beacon came, and its sender signed it.
    case beaconReceived(Beacon, from: NodeID)
    /// The answer to `requestHeads`: every log that the peer holds, closed epochs too.
    case headsReceived([EpochHead], from: NodeID)
    /// The answer to `requestOwnHeads`: what the peer holds of this node's own logs.
    case ownHeadsReceived([EpochHead], from: NodeID)
    /// The peer did not answer `requestOwnHeads`.
    case ownHeadsFailed(from: NodeID)
    /// A peer says what it has on disk and has applied of a log.
    case acknowledged(Acknowledgement, from: NodeID)
    /// A peer asks for heads: of one origin, or of all.
    case headsRequested(origin: NodeID?, ReplyTicket, from: NodeID)
    /// A peer asks for part of a log.
    case replayRequested(ReplayRequest, ReplyTicket, from: NodeID)
    /// `serveReplay` is over, well or not: its ticket is free.
    case replayServed(ReplyTicket)
    /// A peer said how the replay that we asked for ended; its batches came before as
    /// `batchReceived`.
    case replayEnded(ReplayRequest, ReplayEnd, from: NodeID)
    /// The peer did not answer `requestReplay` in time, or could not be asked.
    case replayFailed(ReplayRequest, from: NodeID)
    /// Completion of `requestBlob`: the blob is on disk, its hash was right.
    case blobStored(BlobReference)
    /// Failure of `requestBlob`.
    case blobFailed(BlobReference, from: NodeID, reason: String)

    // Links.
    /// A connection to the peer is up.
    case linkUp(NodeID)
    /// The connection to the peer went down.
    case linkDown(NodeID)
    /// The transport saw trouble that may not heal by itself.
    case linkTrouble(NodeID, LinkTrouble)
    /// A beacon or hello under this node's own ID came, but of another process.
    case cloneHeard(InstanceID)

    // Applying.
    /// Completion of `apply`, with the outcome, good or bad, and what was done.
    case applied(ApplyTicket, ApplyOutcome, [StepReceipt])
    /// Somebody looked which commit each repository of the installation is at.
    case served([RepositoryCommit])
    /// Nobody can tell which commit each repository is at.
    case surveyFailed(reason: String)
    /// An administrator asks for a parked event, or for all (`nil`), to be tried again.
    case parkedRetryRequested(EventID?)
    /// An administrator asks for the past application events of a user who is listed now.
    case replayUserRequested(user: String)
}

/// What can happen to accounts, grants and the users file.
public enum AuthorityInput: Hashable, Sendable {
    /// Records came, from a peer or a local door; their signatures hold.
    case recordsReceived([VerifiedRecord])
    /// This node joined a cluster, or left it.
    case clusterPinned(ClusterPin?)
    /// The users file was read anew.
    case usersChanged([AllowedUser])
    /// Somebody at a local door pinned a user name to a key.
    case userPinned(identifier: String, key: UserKey)
}

/// Trouble on a link, as the transport's monitor tells it.
public enum LinkTrouble: Hashable, Sendable {
    /// The other side broke the protocol, or is something else: libzmq gives up for ever.
    case protocolFailure
    /// The other side refused our key.
    case authenticationFailure
}
