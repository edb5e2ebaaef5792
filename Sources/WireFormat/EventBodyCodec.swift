// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
import SwiftProtobuf

/// The body of a batch: its events as one message of Protocol Buffers.
///
/// Law: there is one encoding of any list of events; a body that decodes encodes to itself.
/// Source: docs/specification/sitestacker.proto, `EventBody`.
public enum EventBodyCodec {
    private static let operation = "batch body"

    /// The bytes to hash and send.
    ///
    /// - Throws: ``WireError`` with `aboveLimit`, `missing`, `outOfRange`, `forbiddenText` or
    ///   `notAscending` for events that no receiver would accept.
    public static func encode(_ events: [Event]) throws(WireError) -> [UInt8] {
        try Bounds.check(
            count: events.count, upTo: WireLimits.eventsInBatch, operation, "events", from: 1)
        var body: [UInt8] = []
        body.reserveCapacity(min(events.count * 256, WireLimits.body))
        for event in events {
            EventScanner.append(try event.flat(), to: &body)
            try Bounds.check(count: body.count, upTo: WireLimits.body, operation, "bytes")
        }
        return body
    }

    /// Reads the events of a body whose signature and hash hold.
    ///
    /// - Throws: ``WireError`` with `wrongCount` where there are not `count` events, `malformed`
    ///   or `notCanonical` for other bytes than an encoder's, and what `encode` throws.
    public static func decode(_ bytes: [UInt8], count: Int) throws(WireError) -> [Event] {
        try Bounds.check(count: bytes.count, upTo: WireLimits.body, operation, "bytes")
        guard count >= 1 else {
            throw WireError(
                .wrongCount, operation, expected: "at least 1 event", found: "\(count)")
        }
        var scanner = EventScanner(bytes)
        var events: [Event] = []
        events.reserveCapacity(min(count, WireLimits.eventsInBatch))
        while !scanner.isAtEnd {
            let event = try Event(scanner.next())
            guard events.count < count else { throw wrongCount(count, found: "more") }
            events.append(event)
        }
        guard events.count == count else { throw wrongCount(count, found: "\(events.count)") }
        return events
    }

    /// How many bytes an event with that content adds to a body at most.
    ///
    /// To be asked for whatever somebody wants to publish, before it shares a batch with others:
    /// one content that cannot be encoded would take the whole batch with it.
    /// - Throws: ``WireError`` as `encode` does.
    public static func byteCount(of content: EventContent) throws(WireError) -> Int {
        try encode([Event(timestamp: HybridTimestamp(raw: 1), content: content)]).count
    }

    private static func wrongCount(_ count: Int, found: String) -> WireError {
        WireError(.wrongCount, operation, expected: "\(count) events", found: found)
    }
}

/// What the field `kind` of an event says.
private enum Kind {
    static let application: UInt32 = 1
    static let applicationBlob: UInt32 = 2
    static let invalidation: UInt32 = 3
    static let revision: UInt32 = 4
    static let receipt: UInt32 = 5
    static let checkpoint: UInt32 = 6
    static let lock: UInt32 = 7
    static let known = application...lock
}

extension Event {
    fileprivate init(_ flat: FlatEvent) throws(WireError) {
        self.init(
            timestamp: HybridTimestamp(raw: flat.timestamp), content: try EventContent(flat))
    }

    fileprivate func flat() throws(WireError) -> FlatEvent {
        let kind: UInt32
        var topic = ""
        let bytes: [UInt8]
        switch content {
        case .application(let event):
            topic = event.topic
            (kind, bytes) = try event.encoded()
        case .invalidation(let order): (kind, bytes) = (Kind.invalidation, try order.encoded())
        case .revision(let proposal): (kind, bytes) = (Kind.revision, try proposal.encoded())
        case .lock(let change): (kind, bytes) = (Kind.lock, try change.encoded())
        case .receipt(let receipt): (kind, bytes) = (Kind.receipt, try receipt.encoded())
        case .checkpoint(let checkpoint):
            (kind, bytes) = (Kind.checkpoint, try checkpoint.encoded())
        case .unknown(let number, let content):
            try Bounds.check(
                number, in: (Kind.known.upperBound + 1)...UInt32.max, "event", "unknown kind")
            (kind, bytes) = (number, content)
        }
        return FlatEvent(timestamp: timestamp.raw, kind: kind, topic: topic, content: bytes)
    }
}

extension EventContent {
    fileprivate init(_ flat: FlatEvent) throws(WireError) {
        let content = flat.content
        switch flat.kind {
        case 0:
            throw WireError(.missing, "event", expected: "a kind", found: "none")
        case Kind.application, Kind.applicationBlob:
            self = .application(try ApplicationEvent(flat))
            return
        case Kind.invalidation: self = .invalidation(try Invalidation(encoded: content))
        case Kind.revision: self = .revision(try RevisionProposal(encoded: content))
        case Kind.lock: self = .lock(try LockChange(encoded: content))
        case Kind.receipt: self = .receipt(try Receipt(encoded: content))
        case Kind.checkpoint: self = .checkpoint(try Checkpoint(encoded: content))
        default: self = .unknown(kind: flat.kind, bytes: content)
        }
        guard flat.topic.isEmpty else {
            throw WireError(
                .mismatch, "event", expected: "a topic in application events only",
                found: "one in an event of kind \(flat.kind)")
        }
    }
}

extension ApplicationEvent {
    private static let operation = "application event"

    fileprivate init(_ flat: FlatEvent) throws(WireError) {
        let payload: Payload =
            flat.kind == Kind.application
            ? .inline(flat.content) : .blob(try BlobReference(encoded: flat.content))
        self.init(topic: flat.topic, payload: payload)
        try check()
    }

    fileprivate func encoded() throws(WireError) -> (kind: UInt32, content: [UInt8]) {
        try check()
        switch payload {
        case .inline(let bytes): return (Kind.application, bytes)
        case .blob(let reference): return (Kind.applicationBlob, try reference.encoded())
        }
    }

    private func check() throws(WireError) {
        try Bounds.check(name: topic, upTo: WireLimits.topic, Self.operation, "topic")
        guard case .inline(let bytes) = payload else { return }
        try Bounds.check(
            count: bytes.count, upTo: WireLimits.inlinePayload, Self.operation,
            "bytes of payload")
    }
}

extension BlobReference {
    private static let operation = "blob reference"

    fileprivate init(encoded bytes: [UInt8]) throws(WireError) {
        let wire = try Protobuf.fact(
            ProtoBlobReference.self, from: bytes, upTo: WireLimits.entry, Self.operation)
        self.init(
            digest: try Digest(wire: wire.digest, Self.operation, "digest"),
            byteCount: Int(wire.size))
        try check()
    }

    fileprivate func encoded() throws(WireError) -> [UInt8] {
        try check()
        var wire = ProtoBlobReference()
        wire.digest = digest.wire
        wire.size = UInt32(byteCount)
        return try Protobuf.encode(wire, upTo: WireLimits.entry, Self.operation)
    }

    private func check() throws(WireError) {
        try Bounds.check(byteCount, in: 1...WireLimits.blob, Self.operation, "size")
    }
}
