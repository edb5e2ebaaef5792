// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An open file, closed with the value which owns it.
private struct Descriptor: ~Copyable {
    let number: Int32

    deinit { _ = close(number) }
}

/// One connection to a server, used by one thread, which it may block up to its deadline.
///
/// The socket is non-blocking and every wait is a poll(2) with the time that is left, so a
/// server that is stopped, slow or hostile costs at most the deadline.
/// Source: unix(7), tcp(7), poll(2).
struct StreamSocket: ~Copyable {
    /// What errors call the server.
    let target: String
    /// The words for what goes wrong.
    let kind: ServerKind
    /// By when everything on this connection is done.
    let deadline: Deadline
    private let file: Descriptor

    private init(
        target: String, kind: ServerKind, deadline: Deadline, file: consuming Descriptor
    ) {
        self.target = target
        self.kind = kind
        self.deadline = deadline
        self.file = file
    }

    /// Connects, within `connect` and before `deadline`.
    ///
    /// A host with several addresses is tried at each.
    /// - Throws: `socketMissing`, `permissionDenied`, `refused`, `timedOut`, `invalidAddress`
    ///   or `system`.
    static func open(
        _ address: SocketAddress, target: String, kind: ServerKind, connect: Duration,
        deadline: Deadline
    ) throws(CacheTargetError) -> StreamSocket {
        let limit = deadline.earlier(of: .after(connect))
        let places = try RawAddress.all(of: address, target: target, kind: kind, until: limit)
        var failure: CacheTargetError?
        for place in places {
            do throws(CacheTargetError) {
                return try open(place, target: target, kind: kind, limit: limit, deadline: deadline)
            } catch {
                failure = error
            }
        }
        throw failure ?? SocketFailure.of(ENOENT, target, kind, operation: "connect")
    }

    private static func open(
        _ place: RawAddress, target: String, kind: ServerKind, limit: Deadline, deadline: Deadline
    ) throws(CacheTargetError) -> StreamSocket {
        let family = Int32(place.storage.ss_family)
        let type =
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            | Int32(SOCK_CLOEXEC.rawValue)
        let number = socket(family, type, 0)
        guard number >= 0 else {
            throw SocketFailure.of(errno, target, kind, operation: "make a socket")
        }
        if family == AF_INET || family == AF_INET6 {
            var on: Int32 = 1
            _ = setsockopt(
                number, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        }
        let socket = StreamSocket(
            target: target, kind: kind, deadline: deadline, file: Descriptor(number: number))
        try socket.establish(place, until: limit)
        return socket
    }

    /// Sends all of it.
    ///
    /// - Throws: `replyCut`, `timedOut` or `system`.
    borrowing func send(_ bytes: [UInt8]) throws(CacheTargetError) {
        let operation = "send request"
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                // Without MSG_NOSIGNAL a closed peer would end this process with SIGPIPE.
                Glibc.send(
                    file.number, buffer.baseAddress?.advanced(by: sent), buffer.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: try wait(for: POLLOUT, until: deadline, operation: operation)
            case EPIPE, ECONNRESET:
                throw SocketFailure.cut(target, kind, afterBytes: 0, operation: operation)
            case let code: throw SocketFailure.of(code, target, kind, operation: operation)
            }
        }
    }

    /// Waits for bytes and gives how many of them are in `chunk` now: at least one.
    ///
    /// - Parameter received: how many came before, for the message.
    /// - Throws: `replyCut`, `timedOut` or `system`.
    borrowing func receive(
        into chunk: inout [UInt8], after received: Int
    ) throws(CacheTargetError) -> Int {
        let operation = "read reply"
        // A peer that trickles for ever keeps poll(2) from ever waiting.
        guard !deadline.hasPassed else {
            throw SocketFailure.timeout(target, kind, operation: operation)
        }
        while true {
            let count = chunk.withUnsafeMutableBytes {
                recv(file.number, $0.baseAddress, $0.count, 0)
            }
            if count > 0 { return count }
            let code = count == 0 ? ECONNRESET : errno
            switch code {
            case EINTR: continue
            case EAGAIN: try wait(for: POLLIN, until: deadline, operation: operation)
            case ECONNRESET:
                throw SocketFailure.cut(target, kind, afterBytes: received, operation: operation)
            default: throw SocketFailure.of(code, target, kind, operation: operation)
            }
        }
    }
}

extension StreamSocket {
    private borrowing func establish(
        _ place: RawAddress, until limit: Deadline
    ) throws(CacheTargetError) {
        let operation = "connect"
        var storage = place.storage
        while true {
            let status = withUnsafePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(file.number, $0, place.length)
                }
            }
            if status == 0 { return }
            switch errno {
            case EINTR, EALREADY, EINPROGRESS:
                try wait(for: POLLOUT, until: limit, operation: operation)
                var code: Int32 = 0
                var size = socklen_t(MemoryLayout<Int32>.size)
                _ = getsockopt(file.number, SOL_SOCKET, SO_ERROR, &code, &size)
                guard code == 0 else {
                    throw SocketFailure.of(code, target, kind, operation: operation)
                }
                return
            case EAGAIN:
                // A Unix socket whose queue of waiting connections is full cannot be polled.
                guard !limit.hasPassed else {
                    throw SocketFailure.timeout(target, kind, operation: operation)
                }
                _ = poll(nil, 0, min(5, limit.pollMilliseconds))
            case let code:
                throw SocketFailure.of(code, target, kind, operation: operation)
            }
        }
    }

    private borrowing func wait(
        for event: Int32, until limit: Deadline, operation: String
    ) throws(CacheTargetError) {
        while true {
            var entry = pollfd(fd: file.number, events: Int16(event), revents: 0)
            let count = poll(&entry, 1, limit.pollMilliseconds)
            if count > 0 { return }
            if count == 0, limit.hasPassed {
                throw SocketFailure.timeout(target, kind, operation: operation)
            }
            if count < 0, errno != EINTR {
                throw SocketFailure.of(errno, target, kind, operation: operation)
            }
        }
    }
}
