// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import SwiftProtobuf

/// What was wrong with a request, and what its answer can be.
public struct RequestFault: Error, Hashable, Sendable {
    /// Whom to answer; `nil` where not even that could be read, and there is no answer.
    public let id: RequestID?
    /// What to answer.
    public let status: ReplyStatus
    /// Why.
    public let error: WireError

    /// The refusal to send.
    public var refusal: Refusal {
        Refusal(status, expected: error.expected, found: error.found)
    }
}

/// Requests as frames: `'' | magic, ID, verb, zeros | body`.
///
/// The empty frame is what a plain REQ socket puts before everything; the frame before it, which
/// names the peer at a ROUTER, is the transport's.
public enum RequestCodec {
    /// The first eight bytes of the header frame.
    public static let magic: StaticString = "SSTKREQ1"
    private static let operation = "request"

    /// The frames to send.
    ///
    /// - Throws: ``WireError`` with `aboveLimit`, `missing`, `outOfRange` or `notAscending`.
    public static func encode(
        _ request: Request, id: RequestID
    ) throws(WireError) -> [[UInt8]] {
        [[], Envelope.header(magic, id: id, word: request.verb.rawValue), try body(of: request)]
    }

    /// Reads frames from a ROUTER, without the one that names the peer.
    ///
    /// - Throws: ``RequestFault`` with what to answer.
    public static func decode(
        _ frames: [[UInt8]]
    ) throws(RequestFault) -> (id: RequestID, request: Request) {
        let header: Envelope
        do {
            header = try Envelope(frames, magic, operation)
        } catch {
            throw RequestFault(id: nil, status: .malformed, error: error)
        }
        guard let verb = RequestVerb(rawValue: header.word) else {
            let error = WireError(
                .unknownWord, operation, expected: "a verb from 1 to 9", found: "\(header.word)")
            throw RequestFault(id: header.id, status: .unknownVerb, error: error)
        }
        do throws(WireError) {
            guard frames.count == 3 else {
                throw WireError(
                    .wrongCount, operation, expected: "3 frames", found: "\(frames.count)")
            }
            return (header.id, try decode(frames[2], verb))
        } catch {
            throw RequestFault(id: header.id, status: .malformed, error: error)
        }
    }

    private static func body(of request: Request) throws(WireError) -> [UInt8] {
        switch request {
        case .ping, .status: return []
        case .replay(let request): return try encode(request.wire())
        case .heads(let after):
            var wire = ProtoHeadsRequest()
            if let after { wire.after = try after.wire(operation) }
            return try encode(wire)
        case .records(let request): return try encode(request.wire())
        case .acknowledge(let list):
            try Bounds.check(
                count: list.count, upTo: WireLimits.acknowledgements, operation,
                "acknowledgements", from: 1)
            var wire = ProtoAcknowledgeRequest()
            for entry in list { wire.acknowledgements.append(try entry.wire()) }
            return try encode(wire)
        case .ownHead(let origin):
            var wire = ProtoOwnHeadRequest()
            wire.origin = origin.wire
            return try encode(wire)
        case .blob(let request): return try encode(request.wire())
        case .hello(let request): return try HelloCodec.encode(request)
        }
    }

    private static func encode(
        _ message: some SwiftProtobuf.Message
    ) throws(WireError) -> [UInt8] {
        try Protobuf.encode(message, upTo: WireLimits.request, operation)
    }

    private static func decode(
        _ body: [UInt8], _ verb: RequestVerb
    ) throws(WireError) -> Request {
        switch verb {
        case .ping:
            _ = try parse(ProtoPingRequest.self, body)
            return .ping
        case .replay: return .replay(try ReplayRequest(wire: parse(ProtoReplayRequest.self, body)))
        case .heads:
            let wire = try parse(ProtoHeadsRequest.self, body)
            return .heads(after: wire.hasAfter ? try EpochID(wire: wire.after, operation) : nil)
        case .records:
            return .records(try RecordsRequest(wire: parse(ProtoRecordsRequest.self, body)))
        case .acknowledge:
            let wire = try parse(ProtoAcknowledgeRequest.self, body)
            try Bounds.check(
                count: wire.acknowledgements.count, upTo: WireLimits.acknowledgements,
                operation, "acknowledgements", from: 1)
            var list: [Acknowledgement] = []
            for entry in wire.acknowledgements { list.append(try Acknowledgement(wire: entry)) }
            return .acknowledge(list)
        case .status:
            _ = try parse(ProtoStatusRequest.self, body)
            return .status
        case .ownHead:
            let wire = try parse(ProtoOwnHeadRequest.self, body)
            return .ownHead(try NodeID(wire: wire.origin, operation, "origin"))
        case .blob: return .blob(try BlobRequest(wire: parse(ProtoBlobRequest.self, body)))
        case .hello: return .hello(try HelloCodec.decodeRequest(body))
        }
    }

    private static func parse<Message: SwiftProtobuf.Message>(
        _ type: Message.Type, _ body: [UInt8]
    ) throws(WireError) -> Message {
        try Protobuf.talk(type, from: body, upTo: WireLimits.request, operation)
    }
}
