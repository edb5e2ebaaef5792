// SPDX-License-Identifier: Apache-2.0

/// The signed header of a batch: what is known before any of its events is parsed.
///
/// A batch is the unit of signature, fsync, transmission and replay.
/// Source: docs/specification/wire.md, "Batch header".
public struct BatchHeader: Hashable, Sendable {
    /// The cluster; a batch of another one is refused.
    public var cluster: ClusterID
    /// The log it belongs to.
    public var log: EpochID
    /// Position of its first event.
    public var first: SequenceNumber
    /// How many events it has.
    ///
    /// Limit: 1 to 1,024.
    public var count: Int
    /// Length of the body.
    ///
    /// Unit: bytes. Limit: 262,144.
    public var bodyByteCount: Int
    /// The stamp of its first event.
    public var timestamp: HybridTimestamp
    /// Hash of the header before it in the origin's chain.
    public var previous: Digest
    /// Keyed BLAKE2b-256 of the body.
    public var bodyHash: Digest
    /// Hash of the grant under which the node speaks.
    public var grant: Digest
    /// First bytes of the hash of the origin's policy, to make differences visible.
    public var policy: UInt64
    /// Whether somebody waits at the origin until other nodes have it on disk.
    ///
    /// They then say so at once, else when it suits them.
    public var isAwaited: Bool

    /// Makes a header from its fields.
    public init(
        cluster: ClusterID, log: EpochID, first: SequenceNumber, count: Int, bodyByteCount: Int,
        timestamp: HybridTimestamp, previous: Digest, bodyHash: Digest, grant: Digest,
        policy: UInt64, isAwaited: Bool = false
    ) {
        self.cluster = cluster
        self.log = log
        self.first = first
        self.count = count
        self.bodyByteCount = bodyByteCount
        self.timestamp = timestamp
        self.previous = previous
        self.bodyHash = bodyHash
        self.grant = grant
        self.policy = policy
        self.isAwaited = isAwaited
    }

    /// Position of its last event.
    public var last: SequenceNumber { first.advanced(by: count - 1) }
    /// All its events.
    public var range: EventRange { EventRange(log: log, first: first, last: last) }
}

/// The exact bytes of a batch, as signed, stored, sent and replayed; not yet believed.
public struct SealedBatch: Hashable, Sendable {
    /// The header.
    ///
    /// Unit: 256 bytes.
    public let header: [UInt8]
    /// Ed25519 over the header.
    ///
    /// Unit: 64 bytes.
    public let signature: [UInt8]
    /// The events.
    public let body: [UInt8]

    /// Joins the three parts as they came.
    public init(header: [UInt8], signature: [UInt8], body: [UInt8]) {
        self.header = header
        self.signature = signature
        self.body = body
    }

    /// Length of all three parts.
    public var byteCount: Int { header.count + signature.count + body.count }
}

/// A batch whose signature, hashes and form have been checked.
///
/// Law: only `ClusterSigning` and the simulator can make one; holding one is the proof.
public struct VerifiedBatch: Hashable, Sendable {
    /// What the header says.
    public let header: BatchHeader
    /// BLAKE2b-256 of the header's bytes: the batch's name and the next header's `previous`.
    public let hash: Digest
    /// The events, in order; as many as the header says.
    public let events: [Event]
    /// The bytes they came in.
    public let sealed: SealedBatch

    /// States that the batch has been checked.
    @_spi(Verification)
    public init(header: BatchHeader, hash: Digest, events: [Event], sealed: SealedBatch) {
        self.header = header
        self.hash = hash
        self.events = events
        self.sealed = sealed
    }

    /// The ID of the event at an index of this batch.
    public func id(at index: Int) -> EventID {
        EventID(log: header.log, sequence: header.first.advanced(by: index))
    }
}

/// What is to be sealed: a batch without hash, signature and body bytes.
public struct BatchDraft: Hashable, Sendable {
    /// The log it continues.
    public let log: EpochID
    /// Position of its first event.
    public let first: SequenceNumber
    /// Hash of the header before it.
    public let previous: Digest
    /// The grant under which it speaks.
    public let grant: Digest
    /// The events, 1 to 1,024.
    public let events: [Event]
    /// Whether somebody waits until other nodes have it on disk.
    public let isAwaited: Bool

    /// Describes a batch to seal.
    public init(
        log: EpochID, first: SequenceNumber, previous: Digest, grant: Digest, events: [Event],
        isAwaited: Bool = false
    ) {
        self.log = log
        self.first = first
        self.previous = previous
        self.grant = grant
        self.events = events
        self.isAwaited = isAwaited
    }
}

extension VerifiedBatch {
    /// What it weighs in a log: its own bytes, and those of each blob that an event names.
    ///
    /// A blob which is named twice counts twice, so that forgetting one of both is no surprise.
    public var storedByteCount: Int {
        events.reduce(sealed.byteCount) { sum, event in
            guard case .application(let said) = event.content, case .blob(let blob) = said.payload
            else { return sum }
            return sum + blob.byteCount
        }
    }
}
