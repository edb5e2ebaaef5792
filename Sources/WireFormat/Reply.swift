// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// How a request went: the status byte of its answer.
public enum ReplyStatus: UInt8, CaseIterable, Sendable {
    /// The body is the answer.
    case done = 0
    /// The request is not what its verb's table says.
    case malformed = 1
    /// No such verb.
    case unknownVerb = 2
    /// The asker's key does not allow it.
    case notAllowed = 3
    /// What was asked for is not here.
    case notHeld = 4
    /// Too much is asked at the moment; ask again later.
    case busy = 5
    /// The answerer failed.
    case failed = 6
}

/// An answer of the request channel.
public enum Reply: Hashable, Sendable {
    /// Answers ``Request/ping``.
    case pong(Pong)
    /// Answers ``Request/replay(_:)``.
    case replay(ReplayEnd, [SealedBatch])
    /// Answers ``Request/heads(after:)`` and ``Request/ownHead(_:)``.
    case heads(HeadsPage)
    /// Answers ``Request/records(_:)``.
    case records(RecordsPage)
    /// Answers ``Request/status``.
    case status(SealedStatus)
    /// Answers ``Request/blob(_:)``.
    case blob(BlobChunk)
    /// Answers ``Request/hello(_:)``.
    case hello(SealedHello)
    /// Answers anything.
    case refused(Refusal)
}

/// The answerer's run and clock.
public struct Pong: Hashable, Sendable {
    /// Which run of the node answers.
    public let instance: InstanceID
    /// Its wall clock.
    public let wall: WallTime

    /// Joins run and clock.
    public init(instance: InstanceID, wall: WallTime) {
        self.instance = instance
        self.wall = wall
    }
}

/// Heads of logs, in ascending order.
public struct HeadsPage: Hashable, Sendable {
    /// The heads.
    public let heads: [EpochHead]
    /// Whether no more follow; else ask for those after the last one's log.
    public let isLast: Bool

    /// Makes a page.
    public init(heads: [EpochHead], isLast: Bool) {
        self.heads = heads
        self.isLast = isLast
    }
}

/// Records of authority which the asker lacks.
public struct RecordsPage: Hashable, Sendable {
    /// The records.
    public let records: [SealedRecord]
    /// Whether no more are lacking; else ask again when these have been taken in.
    public let isLast: Bool

    /// Makes a page.
    public init(records: [SealedRecord], isLast: Bool) {
        self.records = records
        self.isLast = isLast
    }

    /// The length of a record in a page, for filling one up to ``WireLimits/reply``.
    ///
    /// Unit: bytes. Never less than the true length.
    public static func byteCount(of record: SealedRecord) -> Int {
        record.body.count + (record.credential?.count ?? 0) + 128
    }
}

/// A chunk of a blob.
public struct BlobChunk: Hashable, Sendable {
    /// Length of the whole blob.
    ///
    /// Unit: bytes.
    public let blobByteCount: Int
    /// Where the chunk begins.
    ///
    /// Unit: bytes.
    public let offset: Int
    /// The chunk.
    public let bytes: [UInt8]

    /// Makes a chunk.
    public init(blobByteCount: Int, offset: Int, bytes: [UInt8]) {
        self.blobByteCount = blobByteCount
        self.offset = offset
        self.bytes = bytes
    }
}

/// Why a request was not answered.
public struct Refusal: Hashable, Sendable {
    /// The kind of refusal; never `done`.
    public let status: ReplyStatus
    /// What would have been accepted.
    public let expected: String
    /// What was there instead.
    public let found: String

    /// Describes a refusal; texts that do not fit are clipped, control characters become spaces.
    ///
    /// Both ends do that: an error's text may hold anything, and is shown on terminals.
    public init(_ status: ReplyStatus, expected: String, found: String) {
        self.status = status
        self.expected = Self.line(expected)
        self.found = Self.line(found)
    }

    private static func line(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        for scalar in WireLimits.clip(text).unicodeScalars {
            line.append(scalar.properties.generalCategory == .control ? " " : scalar)
        }
        return String(line)
    }
}

/// The exact bytes of a status report, as signed; not yet believed.
public struct SealedStatus: Hashable, Sendable {
    /// The report.
    public let body: [UInt8]
    /// Ed25519 over a domain word, the cluster ID, the request's ID and the body.
    ///
    /// Unit: 64 bytes.
    public let signature: [UInt8]

    /// Joins the parts as they came.
    public init(body: [UInt8], signature: [UInt8]) {
        self.body = body
        self.signature = signature
    }
}
