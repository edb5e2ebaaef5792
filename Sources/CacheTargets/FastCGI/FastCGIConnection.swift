// SPDX-License-Identifier: Apache-2.0

/// One connection to a FastCGI server, used by one thread, which it may block up to its deadline.
struct FastCGIConnection: ~Copyable {
    /// Where it leads.
    let address: SocketAddress
    private let socket: StreamSocket
    private let replyLimit: Int
    private var nextRequestID: UInt16 = 1
    private var awaited: [UInt16] = []
    /// What came of the next reply together with the one before.
    private var early: [UInt8] = []

    private init(_ address: SocketAddress, _ socket: consuming StreamSocket, replyLimit: Int) {
        self.address = address
        self.socket = socket
        self.replyLimit = replyLimit
    }

    /// Connects.
    ///
    /// - Throws: `socketMissing`, `permissionDenied`, `refused`, `timedOut`, `invalidAddress`
    ///   or `system`.
    static func open(
        _ address: SocketAddress, deadlines: FastCGIDeadlines, deadline: Deadline
    ) throws(CacheTargetError) -> FastCGIConnection {
        let socket = try StreamSocket.open(
            address, target: address.description, kind: .phpFPM, connect: deadlines.connect,
            deadline: deadline)
        return FastCGIConnection(address, socket, replyLimit: deadlines.replyLimit)
    }

    /// Sends a request and waits for its whole reply; the connection is not used again.
    ///
    /// - Throws: `invalidRequest` beyond the limits; else what happened on the way.
    mutating func perform(_ request: FastCGIRequest) throws(CacheTargetError) -> FastCGIReply {
        try send([request])
        return try receive()
    }

    /// Sends requests, in one piece; `receive` gives their replies, in their order.
    ///
    /// The server reads a request when it is done with the one before.
    /// - Parameter keepsConnection: Whether more requests will follow after these.
    /// - Throws: `invalidRequest` beyond the limits; else what happened on the way.
    mutating func send(
        _ requests: [FastCGIRequest], keepsConnection: Bool = false
    ) throws(CacheTargetError) {
        var bytes: [UInt8] = []
        for (index, request) in requests.enumerated() {
            let requestID = nextRequestID
            nextRequestID = nextRequestID == .max ? 1 : nextRequestID + 1
            let isKept = keepsConnection || index < requests.count - 1
            guard let encoded = request.encoded(requestID: requestID, keepsConnection: isKept)
            else {
                throw CacheTargetError(
                    .invalidRequest, target: address.description, operation: "send request",
                    expected: "at most \(FastCGIRequest.maximumBody) bytes",
                    found: "\(request.body.count) bytes",
                    hint: "Clear the whole cache instead of so many entries.")
            }
            awaited.append(requestID)
            bytes += encoded
        }
        try socket.send(bytes)
    }

    /// Waits for the whole reply to the first request that has none yet.
    ///
    /// - Throws: What happened on the way.
    mutating func receive() throws(CacheTargetError) -> FastCGIReply {
        let requestID = awaited.isEmpty ? 0 : awaited.removeFirst()
        var reader = FastCGIReplyReader(
            requestID: requestID, limit: replyLimit, isLast: awaited.isEmpty)
        var chunk = [UInt8](repeating: 0, count: 16 * 1_024)
        var received = early.count
        var bytes = early[...]
        while true {
            do {
                if let reply = try reader.take(bytes) {
                    early = reader.rest
                    return reply
                }
            } catch {
                throw Self.refusal(error, address)
            }
            let count = try socket.receive(into: &chunk, after: received)
            received += count
            bytes = chunk[..<count]
        }
    }

    /// Blocks the calling thread, never beyond the deadline.
    func pause(_ duration: Duration) { socket.pause(duration) }
}
