// SPDX-License-Identifier: Apache-2.0

public import ClusterModel

/// The durable, append-only record of everything a node holds.
///
/// Writes are *submitted*, never awaited: one writer drains everything that was submitted since its
/// last commit into one transaction (group commit), makes it durable, and then calls every
/// completion of it, in the order of submission. Reads may run beside the writer and see whole
/// transactions only.
///
/// Law: a completion with `nil` means that the operation, and every operation submitted before it,
/// survives a power cut. A completion with an error means that nothing of its transaction happened.
/// A `.conflict` refuses one submission alone; any other error also fails everything that had been
/// submitted by then, since it was built on what failed.
public protocol EventLog: Sendable {
    /// Submits operations which belong to one transaction; keeps the order of submission.
    ///
    /// Completions run on the writer's thread and must not block.
    func submit(
        _ operations: [LogOperation],
        completion: @escaping @Sendable (EventLogError?) -> Void)

    /// Everything the core needs to start where it ended.
    ///
    /// Called once, before any submission.
    func recover() async throws(EventLogError) -> RecoveredEventLog

    /// Whole batches of one log, in order, from the one that holds `first` on.
    ///
    /// Ends at `last`, at the end of the log, or before `byteLimit` is exceeded; at least one batch
    /// where there is one. Where batches were truncated, those that hold state are left.
    func batches(
        of log: EpochID, from first: SequenceNumber, through last: SequenceNumber, byteLimit: Int
    ) async throws(EventLogError) -> [StoredBatch]

    /// Whole batches of one log that hold state, in order, of a range, below the floor too.
    ///
    /// Ends before `byteLimit` is exceeded; at least one batch where there is one.
    func stateBatches(
        of log: EpochID, from first: SequenceNumber, through last: SequenceNumber, byteLimit: Int
    ) async throws(EventLogError) -> [StoredBatch]

    /// Batches in this node's log order (the order in which they became durable here), beginning
    /// after a position. At most `limit` of them.
    func batches(
        afterPosition position: Int64, limit: Int
    ) async throws(EventLogError) -> [StoredBatch]

    /// The batch that holds an event; `nil` where none does.
    func batch(holding reference: EventReference) async throws(EventLogError) -> StoredBatch?

    /// The heads of all epochs, closed ones too, in order.
    func heads() async throws(EventLogError) -> [EpochHead]

    /// What nodes said of events that touch a range, in the order in which they were recorded.
    func receipts(about range: EventRange) async throws(EventLogError) -> [StoredReceipt]

    /// Part of a blob; `nil` where the blob is not here.
    func blob(
        _ digest: Digest, offset: Int, count: Int
    ) async throws(EventLogError) -> [UInt8]?

    /// How many events and bytes the log holds; cheap.
    func statistics() async throws(EventLogError) -> LogStatistics

    /// Commits what was submitted and closes.
    ///
    /// Nothing may be submitted afterwards.
    func close() async
}

/// One change of the log.
public enum LogOperation: Sendable, Equatable {
    /// Adds a batch.
    ///
    /// Adding one that is there already changes nothing.
    ///
    /// Two contents for one position are refused with `.conflict`: the core must never ask for it.
    case append(VerifiedBatch, Disposition)
    /// Raises the applied watermark of a log, and records what is not plainly applied.
    ///
    /// An outcome replaces earlier ones of the events it speaks of; a plain `applied` removes them.
    case applied(EpochID, through: SequenceNumber, [RecordedOutcome])
    /// Records what a node said came of events; the same remark again changes nothing.
    case receipt(StoredReceipt)
    /// Changes what the stored batch that holds a position may do (a user was listed, a date was
    /// proven, a second history was found).
    case dispose(EpochID, holding: SequenceNumber, Disposition)
    /// Records the epoch that this process will sign under, before it signs.
    case epoch(LogEpoch)
    /// Adds records of authority; those present change nothing, but for a credential that was
    /// missing.
    case records([VerifiedRecord])
    /// Pins a user name to a key.
    case pin(PinnedUser)
    /// Stores a blob.
    ///
    /// The bytes' hash has been checked.
    case blob(BlobReference, [UInt8])
    /// Forgets batches through a position, but for those that hold state; the floor stays.
    ///
    /// With them go the receipts about them, and blobs which no other stored event names.
    case truncate(EpochHead)
    /// Jumps over an unprovable gap: the log goes on after this head.
    ///
    /// What the log kept of state in the gap is missing from then on.
    case floor(EpochHead)
    /// Adds a batch that holds state to where state is missing below the floor.
    ///
    /// It continues nothing, and the head stays. Adding one that is there already, or where no
    /// state is missing, changes nothing; one that overlaps another content is a `.conflict`.
    case keepState(VerifiedBatch, Disposition)
    /// State below the floor is missing through this position no more.
    case stateComplete(EpochID, through: SequenceNumber)
    /// Stores a small value of the core under a name; an empty one removes it.
    case value(name: String, bytes: [UInt8])
}

/// What may be done with a stored batch.
public enum Disposition: UInt8, Sendable, Hashable {
    /// It takes effect.
    case accepted = 0
    /// Its signer is not allowed here: stored whole, replayed to others, without effect.
    case withheld = 1
    /// Its date is not proven: stored, without effect until it is.
    case held = 2
    /// Its log has two contents for one position: stored, never applied.
    case quarantined = 3
}

/// What came of a run of events on this node, where it is not plainly `applied`.
public struct RecordedOutcome: Sendable, Hashable {
    /// Which events.
    public let subject: EventRange
    /// What came of them.
    public let outcome: ApplyOutcome
    /// How often it was tried, from 0 for what waits.
    public let attempt: Int

    /// States what came of events.
    public init(subject: EventRange, outcome: ApplyOutcome, attempt: Int) {
        self.subject = subject
        self.outcome = outcome
        self.attempt = attempt
    }
}

/// A blob that a stored event names and the log does not hold.
public struct UnstoredBlob: Sendable, Hashable {
    /// The event.
    public let event: EventID
    /// The blob.
    public let reference: BlobReference

    /// Joins event and blob.
    public init(event: EventID, reference: BlobReference) {
        self.event = event
        self.reference = reference
    }
}

/// A batch as the log holds it.
public struct StoredBatch: Sendable, Hashable {
    /// Its place in this node's log order; rises with each durable batch.
    public let position: Int64
    /// The bytes, as they came.
    public let sealed: SealedBatch
    /// What may be done with it.
    public let disposition: Disposition

    /// Describes a stored batch.
    public init(position: Int64, sealed: SealedBatch, disposition: Disposition) {
        self.position = position
        self.sealed = sealed
        self.disposition = disposition
    }
}

/// What one node said came of events.
public struct StoredReceipt: Sendable, Hashable {
    /// The node it holds for.
    public let node: NodeID
    /// What it said.
    public let receipt: Receipt
    /// When it said so, by its own clock.
    public let timestamp: HybridTimestamp

    /// Joins node, receipt and stamp.
    public init(node: NodeID, receipt: Receipt, timestamp: HybridTimestamp) {
        self.node = node
        self.receipt = receipt
        self.timestamp = timestamp
    }
}

/// What a log remembers of one origin's epoch.
public struct RecoveredEpoch: Sendable, Hashable {
    /// Its durable end.
    public let head: EpochHead
    /// Everything through this has been applied.
    public let applied: SequenceNumber
    /// What has been truncated or jumped over; `nil` where the log is whole.
    public let floor: EpochHead?
    /// Where state may be missing below the floor; `nil` where all that others kept is here.
    public let missingState: EventRange?
    /// What was recorded of events that are not plainly applied, in order.
    public let outcomes: [RecordedOutcome]
    /// The highest stamp of any batch that was stored, and is not held.
    public let newestTimestamp: HybridTimestamp
    /// What its batches weigh (`VerifiedBatch.storedByteCount`).
    ///
    /// Unit: bytes.
    public let byteCount: Int
    /// Whether any batch is quarantined.
    public let isQuarantined: Bool

    /// Describes a recovered epoch.
    public init(
        head: EpochHead, applied: SequenceNumber, floor: EpochHead?, missingState: EventRange?,
        outcomes: [RecordedOutcome], newestTimestamp: HybridTimestamp, byteCount: Int,
        isQuarantined: Bool
    ) {
        self.missingState = missingState
        self.byteCount = byteCount
        self.head = head
        self.applied = applied
        self.floor = floor
        self.outcomes = outcomes
        self.newestTimestamp = newestTimestamp
        self.isQuarantined = isQuarantined
    }
}

/// What a log remembers.
public struct RecoveredEventLog: Sendable {
    /// Every epoch of every origin, in order.
    public let epochs: [RecoveredEpoch]
    /// The last epoch this node recorded for itself; `nil` before its first start.
    public let ownEpoch: LogEpoch?
    /// All records of authority, as they came.
    public let records: [SealedRecord]
    /// All pins.
    public let pins: [PinnedUser]
    /// The core's own small values, by name.
    public let values: [String: [UInt8]]
    /// Every batch that holds state and is accepted, in this node's log order.
    public let stateBatches: [StoredBatch]
    /// Blobs that stored events name and that are not here, in the order of the events.
    public let unstoredBlobs: [UnstoredBlob]
    /// The highest stamp of any batch that was stored, and is not held.
    ///
    /// A held one lies in the far future and must not raise the clock.
    public let newestTimestamp: HybridTimestamp

    /// Joins what was recovered.
    public init(
        epochs: [RecoveredEpoch], ownEpoch: LogEpoch?, records: [SealedRecord], pins: [PinnedUser],
        values: [String: [UInt8]], stateBatches: [StoredBatch], unstoredBlobs: [UnstoredBlob],
        newestTimestamp: HybridTimestamp
    ) {
        self.stateBatches = stateBatches
        self.unstoredBlobs = unstoredBlobs
        self.newestTimestamp = newestTimestamp
        self.epochs = epochs
        self.ownEpoch = ownEpoch
        self.records = records
        self.pins = pins
        self.values = values
    }
}

/// How much a log holds.
public struct LogStatistics: Sendable, Hashable {
    /// Events of all origins.
    public let eventCount: Int
    /// Unit: bytes on disk.
    public let byteCount: Int
    /// The last position in this node's log order.
    public let lastPosition: Int64

    /// Joins the figures.
    public init(eventCount: Int, byteCount: Int, lastPosition: Int64) {
        self.eventCount = eventCount
        self.byteCount = byteCount
        self.lastPosition = lastPosition
    }
}

/// Why the log could not do something.
public struct EventLogError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of trouble a caller may tell apart.
    public enum Code: Sendable, Hashable {
        /// No space, no inodes, or no quota left.
        case diskFull
        /// The file is damaged.
        case corrupt
        /// Another process holds it.
        case busy
        /// It was written by a newer version.
        case schemaTooNew
        /// Written by a version whose logs this one cannot read.
        case schemaTooOld
        /// Two contents for one position.
        case conflict
        /// The disk refused a write or a sync.
        case inputOutput
        /// The log has been closed.
        case closed
    }

    /// What kind of trouble it is.
    public let code: Code
    /// What was being done, naming the thing.
    public let operation: String
    /// What the layer below said.
    public let detail: String

    /// Describes a failure.
    public init(code: Code, operation: String, detail: String) {
        self.code = code
        self.operation = operation
        self.detail = detail
    }

    /// Whether the same operation may work later.
    public var isRetryable: Bool {
        switch code {
        case .diskFull, .busy: true
        case .corrupt, .schemaTooNew, .schemaTooOld, .conflict, .inputOutput, .closed: false
        }
    }

    /// One sentence for the operator.
    public var hint: String {
        switch code {
        case .diskFull: "Free some space; the daemon goes on by itself."
        case .corrupt: "Move the log away and start again: the peers hold its events."
        case .busy: "Is another daemon running with this state directory?"
        case .schemaTooOld:
            "It is not carried over: start the version which wrote it; or move the folder it is in "
                + "away and log this server in again, if another member has what it holds."
        case .schemaTooNew: "Start the version which wrote it, or a newer one."
        case .conflict: "Report this: the program asked for what must never happen."
        case .inputOutput: "Check the disk; the daemon restarts and verifies its log."
        case .closed: "The daemon is stopping."
        }
    }

    /// What was tried, what went wrong, and what to do.
    public var description: String { "\(operation): \(detail). \(hint)" }
}
