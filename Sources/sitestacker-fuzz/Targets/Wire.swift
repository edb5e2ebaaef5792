// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import WireFormat

extension FuzzTarget {
    /// The messages between nodes, before anybody looked at a signature.
    static let wire: [FuzzTarget] = [
        canonical("batch-header", .bytes) {
            try BatchHeaderCodec.decode($0)
        } encode: {
            try BatchHeaderCodec.encode($0)
        },
        canonical("event-body", .message(after: 2)) { input -> [Event] in
            try EventBodyCodec.decode(Array(input.dropFirst(2)), count: eventCount(input))
        } encode: { events in
            try [UInt8(events.count >> 8), UInt8(events.count & 0xFF)]
                + EventBodyCodec.encode(events)
        },
        canonical("batch-frames", .frames) {
            try BatchFrames.decode(Frames.split($0))
        } encode: {
            Frames.join([$0.topic.frame] + BatchFrames.parts($0.batch))
        },
        canonical("beacon-frames", .frames) {
            try SealedBeacon(frames: Frames.split($0))
        } encode: {
            Frames.join($0.frames)
        },
        tolerant("beacon", decode: BeaconCodec.decode, encode: BeaconCodec.encode),
        canonical("record", decode: RecordCodec.decode, encode: RecordCodec.encode),
        canonical(
            "sealed-record", decode: RecordCodec.decodeSealed, encode: RecordCodec.encodeSealed),
        tolerant(
            "hello-request", decode: HelloCodec.decodeRequest,
            encode: { try HelloCodec.encode($0) }),
        tolerant(
            "hello-sealed", decode: HelloCodec.decodeSealed,
            encode: { try HelloCodec.encode($0) }),
        tolerant("hello-body", decode: HelloCodec.decodeBody, encode: HelloCodec.encodeBody),
        tolerant("status-report", decode: StatusCodec.decode, encode: StatusCodec.encode),
        tolerant("request", .frames) { input -> Message<Request> in
            let (id, request) = try RequestCodec.decode(Frames.split(input))
            return Message(id: id, content: request)
        } encode: {
            Frames.join(try RequestCodec.encode($0.content, id: $0.id))
        },
    ]

    /// The answers, whose form depends on the verb that was asked.
    static let replies: [FuzzTarget] = RequestVerb.allCases.map { verb in
        tolerant("reply-\(verb)", .frames) { input -> Message<Reply> in
            let (id, reply) = try ReplyCodec.decode(Frames.split(input), to: verb)
            return Message(id: id, content: reply)
        } encode: {
            Frames.join(try ReplyCodec.encode($0.content, id: $0.id))
        }
    }

    /// How many events there are: a header tells in production, here the first two bytes do.
    ///
    /// Unit: events.
    private static func eventCount(_ input: [UInt8]) -> Int {
        input.prefix(2).reduce(0) { $0 << 8 | Int($1) }
    }
}

private struct Message<Content: Equatable>: Equatable {
    let id: RequestID
    let content: Content
}
