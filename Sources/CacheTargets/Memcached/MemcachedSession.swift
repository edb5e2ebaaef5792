// SPDX-License-Identifier: Apache-2.0

/// One connection to Memcached, in its text protocol.
struct MemcachedSession: ~Copyable {
    let failure: MemcachedFailure
    private let socket: StreamSocket
    private var reader = MemcachedReader()
    private var chunk = [UInt8](repeating: 0, count: 64 * 1_024)
    private var received = 0

    /// Connects; nothing is sent yet.
    ///
    /// - Throws: what `StreamSocket.open` throws.
    init(
        _ address: SocketAddress, failure: MemcachedFailure, connect: Duration,
        deadline: Deadline
    ) throws(CacheTargetError) {
        self.failure = failure
        socket = try StreamSocket.open(
            address, target: failure.target, kind: .memcached, connect: connect,
            deadline: deadline)
    }

    /// Whether the time for the whole clear is over.
    var isOverdue: Bool { socket.deadline.hasPassed }

    /// Blocks the calling thread, never beyond the deadline.
    func pause(_ duration: Duration) { socket.deadline.pause(duration) }

    /// Sends one command.
    mutating func send(_ command: String) throws(CacheTargetError) {
        try socket.send(Array("\(command)\r\n".utf8))
    }

    /// Sends the same command for each key, and gives the reply of each in their order.
    ///
    /// - Parameter keys: checked: each is a key.
    /// - Throws: what happened on the way.
    mutating func perform(
        _ command: String, _ keys: [[UInt8]], suffix: String = "", _ operation: String
    ) throws(CacheTargetError) -> [MemcachedReply] {
        var bytes: [UInt8] = []
        for key in keys {
            bytes += "\(command) ".utf8
            bytes += key
            bytes += "\(suffix)\r\n".utf8
        }
        try socket.send(bytes)
        var replies: [MemcachedReply] = []
        replies.reserveCapacity(keys.count)
        while replies.count < keys.count { replies.append(try next(operation)) }
        return replies
    }

    /// Waits for the next line.
    ///
    /// - Throws: `wrongProtocol`, `replyTooLarge`, and what the socket throws.
    mutating func next(_ operation: String) throws(CacheTargetError) -> MemcachedReply {
        while true {
            do throws(MemcachedReply.Refusal) {
                if let reply = try reader.next() { return reply }
            } catch {
                throw failure.refusal(error, operation)
            }
            let count = try socket.receive(into: &chunk, after: received)
            received += count
            reader.take(chunk[..<count])
        }
    }
}
