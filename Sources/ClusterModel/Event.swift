// SPDX-License-Identifier: Apache-2.0

/// The few classes of events that the wire tells apart, one PUB topic each.
///
/// Applications' topics are not topics of the wire: every node receives everything.
public enum EventClass: UInt8, CaseIterable, Sendable {
    /// Revisions of code.
    case code = 1
    /// Invalidations of caches.
    case cache = 2
    /// Data files.
    case files = 3
    /// Events of applications.
    case application = 4
    /// Receipts and checkpoints, which nodes say about events; the update lock; unknown kinds.
    ///
    /// A kind that an older version does not know must come under this class: what comes under
    /// another one than the receiver takes it for is dropped.
    case record = 5
}

/// An immutable fact, published once.
public struct Event: Hashable, Sendable {
    /// When it was published, by the origin's hybrid clock.
    public let timestamp: HybridTimestamp
    /// What it says.
    public let content: EventContent

    /// Joins a stamp and what was said.
    public init(timestamp: HybridTimestamp, content: EventContent) {
        self.timestamp = timestamp
        self.content = content
    }
}

/// What an event says, by kind.
public enum EventContent: Hashable, Sendable {
    /// An application's event.
    case application(ApplicationEvent)
    /// Clear caches.
    case invalidation(Invalidation)
    /// A proposal of what the installation's code should be.
    case revision(RevisionProposal)
    /// Somebody takes, renews or ends the update lock.
    case lock(LockChange)
    /// What came of events on the node that says it.
    case receipt(Receipt)
    /// How far other logs had come, dated by the node that says it.
    case checkpoint(Checkpoint)
    /// A kind that this version does not know: stored, forwarded, reported, never applied.
    case unknown(kind: UInt32, bytes: [UInt8])

    /// The class, and so the topic, which the event travels under.
    public var eventClass: EventClass {
        switch self {
        case .application: .application
        case .invalidation: .cache
        case .revision: .code
        case .receipt, .checkpoint, .lock, .unknown: .record
        }
    }

    /// What its publisher's grant and the receiver's users file must both allow.
    ///
    /// Receipts and checkpoints need none: they bind nobody but the node that signs them.
    public var requiredScopes: Scopes {
        switch self {
        case .application: .publish
        case .invalidation: .invalidate
        case .revision, .lock: .update
        case .receipt, .checkpoint, .unknown: []
        }
    }

    /// Whether it is a fact that is folded into state, rather than a command or a remark.
    ///
    /// Only these are held where their stamp lies in the far future.
    public var isState: Bool {
        switch self {
        case .revision, .lock: true
        case .application, .invalidation, .receipt, .checkpoint, .unknown: false
        }
    }
}

/// An application's event: a topic of its own choice and a payload.
public struct ApplicationEvent: Hashable, Sendable {
    /// A name of dotted words: `order.paid`.
    ///
    /// Limit: 1 to 200 bytes of UTF-8 without control characters.
    public let topic: String
    /// What the application said.
    public let payload: Payload

    /// Joins topic and payload.
    public init(topic: String, payload: Payload) {
        self.topic = topic
        self.payload = payload
    }
}

/// Bytes inside an event, or named by it.
public enum Payload: Hashable, Sendable {
    /// In the event itself.
    case inline([UInt8])
    /// Elsewhere, and fetched in chunks by its hash.
    case blob(BlobReference)

    /// How many bytes the payload has.
    public var byteCount: Int {
        switch self {
        case .inline(let bytes): bytes.count
        case .blob(let reference): reference.byteCount
        }
    }
}

/// Names a blob: bytes that are too many for an event.
public struct BlobReference: Hashable, Comparable, Sendable {
    /// BLAKE2b-256 of the bytes.
    public let digest: Digest
    /// How many there are.
    ///
    /// Limit: 1 MiB.
    public let byteCount: Int

    /// Names the bytes with that hash and length.
    public init(digest: Digest, byteCount: Int) {
        self.digest = digest
        self.byteCount = byteCount
    }

    /// Compares hashes.
    public static func < (left: BlobReference, right: BlobReference) -> Bool {
        left.digest < right.digest
    }
}

/// An order to clear caches.
///
/// A command without expiry: at least once, on every node.
public struct Invalidation: Hashable, Sendable {
    /// Clear the whole opcode cache.
    public var opcodeCache: Bool
    /// Clear the whole user cache.
    public var userCache: Bool
    /// Clear everything in every configured cache.
    public var everything: Bool
    /// Files whose opcodes to forget, from the root of the installation.
    public var paths: [String]
    /// User cache entries to forget, by exact key.
    public var keys: [String]
    /// User cache entries to forget, by the start of the key.
    public var keyPrefixes: [String]
    /// User cache entries to forget, by regular expression.
    public var keyPatterns: [String]
    /// Pages to forget, by URL.
    public var urls: [String]
    /// Pages and entries to forget, by tag.
    public var tags: [String]
    /// What the publisher had applied: the data the order speaks of may arrive after it, so
    /// receivers clear at once and again when they have applied as much.
    public var seen: VersionVector

    /// An order which names nothing; set what it is about.
    public init() {
        opcodeCache = false
        userCache = false
        everything = false
        paths = []
        keys = []
        keyPrefixes = []
        keyPatterns = []
        urls = []
        tags = []
        seen = VersionVector()
    }

    /// Clears opcode and user cache whole: what `invalidate` does without options.
    public static var plain: Invalidation {
        var plain = Invalidation()
        plain.opcodeCache = true
        plain.userCache = true
        return plain
    }
}

/// A proposal of the installation's code: every repository's commit, as one register.
public struct RevisionProposal: Hashable, Sendable {
    /// Parent's generation + 1.
    public let generation: UInt64
    /// The event that proposed the parent; `nil` for the first.
    public let parent: EventID?
    /// Repository path → commit, in the order of the paths.
    public let commits: [RepositoryCommit]

    /// A proposal on top of a parent.
    public init(generation: UInt64, parent: EventID?, commits: [RepositoryCommit]) {
        self.generation = generation
        self.parent = parent
        self.commits = commits
    }
}

/// The commit one repository should be at.
public struct RepositoryCommit: Hashable, Sendable {
    /// Path from the root of the installation; `.` for the root itself.
    public let path: String
    /// The full commit ID in hexadecimal digits.
    public let commit: String

    /// Joins path and commit.
    public init(path: String, commit: String) {
        self.path = path
        self.commit = commit
    }
}

/// How far other logs had come when a member looked: dates batches whose grant expired since.
public struct Checkpoint: Hashable, Sendable {
    /// The heads, in the order of their logs.
    public let heads: [EpochHead]
    /// When, by the member's own clock.
    public let wall: WallTime

    /// Dates heads.
    public init(heads: [EpochHead], wall: WallTime) {
        self.heads = heads
        self.wall = wall
    }
}

/// The end of a log as some node knows it.
public struct EpochHead: Hashable, Comparable, Sendable {
    /// Which log.
    public let log: EpochID
    /// The last position in it.
    public let last: SequenceNumber
    /// The hash of the header of the batch that ends there.
    public let chain: Digest

    /// Describes the end of a log.
    public init(log: EpochID, last: SequenceNumber, chain: Digest) {
        self.log = log
        self.last = last
        self.chain = chain
    }

    /// Compares logs, then positions.
    public static func < (left: EpochHead, right: EpochHead) -> Bool {
        (left.log, left.last) < (right.log, right.last)
    }
}
