// SPDX-License-Identifier: Apache-2.0

/// One connection to a FastCGI server, used by one thread, which it may block up to its deadline.
///
/// One request a connection: PHP-FPM's child serves nobody else as long as it stands.
struct FastCGIConnection: ~Copyable {
    private static let requestID: UInt16 = 1

    private let address: SocketAddress
    private let socket: StreamSocket
    private let replyLimit: Int

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

    /// Sends a request and waits for its whole reply.
    ///
    /// - Throws: `invalidRequest` beyond the limits; else what happened on the way.
    consuming func perform(_ request: FastCGIRequest) throws(CacheTargetError) -> FastCGIReply {
        guard let bytes = request.encoded(requestID: Self.requestID) else {
            throw CacheTargetError(
                .invalidRequest, target: address.description, operation: "send request",
                expected: "at most \(FastCGIRequest.maximumBody) bytes",
                found: "\(request.body.count) bytes",
                hint: "Clear the whole cache instead of so many entries.")
        }
        try socket.send(bytes)
        var reader = FastCGIReplyReader(requestID: Self.requestID, limit: replyLimit)
        var chunk = [UInt8](repeating: 0, count: 16 * 1_024)
        var received = 0
        while true {
            let count = try socket.receive(into: &chunk, after: received)
            received += count
            do {
                if let reply = try reader.take(chunk[..<count]) { return reply }
            } catch {
                throw Self.refusal(error, address)
            }
        }
    }
}
