// SPDX-License-Identifier: Apache-2.0
import CZeroMQ
import CZeroMQLibrary
import Synchronization
import Testing

@testable import ZeroMQ

extension ReceiveLimit {
    /// More than any test sends, except those about the limit.
    static let generous = ReceiveLimit(frames: 64, bytes: 64 << 20)
}

extension SocketOptions {
    /// Without encryption, for what does not depend on it.
    static var plain: SocketOptions {
        SocketOptions(maximumMessageSize: 16 << 20, security: .unprotected)
    }

    static func client(_ keys: CurveKeyPair, of server: CurvePublicKey) -> SocketOptions {
        SocketOptions(
            maximumMessageSize: 1 << 20, security: .curveClient(keys: keys, serverKey: server))
    }

    static func server(_ keys: CurveKeyPair) throws -> SocketOptions {
        SocketOptions(
            maximumMessageSize: 1 << 20,
            security: .curveServer(keys: keys, domain: try ZapDomain("mesh")))
    }
}

extension Endpoint {
    static func anyPort() throws -> Endpoint { try Endpoint(tcp: "127.0.0.1", port: 0) }
}

extension Message {
    /// A message of text frames.
    init(_ texts: String...) { self.init(texts.map { Frame($0) }) }

    var texts: [String] { frames.map { String(decoding: $0.copiedBytes, as: UTF8.self) } }
}

extension Socket {
    /// Binds to any free port and says where.
    borrowing func bindAnywhere() throws -> Endpoint {
        try bind(to: .anyPort())
        return try lastEndpoint()
    }
}

extension Socket where Role: ReceivingRole {
    /// Waits a little until something can be received.
    @discardableResult
    borrowing func becomesReadable(milliseconds: Int = 5_000) -> Bool {
        var item = zmq_pollitem_t(
            socket: core.handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)
        return zmq_poll(&item, 1, milliseconds) == 1
    }

    /// Receives, and waits for it a little.
    borrowing func receive(
        limit: ReceiveLimit = .generous, milliseconds: Int = 5_000
    ) throws -> Reception {
        becomesReadable(milliseconds: milliseconds)
        return try tryReceive(limit: limit)
    }

    /// Receives a message of text frames; nil if none comes.
    borrowing func receiveTexts(milliseconds: Int = 5_000) throws -> [String]? {
        guard case .message(let message) = try receive(milliseconds: milliseconds) else {
            return nil
        }
        return message.texts
    }
}

extension Socket where Role: SendingRole {
    /// Sends, and waits a little until that is possible.
    borrowing func send(_ message: Message, milliseconds: Int = 5_000) throws -> SendResult {
        var item = zmq_pollitem_t(
            socket: core.handle, fd: 0, events: Int16(ZMQ_POLLOUT), revents: 0)
        zmq_poll(&item, 1, milliseconds)
        return try trySend(message)
    }
}

/// Sends until the subscriber has the first message, and swallows what was too many.
func join(_ publisher: borrowing Socket<Publish>, _ subscriber: borrowing Socket<Subscribe>)
    throws
{
    for _ in 0..<1_000 {
        try publisher.trySend(Message("joined"))
        if try subscriber.receiveTexts(milliseconds: 5) != nil { break }
    }
    while try subscriber.receiveTexts(milliseconds: 20) != nil {}
}

/// Runs blocking code on a thread of its own, so that it holds no thread of the shared pool.
func onThread<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        let work = Work { continuation.resume(with: Swift.Result { try body() }) }
        let status = czmq_thread_start(
            "zmq-test",
            { argument in
                guard let argument else { return }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
            }, Unmanaged.passRetained(work).toOpaque())
        precondition(status == 0, "no thread for a test")
    }
}

private final class Work {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
}
