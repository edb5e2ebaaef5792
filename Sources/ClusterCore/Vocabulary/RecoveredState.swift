// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// What a core starts from: what this node's disk holds, and what it is told about itself.
public struct RecoveredState: Sendable {
    /// This node.
    public var node: NodeID
    /// This run of it.
    public var instance: InstanceID
    /// The cluster.
    public var cluster: ClusterID
    /// The counter of the last epoch that was persisted; 0 where none was.
    public var epochCounter: UInt64
    /// Random; the nonce of the epoch that begins.
    public var nonce: UInt64
    /// Random; all jitter comes from it.
    public var seed: UInt64
    /// The highest stamp in any log here, so that the clock never goes back.
    public var newestTimestamp: HybridTimestamp
    /// Every log that this node holds, own ones too, in any order.
    public var logs: [RecoveredHistory]
    /// Every stored batch that holds state and was accepted, in any order.
    public var stateBatches: [VerifiedBatch]
    /// Contents of logs with two histories that were written down, in any order.
    public var evidence: [VerifiedBatch]
    /// Blobs that stored events name and this node does not hold, in the order of the events.
    public var missingBlobs: [MissingBlob]
    /// Whether the log was found damaged, restored, or is new on a node that had one: what was
    /// applied is not known, so one full clear comes before ready.
    public var hasLostHistory: Bool
    /// What this node owes its caches.
    public var clears: ClearRecord
    /// Accounts, grants, pins and the users file.
    public var authority: Authority
    /// What the configuration says.
    public var configuration: CoreConfiguration

    /// A node that holds nothing yet.
    public init(
        node: NodeID, instance: InstanceID, cluster: ClusterID, nonce: UInt64, seed: UInt64,
        authority: Authority, configuration: CoreConfiguration
    ) {
        self.node = node
        self.instance = instance
        self.cluster = cluster
        self.epochCounter = 0
        self.nonce = nonce
        self.seed = seed
        self.newestTimestamp = .zero
        self.logs = []
        self.stateBatches = []
        self.evidence = []
        self.missingBlobs = []
        self.hasLostHistory = false
        self.clears = ClearRecord()
        self.authority = authority
        self.configuration = configuration
    }
}

/// One log as it was found on disk.
public struct RecoveredHistory: Hashable, Sendable {
    /// Its end; the floor where nothing is behind that.
    public var head: EpochHead
    /// Every position through this one is applied, or has an outcome that says why not.
    public var applied: SequenceNumber
    /// Everything through this has been truncated or jumped over.
    public var floor: EpochHead?
    /// Where others may have kept state below the floor that is not here.
    public var missingState: EventRange?
    /// What was recorded of events that are not plainly applied.
    public var outcomes: [AppliedRecord.Entry]
    /// The highest stamp in it, which tells how old its end is.
    ///
    /// Zero where that is not known: it counts as new then.
    public var newestTimestamp: HybridTimestamp
    /// What its batches weigh on disk (`VerifiedBatch.storedByteCount`).
    ///
    /// Unit: bytes.
    public var byteCount: Int
    /// Whether any batch of it is stored as quarantined.
    public var isQuarantined: Bool

    /// A log that ends there and is applied that far.
    public init(head: EpochHead, applied: SequenceNumber, floor: EpochHead? = nil) {
        self.head = head
        self.applied = applied
        self.floor = floor
        self.outcomes = []
        self.newestTimestamp = .zero
        self.byteCount = 0
        self.isQuarantined = false
    }
}

/// A blob that an event names and this node does not hold.
public struct MissingBlob: Hashable, Sendable {
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

/// What the configuration says that the core needs.
public struct CoreConfiguration: Hashable, Sendable {
    /// How many other URLs the roster lists; 0 makes a cluster of one.
    public var peerCount: Int
    /// The handlers, by index.
    public var handlers: [ReactionRule]
    /// Truncation keeps what is younger.
    public var horizon: Duration
    /// Truncation keeps what fits.
    ///
    /// Unit: bytes of batches and blobs.
    public var capacity: Int
    /// How long after a switch of the code caches are cleared once more.
    public var settle: Duration
    /// How long after one member the next one clears everything; zero: all at once.
    public var stagger: Duration
    /// Whether somebody looks which code is served: the first `ready` waits for it.
    public var surveysCode: Bool
    /// The defaults for a node with that many peers.
    public init(peerCount: Int, handlers: [ReactionRule] = []) {
        self.peerCount = peerCount
        self.handlers = handlers
        self.horizon = .seconds(30 * 24 * 3_600)
        self.capacity = 1 << 30
        self.settle = .seconds(2)
        self.stagger = .milliseconds(500)
        self.surveysCode = false
    }
}

/// Which topics a handler is for, and how often it is tried.
public struct ReactionRule: Hashable, Sendable {
    /// Its topics: `order.paid`, `order.*`, `*`.
    public let topics: TopicPattern
    /// How often it is tried for an event before the event is parked.
    ///
    /// Invariant: at least 1.
    public let attempts: Int

    /// Joins topics and patience; less than one attempt counts as one.
    public init(_ topics: TopicPattern, attempts: Int = Limits.handlerAttempts) {
        self.topics = topics
        self.attempts = max(1, attempts)
    }

    /// Whether the handler is for the topic.
    public func matches(_ topic: String) -> Bool { topics.matches(topic) }
}

/// Which topics are meant.
public struct TopicPattern: Hashable, Sendable {
    /// A topic; or the start of topics with `*` behind.
    public let text: String

    /// Takes a topic, or the start of topics with `*` behind.
    public init(_ text: String) { self.text = text }

    /// Whether the topic is meant.
    public func matches(_ topic: String) -> Bool {
        guard text.utf8.last == UInt8(ascii: "*") else { return text == topic }
        return topic.utf8.starts(with: text.utf8.dropLast())
    }
}
