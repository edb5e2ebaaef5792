// SPDX-License-Identifier: Apache-2.0
internal import CZeroMQLibrary
internal import Glibc

extension Socket where Role: SendingRole {
    /// Sends the whole message at once, or nothing of it.
    ///
    /// libzmq may lose a connection between two frames; it then takes back the first ones and
    /// swallows what follows up to the message's end. The rest is therefore pushed through before
    /// the result is reported, and a later message starts clean. Source: `lb_t::sendpipe`.
    ///
    /// On a ROUTER the first frame names the receiver. An empty message is a programmer error.
    /// - Returns: ``SendResult/sent``; nothing is sent for the other results.
    /// - Throws: `wrongState` for a REQ or REP out of turn.
    @discardableResult
    public borrowing func trySend(_ message: Message) throws(ZeroMQError) -> SendResult {
        try core.trySend(message.frames)
    }
}

extension Socket where Role: ReceivingRole {
    /// Takes the next message, if one is waiting.
    ///
    /// Frames beyond the limit are read and dropped, never kept: libzmq has the whole message in
    /// memory by then, and leaving the rest would be taken for the next message.
    /// - Throws: `wrongState` for a REQ or REP out of turn.
    public borrowing func tryReceive(limit: ReceiveLimit) throws(ZeroMQError) -> Reception {
        try core.tryReceive(limit: limit)
    }
}

extension SocketCore {
    /// Sends the frames of one message from an index on; those before it were sent already.
    func trySend(_ frames: [Frame], from start: Int = 0) throws(ZeroMQError) -> SendResult {
        precondition(start < frames.count, "a message has at least one frame")
        for index in frames.indices.dropFirst(start) {
            let number = send(frames[index], isLast: index == frames.count - 1)
            guard number != 0 else { continue }
            if index > 0 {
                for rest in frames.indices.dropFirst(index + 1) {
                    _ = send(frames[rest], isLast: rest == frames.count - 1)
                }
            }
            switch number {
            case EAGAIN: return .wouldBlock
            case EHOSTUNREACH: return .unroutable
            default: throw .last("send a message")
            }
        }
        return .sent
    }

    /// Sends one frame without waiting, and returns 0 or an errno value.
    func send(_ frame: Frame, isLast: Bool) -> CInt {
        var message = zmq_msg_t()
        frame.storage.share(into: &message)
        let flags = isLast ? ZMQ_DONTWAIT : ZMQ_DONTWAIT | ZMQ_SNDMORE
        while zmq_msg_send(&message, handle, flags) < 0 {
            let number = zmq_errno()
            if number == EINTR { continue }
            zmq_msg_close(&message)
            errno = number
            return number
        }
        return 0
    }

    func tryReceive(limit: ReceiveLimit) throws(ZeroMQError) -> Reception {
        guard let first = try receiveFrame() else { return .nothing }
        if !first.hasMore, first.frame.count <= limit.bytes {
            return .message(Message([first.frame]))
        }
        var frames = [first.frame]
        var counted = (frames: 1, bytes: first.frame.count)
        var userID = first.frame.userID
        var hasMore = first.hasMore
        while hasMore {
            guard let next = try receiveFrame() else { break }
            counted.frames += 1
            counted.bytes += next.frame.count
            hasMore = next.hasMore
            if counted.frames <= limit.frames, counted.bytes <= limit.bytes {
                frames.append(next.frame)
            } else {
                userID = userID ?? next.frame.userID
                frames.removeLast(frames.count - 1)
            }
        }
        guard counted.frames <= limit.frames, counted.bytes <= limit.bytes else {
            return .oversize(
                OversizeMessage(
                    firstFrame: frames[0].count <= limit.bytes ? frames[0] : nil,
                    frameCount: counted.frames, byteCount: counted.bytes, userID: userID))
        }
        return .message(Message(frames))
    }

    /// Takes one frame; nil if no message is waiting.
    private func receiveFrame() throws(ZeroMQError) -> (frame: Frame, hasMore: Bool)? {
        var scratch = zmq_msg_t()
        zmq_msg_init(&scratch)
        while zmq_msg_recv(&scratch, handle, ZMQ_DONTWAIT) < 0 {
            let number = zmq_errno()
            if number == EINTR { continue }
            zmq_msg_close(&scratch)
            if number == EAGAIN { return nil }
            errno = number
            throw .last("receive a message")
        }
        let hasMore = zmq_msg_more(&scratch) != 0
        let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
        zmq_msg_init(message)
        zmq_msg_move(message, &scratch)
        return (Frame(FrameStorage(adopting: message)), hasMore)
    }
}
