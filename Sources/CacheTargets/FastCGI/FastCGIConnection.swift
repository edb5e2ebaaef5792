// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An open file, closed with the value which owns it.
private struct Descriptor: ~Copyable {
    let number: Int32

    deinit { _ = close(number) }
}

/// One connection to a FastCGI server, used by one thread, which it may block up to its deadline.
///
/// The socket is non-blocking and every wait is a poll(2) with the time that is left, so a
/// server that is stopped, slow or hostile costs at most the deadline.
/// Source: unix(7), tcp(7), poll(2).
struct FastCGIConnection: ~Copyable {
    /// Where it leads.
    let address: FastCGIAddress
    private let socketFile: Descriptor
    private let deadline: Deadline
    private let replyLimit: Int
    private var nextRequestID: UInt16 = 1

    private var descriptor: Int32 { socketFile.number }

    private init(
        _ address: FastCGIAddress, _ socketFile: consuming Descriptor, _ deadline: Deadline,
        replyLimit: Int
    ) {
        self.address = address
        self.socketFile = socketFile
        self.deadline = deadline
        self.replyLimit = replyLimit
    }

    /// Connects.
    ///
    /// - Throws: `socketMissing`, `permissionDenied`, `refused`, `timedOut`, `invalidAddress`
    ///   or `system`.
    static func open(
        _ address: FastCGIAddress, deadlines: FastCGIDeadlines, deadline: Deadline
    ) throws(CacheTargetError) -> FastCGIConnection {
        var storage = sockaddr_storage()
        let length = try fill(&storage, with: address)
        let family = Int32(storage.ss_family)
        let kind =
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            | Int32(SOCK_CLOEXEC.rawValue)
        let number = socket(family, kind, 0)
        guard number >= 0 else {
            throw failure(errno, address, operation: "make a socket")
        }
        if family == AF_INET || family == AF_INET6 {
            var on: Int32 = 1
            _ = setsockopt(
                number, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        }
        let connection = FastCGIConnection(
            address, Descriptor(number: number), deadline, replyLimit: deadlines.replyLimit)
        try connection.establish(
            storage, length, until: deadline.earlier(of: .after(deadlines.connect)))
        return connection
    }

    /// Sends a request and waits for its whole reply.
    ///
    /// - Parameter keepsConnection: whether another request will follow on this connection.
    /// - Throws: `invalidRequest` beyond the limits; else what happened on the way.
    mutating func perform(
        _ request: FastCGIRequest, keepsConnection: Bool
    ) throws(CacheTargetError) -> FastCGIReply {
        let requestID = nextRequestID
        nextRequestID = nextRequestID == .max ? 1 : nextRequestID + 1
        guard let bytes = request.encoded(requestID: requestID, keepsConnection: keepsConnection)
        else {
            throw CacheTargetError(
                .invalidRequest, target: address.description, operation: "send request",
                expected: "at most \(FastCGIRequest.maximumBody) bytes",
                found: "\(request.body.count) bytes",
                hint: "Clear the whole cache instead of so many entries.")
        }
        try send(bytes)
        var reader = FastCGIReplyReader(requestID: requestID, limit: replyLimit)
        return try receive(&reader)
    }

    /// Blocks the calling thread, never beyond the deadline.
    func pause(_ duration: Duration) {
        _ = poll(nil, 0, deadline.earlier(of: .after(duration)).pollMilliseconds)
    }
}

extension FastCGIConnection {
    private borrowing func send(_ bytes: [UInt8]) throws(CacheTargetError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                // Without MSG_NOSIGNAL a closed peer would end this process with SIGPIPE.
                Glibc.send(
                    descriptor, buffer.baseAddress?.advanced(by: sent), buffer.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: try wait(for: POLLOUT, until: deadline, operation: "send request")
            case EPIPE, ECONNRESET: throw cut(afterBytes: 0, operation: "send request")
            case let code: throw Self.failure(code, address, operation: "send request")
            }
        }
    }

    private borrowing func receive(
        _ reader: inout FastCGIReplyReader
    ) throws(CacheTargetError) -> FastCGIReply {
        var chunk = [UInt8](repeating: 0, count: 16 * 1_024)
        var received = 0
        while true {
            let count = chunk.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress, $0.count, 0)
            }
            if count > 0 {
                received += count
                do {
                    if let reply = try reader.take(chunk[..<count]) { return reply }
                } catch {
                    throw Self.refusal(error, address)
                }
                // A peer that trickles for ever keeps poll(2) from ever waiting.
                if deadline.hasPassed { throw timeout(operation: "read reply") }
                continue
            }
            if count == 0 { throw cut(afterBytes: received, operation: "read reply") }
            switch errno {
            case EINTR: continue
            case EAGAIN: try wait(for: POLLIN, until: deadline, operation: "read reply")
            case ECONNRESET: throw cut(afterBytes: received, operation: "read reply")
            case let code: throw Self.failure(code, address, operation: "read reply")
            }
        }
    }

    private borrowing func establish(
        _ storage: sockaddr_storage, _ length: socklen_t, until limit: Deadline
    ) throws(CacheTargetError) {
        var storage = storage
        while true {
            let status = withUnsafePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, length)
                }
            }
            if status == 0 { return }
            switch errno {
            case EINTR, EALREADY, EINPROGRESS:
                try wait(for: POLLOUT, until: limit, operation: "connect")
                var code: Int32 = 0
                var size = socklen_t(MemoryLayout<Int32>.size)
                _ = getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
                guard code == 0 else { throw Self.failure(code, address, operation: "connect") }
                return
            case EAGAIN:
                // A Unix socket whose queue of waiting connections is full cannot be polled.
                guard !limit.hasPassed else { throw timeout(operation: "connect") }
                _ = poll(nil, 0, min(5, limit.pollMilliseconds))
            case let code:
                throw Self.failure(code, address, operation: "connect")
            }
        }
    }

    private borrowing func wait(
        for event: Int32, until limit: Deadline, operation: String
    ) throws(CacheTargetError) {
        while true {
            var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
            let count = poll(&entry, 1, limit.pollMilliseconds)
            if count > 0 { return }
            if count == 0, limit.hasPassed { throw timeout(operation: operation) }
            if count < 0, errno != EINTR {
                throw Self.failure(errno, address, operation: operation)
            }
        }
    }

    private static func fill(
        _ storage: inout sockaddr_storage, with address: FastCGIAddress
    ) throws(CacheTargetError) -> socklen_t {
        switch address {
        case .unix(let path):
            var name = sockaddr_un()
            name.sun_family = sa_family_t(AF_UNIX)
            let bytes = Array(path.utf8)
            guard bytes.count <= FastCGIAddress.maximumPath else {
                throw failure(ENAMETOOLONG, address, operation: "connect")
            }
            withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: bytes) }
            withUnsafeMutableBytes(of: &storage) { target in
                withUnsafeBytes(of: &name) { target.copyMemory(from: $0) }
            }
            return socklen_t(MemoryLayout<sockaddr_un>.size)
        case .tcp(let host, let port):
            var four = sockaddr_in()
            if inet_pton(AF_INET, host, &four.sin_addr) == 1 {
                four.sin_family = sa_family_t(AF_INET)
                four.sin_port = port.bigEndian
                withUnsafeMutableBytes(of: &storage) { target in
                    withUnsafeBytes(of: &four) { target.copyMemory(from: $0) }
                }
                return socklen_t(MemoryLayout<sockaddr_in>.size)
            }
            var six = sockaddr_in6()
            guard inet_pton(AF_INET6, host, &six.sin6_addr) == 1 else {
                throw CacheTargetError(
                    .invalidAddress, target: address.description, operation: "connect",
                    expected: "a numeric IPv4 or IPv6 address", found: host,
                    hint: "Write the number: names are not resolved here.")
            }
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &storage) { target in
                withUnsafeBytes(of: &six) { target.copyMemory(from: $0) }
            }
            return socklen_t(MemoryLayout<sockaddr_in6>.size)
        }
    }
}
