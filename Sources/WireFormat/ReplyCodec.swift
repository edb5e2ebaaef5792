// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import SwiftProtobuf

/// Replies as frames: `'' | magic, ID, status, zeros | body | raw frames...`.
public enum ReplyCodec {
    /// The first eight bytes of the header frame.
    public static let magic: StaticString = "SSTKREP1"
    private static let operation = "reply"

    /// The frames to send.
    ///
    /// - Throws: ``WireError`` with `aboveLimit`, `wrongLength`, `missing`, `outOfRange` or
    ///   `notAscending`.
    public static func encode(_ reply: Reply, id: RequestID) throws(WireError) -> [[UInt8]] {
        var status = ReplyStatus.done
        if case .refused(let refusal) = reply { status = refusal.status }
        let (body, raw) = try parts(of: reply)
        return [[], Envelope.header(magic, id: id, word: status.rawValue), body] + raw
    }

    /// Which request the frames answer: enough to find out what was asked.
    ///
    /// - Throws: ``WireError`` with `wrongCount`, `wrongLength`, `wrongMagic` or
    ///   `nonZeroReserved`.
    public static func id(of frames: [[UInt8]]) throws(WireError) -> RequestID {
        try Envelope(frames, magic, operation).id
    }

    /// Reads the frames that answer a verb, without any which names the peer.
    ///
    /// - Throws: ``WireError`` for anything that is not an answer to it.
    public static func decode(
        _ frames: [[UInt8]], to verb: RequestVerb
    ) throws(WireError) -> (id: RequestID, reply: Reply) {
        let header = try Envelope(frames, magic, operation)
        guard let status = ReplyStatus(rawValue: header.word) else {
            throw WireError(
                .unknownWord, operation, expected: "a status from 0 to 6",
                found: "\(header.word)")
        }
        let raw = frames[3...]
        guard status == .done else {
            try check(raw, has: 0)
            let wire = try parse(ProtoRefusal.self, frames[2])
            return (
                header.id, .refused(Refusal(status, expected: wire.expected, found: wire.found))
            )
        }
        return (header.id, try decode(frames[2], raw, to: verb))
    }

    private static func parts(of reply: Reply) throws(WireError) -> ([UInt8], [[UInt8]]) {
        switch reply {
        case .pong(let pong):
            return (try encode(pong.wire()), [])
        case .replay(let end, let batches):
            return try parts(of: end, batches)
        case .heads(let page):
            return (try encode(page.wire()), [])
        case .records(let page):
            return (try encode(page.wire()), [])
        case .status(let sealed):
            return (sealed.body, [sealed.signature])
        case .blob(let chunk):
            return (try encode(chunk.wire()), [chunk.bytes])
        case .hello(let sealed):
            return (try HelloCodec.encode(sealed), [])
        case .refused(let refusal):
            try refusal.check()
            var wire = ProtoRefusal()
            wire.expected = refusal.expected
            wire.found = refusal.found
            return (try encode(wire), [])
        }
    }

    private static func parts(
        of end: ReplayEnd, _ batches: [SealedBatch]
    ) throws(WireError) -> ([UInt8], [[UInt8]]) {
        // Fewer than were asked for is an answer too: the asker goes on behind the last one.
        let batches = batches.prefix(WireLimits.batchesInReply)
        for batch in batches { try BatchFrames.checkLengths(batch) }
        return (try encode(end.wire()), batches.flatMap(BatchFrames.parts))
    }

    private static func decode(
        _ body: [UInt8], _ raw: ArraySlice<[UInt8]>, to verb: RequestVerb
    ) throws(WireError) -> Reply {
        switch verb {
        case .replay:
            let end = try ReplayEnd(wire: parse(ProtoReplayReply.self, body))
            return .replay(end, try BatchFrames.decodeParts(raw))
        case .blob:
            try check(raw, has: 1)
            return .blob(
                try BlobChunk(wire: parse(ProtoBlobReply.self, body), bytes: raw[raw.startIndex]))
        case .status:
            try check(raw, has: 1)
            let sealed = SealedStatus(body: body, signature: raw[raw.startIndex])
            guard sealed.signature.count == WireLimits.signature else {
                throw .length(
                    "status signature", WireLimits.signature, found: sealed.signature.count)
            }
            return .status(sealed)
        case .ping, .heads, .ownHead, .records, .acknowledge, .hello:
            try check(raw, has: 0)
            return try decode(body, to: verb)
        }
    }

    private static func decode(_ body: [UInt8], to verb: RequestVerb) throws(WireError) -> Reply {
        switch verb {
        case .ping: return .pong(try Pong(wire: parse(ProtoPingReply.self, body)))
        case .heads, .ownHead:
            return .heads(try HeadsPage(wire: parse(ProtoHeadsReply.self, body)))
        case .records:
            return .records(try RecordsPage(wire: parse(ProtoRecordsReply.self, body)))
        case .hello: return .hello(try HelloCodec.decodeSealed(body))
        case .acknowledge, .replay, .blob, .status:
            throw WireError(
                .mismatch, operation, expected: "no answer of this form to \(verb)",
                found: "one")
        }
    }

    private static func check(_ raw: ArraySlice<[UInt8]>, has count: Int) throws(WireError) {
        guard raw.count == count else {
            throw WireError(
                .wrongCount, operation, expected: "\(count) frames after the body",
                found: "\(raw.count)")
        }
    }

    private static func encode(
        _ message: some SwiftProtobuf.Message
    ) throws(WireError) -> [UInt8] {
        try Protobuf.encode(message, upTo: WireLimits.reply, operation)
    }

    private static func parse<Message: SwiftProtobuf.Message>(
        _ type: Message.Type, _ body: [UInt8]
    ) throws(WireError) -> Message {
        try Protobuf.talk(type, from: body, upTo: WireLimits.reply, operation)
    }
}
