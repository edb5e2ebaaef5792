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
        var body = ProtoEventBody()
        body.events.reserveCapacity(events.count)
        for event in events { body.events.append(try event.wire()) }
        return try Protobuf.encode(body, upTo: WireLimits.body, operation)
    }

    /// Reads the events of a body whose signature and hash hold.
    ///
    /// - Throws: ``WireError`` with `wrongCount` where there are not `count` events, `malformed`
    ///   or `notCanonical` for other bytes than an encoder's, and what `encode` throws.
    public static func decode(_ bytes: [UInt8], count: Int) throws(WireError) -> [Event] {
        let found = countTopLevel(bytes)
        guard found == count else {
            throw WireError(
                .wrongCount, operation, expected: "\(count) events", found: "\(found)")
        }
        let body = try Protobuf.fact(
            ProtoEventBody.self, from: bytes, upTo: WireLimits.body, operation)
        var events: [Event] = []
        events.reserveCapacity(count)
        for event in body.events { events.append(try Event(wire: event)) }
        return events
    }

    /// How many bytes an event adds to a body.
    ///
    /// For filling a batch up to the limit without encoding it twice.
    /// - Throws: ``WireError`` as `encode` does.
    public static func byteCount(of event: Event) throws(WireError) -> Int {
        try encode([event]).count
    }

    /// Counts the events without parsing any, so that a body of empty ones costs no memory; stops
    /// at whatever is none.
    private static func countTopLevel(_ bytes: [UInt8]) -> Int {
        var offset = 0
        var count = 0
        while offset < bytes.count, bytes[offset] == 0x0A {
            offset += 1
            var length = 0
            var shift = 0
            while offset < bytes.count, shift < 28 {
                let byte = bytes[offset]
                offset += 1
                length |= Int(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            offset += length
            count += 1
        }
        return count
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
    static let known = application...checkpoint
}

extension Event {
    fileprivate init(wire: ProtoEvent) throws(WireError) {
        self.init(
            timestamp: HybridTimestamp(raw: wire.timestamp),
            content: try EventContent(wire: wire))
    }

    fileprivate func wire() throws(WireError) -> ProtoEvent {
        var wire = ProtoEvent()
        wire.timestamp = timestamp.raw
        switch content {
        case .application(let event): try event.fill(&wire)
        case .invalidation(let order):
            wire.kind = Kind.invalidation
            wire.content = try order.encoded().wire
        case .revision(let proposal):
            wire.kind = Kind.revision
            wire.content = try proposal.encoded().wire
        case .receipt(let receipt):
            wire.kind = Kind.receipt
            wire.content = try receipt.encoded().wire
        case .checkpoint(let checkpoint):
            wire.kind = Kind.checkpoint
            wire.content = try checkpoint.encoded().wire
        case .unknown(let kind, let bytes):
            try Bounds.check(
                kind, in: (Kind.known.upperBound + 1)...UInt32.max, "event", "unknown kind")
            wire.kind = kind
            wire.content = bytes.wire
        }
        return wire
    }
}

extension EventContent {
    fileprivate init(wire: ProtoEvent) throws(WireError) {
        let content = [UInt8](wire: wire.content)
        switch wire.kind {
        case 0:
            throw WireError(.missing, "event", expected: "a kind", found: "none")
        case Kind.application, Kind.applicationBlob:
            self = .application(try ApplicationEvent(wire: wire, content: content))
            return
        case Kind.invalidation: self = .invalidation(try Invalidation(encoded: content))
        case Kind.revision: self = .revision(try RevisionProposal(encoded: content))
        case Kind.receipt: self = .receipt(try Receipt(encoded: content))
        case Kind.checkpoint: self = .checkpoint(try Checkpoint(encoded: content))
        default: self = .unknown(kind: wire.kind, bytes: content)
        }
        guard wire.topic.isEmpty else {
            throw WireError(
                .mismatch, "event", expected: "a topic in application events only",
                found: "one in an event of kind \(wire.kind)")
        }
    }
}

extension ApplicationEvent {
    private static let operation = "application event"

    fileprivate init(wire: ProtoEvent, content: [UInt8]) throws(WireError) {
        let payload: Payload =
            wire.kind == Kind.application
            ? .inline(content) : .blob(try BlobReference(encoded: content))
        self.init(topic: wire.topic, payload: payload)
        try check()
    }

    fileprivate func fill(_ wire: inout ProtoEvent) throws(WireError) {
        try check()
        wire.topic = topic
        switch payload {
        case .inline(let bytes):
            wire.kind = Kind.application
            wire.content = bytes.wire
        case .blob(let reference):
            wire.kind = Kind.applicationBlob
            wire.content = try reference.encoded().wire
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
