// SPDX-License-Identifier: Apache-2.0

/// One connection to Redis, logged in and in its database.
///
/// Commands are sent in one go and their replies read in the same order.
struct RedisSession: ~Copyable {
    /// The most bytes of one reply.
    static let replyLimit = 16 * 1_024 * 1_024

    let failure: RedisFailure
    private let socket: StreamSocket
    private var reader = RESPReader(limit: replyLimit)
    private var chunk = [UInt8](repeating: 0, count: 64 * 1_024)
    private var received = 0

    /// Connects; nothing is sent yet.
    ///
    /// - Throws: what `StreamSocket.open` throws.
    init(
        _ address: SocketAddress, failure: RedisFailure, connect: Duration, deadline: Deadline
    ) throws(CacheTargetError) {
        self.failure = failure
        socket = try StreamSocket.open(
            address, target: failure.target, kind: .redis, connect: connect, deadline: deadline)
    }

    /// Sends commands and gives one reply for each, errors among them.
    ///
    /// - Throws: what happened on the way.
    mutating func perform(
        _ commands: [RESPCommand], _ operation: String
    ) throws(CacheTargetError) -> [RESPValue] {
        var bytes: [UInt8] = []
        for command in commands { command.append(to: &bytes) }
        try socket.send(bytes)
        var replies: [RESPValue] = []
        while true {
            do throws(RESPReader.Refusal) {
                while replies.count < commands.count, let reply = try reader.next() {
                    replies.append(reply)
                }
            } catch {
                throw failure.refusal(error, operation: operation)
            }
            guard replies.count < commands.count else { break }
            let count = try receive(replies, operation)
            received += count
            reader.take(chunk[..<count])
        }
        guard !reader.hasRest else {
            throw failure.error(
                .wrongProtocol, operation, "one reply for each command", "more bytes",
                "Check that the address is that of Redis.")
        }
        return replies
    }

    /// Where Redis says why before it hangs up, that is the better reason.
    private mutating func receive(
        _ replies: [RESPValue], _ operation: String
    ) throws(CacheTargetError) -> Int {
        do throws(CacheTargetError) {
            return try socket.receive(into: &chunk, after: received)
        } catch {
            guard error.code == .replyCut, case .error(let text)? = replies.first else {
                throw error
            }
            throw failure.refusal(text, operation: operation)
        }
    }

    /// Sends commands as one transaction and gives the reply of each.
    ///
    /// Nobody else's command comes in between, so what the last one sees is what the first left.
    /// - Parameter next: a command that is sent behind the transaction, to save a round trip.
    /// - Throws: the first refusal among the replies.
    mutating func transact(
        _ commands: [RESPCommand], then next: RESPCommand? = nil, _ operation: String
    ) throws(CacheTargetError) -> (values: [RESPValue], next: RESPValue?) {
        var all: [RESPCommand] = []
        if !commands.isEmpty {
            all = [RESPCommand("MULTI")] + commands + [RESPCommand("EXEC")]
        }
        if let next { all.append(next) }
        let replies = try perform(all, operation)
        let last = next == nil ? nil : replies.last
        guard !commands.isEmpty else { return ([], last) }
        for reply in replies.prefix(commands.count + 1) {
            guard case .simple = reply else {
                throw failure.misfit(reply, operation: operation, expected: "QUEUED")
            }
        }
        let result = replies[commands.count + 1]
        guard case .array(let values?) = result, values.count == commands.count else {
            throw failure.misfit(
                result, operation: operation, expected: "\(commands.count) replies")
        }
        return (values, last)
    }
}
