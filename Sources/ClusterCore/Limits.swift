// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// Every bound of the core: its unit, its reason, and what happens when it is reached.
public enum Limits {
    /// Events in a batch.
    ///
    /// The wire's limit; the rest goes into the next batch.
    public static let batchEvents = 1_024
    /// Bytes of a batch's body, as estimated.
    ///
    /// The wire's limit is 262,144; the estimate is never
    /// below the encoded size. The rest goes into the next batch.
    public static let batchBytes = 256 * 1_024
    /// Own batches that are sealed and not durable.
    ///
    /// Two keep disk and signer busy; drafts wait.
    public static let ownBatchesInFlight = 2
    /// How long drafts wait for a fuller batch while one is in flight.
    public static let batchDelay: Duration = .milliseconds(5)
    /// Requests to publish that wait to be sealed.
    ///
    /// Beyond it they are refused as overload.
    public static let waitingRequests = 4_096
    /// Bytes of drafts that wait to be sealed.
    ///
    /// Beyond it requests are refused as overload.
    public static let waitingBytes = 8 * 1_024 * 1_024
    /// Requests to publish that wait for their level.
    ///
    /// Beyond it they are refused as overload.
    public static let unconfirmedRequests = 65_536

    /// Bytes of a batch that are kept free for the vectors which orders to clear carry.
    public static let seenReserve = 16 * 1_024
    /// Counters of epochs beyond it are not believed: they would use up the numbers.
    public static let largestEpoch: UInt64 = 1 << 62
    /// The wait before an epoch is tried again that the disk refused.
    public static let epochPause: Duration = .seconds(1)
    /// How often heads are dated for whoever's grant expires, while they move.
    public static let checkpointInterval: Duration = .seconds(3_600)

    /// Batches of one log that came ahead of their turn.
    ///
    /// The farthest ahead is dropped: it can be
    /// pulled again.
    public static let heldBatches = 256
    /// Bytes of batches of one log that came ahead.
    ///
    /// The farthest ahead is dropped.
    /// What is parsed takes as much again.
    public static let heldBytes = 8 * 1_024 * 1_024
    /// Newest batches of one log whose hashes are remembered, to tell duplicates from forks.
    ///
    /// Older
    /// ones count as duplicates.
    public static let rememberedBatches = 64
    /// Batches of one log on their way to disk.
    ///
    /// Further ones are held as if ahead.
    public static let pendingAppends = 256
    /// Bytes of batches of one log on their way to disk.
    ///
    /// Further ones are held as if ahead. Enough for some transactions of a disk that keeps up;
    /// what is parsed takes as much again, and a disk that does not keep up takes all of it.
    public static let pendingBytes = 4 * 1_024 * 1_024
    /// Logs with two histories whose contents are kept in memory to be shown again.
    ///
    /// Beyond it what came is shown once.
    public static let forkEvidence = 64
    /// How often records of authority are written down, as nothing says whether they were.
    public static let recordWrites = 6
    /// The first and the longest wait before they are written down again.
    public static let recordBackoff = Backoff(first: .seconds(2), longest: .seconds(60))
    /// How often a second content is written down again, as it is shown again.
    ///
    /// It may be large, and some minutes are enough for a disk to get room.
    public static let evidenceWrites = 8
    /// The first and the longest wait before contents of a log with two histories are shown again.
    public static let evidenceBackoff = Backoff(first: .seconds(2), longest: .seconds(60))
    /// Logs that are followed: origins times epochs.
    ///
    /// Beyond it batches of new logs are dropped and
    /// counted: a member that starts so often is broken.
    public static let logs = 65_536
    /// Heads in one message.
    ///
    /// The wire's limit; more are sent as several, newest first.
    public static let headsInMessage = 1_024
    /// Bytes that one pull may bring.
    ///
    /// Small enough to change the source, large enough to stream. Whoever serves it has it in
    /// memory three times: as read, as encoded, and as libzmq sends it.
    public static let pullCredit = 2 * 1_024 * 1_024
    /// How long a gap may close by itself before it is pulled.
    public static let gapPatience: Duration = .milliseconds(200)
    /// The first and the longest wait between pulls that fail; half of it at least, by chance.
    public static let pullBackoff = Backoff(first: .milliseconds(200), longest: .seconds(5))
    /// How long a pull may stay without an answer or a batch.
    public static let pullPatience: Duration = .seconds(5)
    /// How long all reachable members must say that they do not hold a range before it counts as
    /// lost.
    ///
    /// Several beacons long: a member that is busy refuses too, and then claims it again.
    public static let unservedPatience: Duration = .seconds(5)
    /// How long all members must say that they do not hold the state below a floor before it
    /// counts as lost.
    public static let statePatience: Duration = .seconds(60)
    /// Pulls that are out at once, over all logs.
    ///
    /// The others wait.
    public static let pulls = 8
    /// Replays served at once, and per peer.
    ///
    /// Beyond it a request is refused as not held, and the
    /// peer tries another.
    public static let servedReplays = (all: 16, perPeer: 2)

    /// How often beacons are sent, give or take a fifth.
    public static let beaconInterval: Duration = .seconds(1)
    /// How long after the last of a burst of own events a beacon shows where it ends.
    ///
    /// While events flow, a lost one is missed as soon as the next has come.
    public static let beaconPause: Duration = .milliseconds(20)
    /// How long a burst may go on without a beacon.
    public static let beaconPatience: Duration = .milliseconds(200)
    /// How long it may take until an origin hears what is durable and applied, where nobody waits.
    ///
    /// Two acknowledgements are at least as far apart.
    public static let acknowledgementPause: Duration = .milliseconds(50)
    /// How long a node waits for its peers at start.
    public static let startPatience: Duration = .seconds(3)
    /// Silence after which a member is suspect.
    public static let suspectAfter: Duration = .seconds(3)
    /// Silence after which a member is dead, and its link is made anew.
    public static let deadAfter: Duration = .seconds(10)
    /// The first and the longest wait between attempts to link.
    public static let relinkBackoff = Backoff(first: .seconds(1), longest: .seconds(30))
    /// Every so many attempts use a fresh socket.
    public static let freshSocketEvery = 3
    /// Members whose beacons are followed.
    ///
    /// Beyond it beacons of new senders are dropped.
    public static let peers = 256
    /// Earlier runs of a peer whose beacons are known to be old.
    ///
    /// The oldest is forgotten.
    public static let pastInstances = 16
    /// The shortest time between two requests to one peer for all its heads, or for records.
    public static let inquiryPause: Duration = .seconds(2)
    /// The shortest time between two requests to one peer for all its heads while the newest ones
    /// differ, perhaps for good: a log with two histories stays different.
    public static let vagueInquiryPause: Duration = .seconds(10)
    /// A clock which differs by more is reported.
    public static let skewAlarm: Duration = .milliseconds(500)
    /// Of the beacons of this time the least delayed one tells of a peer's clock: so long a thread
    /// may starve without a false alarm, and so long a clock may be behind without one.
    public static let skewWindow: Duration = .seconds(8)
    /// How many of those beacons are remembered for each peer.
    public static let skewSamples = 64

    /// Stamps farther ahead of the own clock make state events wait.
    ///
    /// Unit: milliseconds.
    public static let farFuture: UInt64 = 60_000
    /// State events that wait for their time.
    ///
    /// Beyond it the farthest waits on disk only.
    public static let farFutureHeld = 4_096

    /// Bytes of batches of one log that wait in memory to be applied.
    ///
    /// Beyond it they are read back
    /// from the log in their turn.
    public static let queuedBytes = 2 * 1_024 * 1_024
    /// The wait before a log that could not be read is read again.
    public static let loadPause: Duration = .seconds(1)
    /// Handler runs at once.
    public static let handlerRuns = 4
    /// Handler runs that wait, over all keys; beyond it no log hands over further events.
    public static let waitingHandlerRuns = 8_192
    /// How often a handler is tried for an event before it is parked, where its rule does not say.
    public static let handlerAttempts = 5
    /// The first and the longest wait before a handler runs again.
    public static let handlerBackoff = Backoff(first: .seconds(1), longest: .seconds(16))
    /// The first and the longest wait before caches are cleared again.
    public static let clearBackoff = Backoff(first: .seconds(1), longest: .seconds(60))
    /// Over how long members clear everything, one after another.
    ///
    /// More members make shorter slots; whoever waits for receipts waits 30 s by default.
    public static let staggerSpan: Duration = .seconds(5)
    /// Invalidations that wait for a clear with what they name.
    ///
    /// Beyond it they become full clears, which name nothing.
    public static let waitingInvalidations = 1_024
    /// Orders to clear that failed and are tried again with what they name.
    ///
    /// Beyond it one full clear stands for all of them.
    public static let failedClears = 64
    /// Retries of different orders in the time after which one alone would be retried.
    ///
    /// A cache that hangs costs a timeout each, which new orders may have to wait for.
    public static let retriesInRound = 8
    /// How long others do not hear that caches were cleared before what an order speaks of came.
    public static let earlyClearPatience: Duration = .seconds(5)
    /// Orders that were cleared for before their batches were durable.
    ///
    /// Beyond it the oldest are forgotten, and cleared for again.
    public static let clearsAhead = 64
    /// Names (paths, keys, tags ...) in one order to clear.
    ///
    /// Beyond it everything is cleared.
    public static let namesInClear = 4_096
    /// Runs of events of a log that wait for a second look.
    ///
    /// Beyond it the oldest are joined, and
    /// what lies between is looked at again with them.
    public static let shelvedRuns = 256
    /// How long a receipt of success may wait for others, to be published with them.
    ///
    /// An order is done on most nodes by then, so that receipts do not compete with clears; whoever
    /// waits for them does not notice.
    public static let receiptDelay: Duration = .milliseconds(15)
    /// Receipts that wait to be published.
    ///
    /// Beyond it the oldest is only kept here.
    public static let waitingReceipts = 4_096

    /// Runs of events whose outcomes are kept in memory, per member.
    ///
    /// Beyond it the oldest are
    /// only in the log.
    public static let convergenceRuns = 1_024
    /// Revision proposals in the register, with those whose parent is unknown.
    ///
    /// The oldest losers
    /// are forgotten.
    public static let revisions = 4_096
    /// Changes of the update lock that are kept of each node.
    ///
    /// The oldest ones are forgotten: only where all of these are voided are they missed.
    public static let locksOfNode = 16
    /// The shortest time between two places where a log may be cut.
    public static let cutPause: Duration = .seconds(60)
    /// Places where a log may be cut.
    ///
    /// Beyond it every second one is forgotten.
    public static let cutMarks = 1_024
    /// How often logs are cut.
    public static let cutInterval: Duration = .seconds(60)
    /// Blobs that are missing.
    ///
    /// Beyond it their log waits.
    public static let missingBlobs = 4_096
    /// Blobs that are fetched at once.
    public static let blobFetches = 4
    /// The first and the longest wait before a blob is asked for again.
    public static let blobBackoff = Backoff(first: .milliseconds(200), longest: .seconds(30))
    /// Rounds over all peers after which an event whose blob nobody has is parked.
    public static let blobRounds = 8
}
