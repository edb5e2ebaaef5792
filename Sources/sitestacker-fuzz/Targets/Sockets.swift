// SPDX-License-Identifier: Apache-2.0
import ZeroMQ

extension FuzzTarget {
    /// What libzmq says of handshakes and connections.
    static let sockets: [FuzzTarget] = [
        FuzzTarget(name: "monitor-event", shape: .frames, check: event),
        FuzzTarget(name: "zap-request", shape: .frames, check: request),
    ]

    /// Laws: one number alone says that a handshake succeeded, and none that is not known is taken
    /// for another; the address changes nothing.
    private static func event(_ input: [UInt8]) throws(Flaw) -> Verdict {
        let frames = Frames.split(input)
        guard let event = SocketEvent(frames: frames) else { return .refused }
        let bytes = frames[0]
        let number = UInt16(bytes[0]) | UInt16(bytes[1]) << 8
        // Source: zmq.h, ZMQ_EVENT_HANDSHAKE_SUCCEEDED.
        try expect(event.kind == .handshakeSucceeded, number == 0x1000, "a success by its number")
        if case .unknown(let found) = event.kind { try expect(found, number, "the number") }
        try expect(SocketEvent(frames: [bytes, []])?.kind, event.kind, "the same of no address")
        return .accepted
    }

    /// Laws: only a whole request of CURVE is decided on, and nobody gets in undecided; the answer
    /// is six frames for the asker, with a user only where it lets in.
    private static func request(_ input: [UInt8]) throws(Flaw) -> Verdict {
        let frames = Frames.split(input)
        var decided: ZapRequest?
        let reply = ZapReply(to: frames) { request in
            decided = request
            return .allow(userID: "user")
        }
        let answer = reply.frames.map(\.copiedBytes)
        try expect(reply.status == "200", decided != nil, "a decision before all that get in")
        try expect(answer.count, 6, "the number of frames")
        try expect(answer[0], Array("1.0".utf8), "the version")
        try expect(answer[1], frames.count > 1 ? frames[1] : [], "the asker's number")
        try expect(answer[2], Array(reply.status.utf8), "the status")
        try expect(answer[4], Array((decided == nil ? "" : "user").utf8), "the user")
        guard let decided else { return .refused }
        try expect(frames[0], Array("1.0".utf8), "the version")
        try expect(frames.count, 7, "the number of frames")
        try expect(frames[5], Array("CURVE".utf8), "the mechanism")
        try expect(decided.curveKey.bytes, frames[6], "the key")
        try expect(
            ZapReply(to: frames) { _ in .deny }.status, "300", "the status of who is denied")
        return .accepted
    }
}
