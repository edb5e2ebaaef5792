// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Sends HTTP/1.1 requests to one endpoint, each on a connection of its own.
///
/// It exists for our own doors and sockets: no TLS, no redirects, no cookies, no pooling, and every
/// answer bounded in time and size.
public struct HTTPClient: Sendable {
    /// Where the server listens.
    public let endpoint: HTTPEndpoint
    /// How long and how large an exchange may become.
    public let limits: HTTPLimits

    /// Prepares requests; nothing is opened yet.
    public init(endpoint: HTTPEndpoint, limits: HTTPLimits = HTTPLimits()) {
        self.endpoint = endpoint
        self.limits = limits
    }

    /// Sends a request and waits for the whole answer, whatever its status.
    ///
    /// - Throws: ``HTTPTransportError``; `tooLarge` beyond ``HTTPLimits/bodyBytes``, `timeout`
    ///   beyond ``HTTPLimits/answer``, which a cancelled task does not wait for.
    public func send(_ call: HTTPCall) async throws(HTTPTransportError) -> HTTPAnswer {
        let exchange = try Exchange(call, endpoint: endpoint, limits: limits)
        do {
            return try await exchange.run { inbound, head, address in
                try await exchange.answer(head, rest: &inbound, from: address)
            }
        } catch {
            throw exchange.translated(error)
        }
    }

    /// Sends a request and gives the lines of its answer to `consume` while they come.
    ///
    /// The connection ends when `consume` returns or throws, so leaving early costs the server
    /// nothing. Lines have no deadline: a quiet stream is a good one.
    ///
    /// - Throws: ``HTTPTransportError``, and whatever `consume` throws.
    public func stream<Value: Sendable>(
        _ call: HTTPCall, consume: (inout HTTPLineReader) async throws -> Value
    ) async throws -> HTTPStreamOutcome<Value> {
        let exchange = try Exchange(call, endpoint: endpoint, limits: limits)
        do {
            return try await exchange.run { inbound, head, address in
                guard head.status == .ok else {
                    return .answered(
                        try await exchange.answer(head, rest: &inbound, from: address))
                }
                exchange.deadline.lift()
                var reader = HTTPLineReader(inbound, exchange: exchange)
                do {
                    return .streamed(try await consume(&reader))
                } catch {
                    throw ConsumerFailure(underlying: error)
                }
            }
        } catch let failure as ConsumerFailure {
            throw failure.underlying
        } catch {
            throw exchange.translated(error)
        }
    }
}

/// What a consumer threw, so that it is not taken for a failure of ours.
private struct ConsumerFailure: Error {
    let underlying: any Error
}

/// The parts of an answer as they come.
typealias InboundParts = NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator

/// One request with its connection and its deadline.
struct Exchange: Sendable {
    let call: HTTPCall
    let endpoint: HTTPEndpoint
    let limits: HTTPLimits
    let deadline = Deadline()

    var operation: String { "\(call.method.rawValue) \(path) at \(endpoint)" }
    private var path: Substring { call.target.prefix { $0 != "?" } }

    init(
        _ call: HTTPCall, endpoint: HTTPEndpoint, limits: HTTPLimits
    ) throws(HTTPTransportError) {
        self.call = call
        self.endpoint = endpoint
        self.limits = limits
        let isVisible = call.target.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard isVisible, call.target.utf8.first == UInt8(ascii: "/") else {
            throw failure(.invalidRequest, expected: "a percent-encoded path", found: "another")
        }
        let isHostVisible = call.host.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard isHostVisible, !call.host.isEmpty else {
            throw failure(.invalidRequest, expected: "a host name", found: "another Host header")
        }
    }

    /// Connects, sends the request, waits for the head, and closes when `body` is done.
    func run<Value: Sendable>(
        _ body: (inout InboundParts, HTTPResponseHead, String?) async throws -> Value
    ) async throws -> Value {
        let (channel, address) = try await connect()
        deadline.begin(limits.answer, closing: channel.channel)
        defer { deadline.lift() }
        return try await channel.executeThenClose { inbound, outbound in
            do {
                // In one piece: a server may answer, and close, before a later one is written.
                try await outbound.write(contentsOf: request)
            } catch let error where error is ChannelError || error is IOError {
                // A server that refuses a body closes before it has read it; its answer counts.
            }
            var parts = inbound.makeAsyncIterator()
            return try await body(&parts, try await awaitHead(&parts), address)
        }
    }

    private func awaitHead(_ parts: inout InboundParts) async throws -> HTTPResponseHead {
        guard case .head(let head)? = try await parts.next(isolation: #isolation) else {
            try Task.checkCancellation()
            throw failure(
                .protocolViolation, expected: "an HTTP answer", found: "the end of the connection")
        }
        return head
    }

    /// Collects the body after a head.
    func answer(
        _ head: HTTPResponseHead, rest: inout InboundParts, from address: String?
    ) async throws -> HTTPAnswer {
        var body: [UInt8] = []
        var isWhole = false
        while !isWhole, let part = try await rest.next(isolation: #isolation) {
            switch part {
            case .head: throw failure(.protocolViolation, expected: "one head", found: "two")
            case .body(let buffer):
                guard body.count + buffer.readableBytes <= limits.bodyBytes else {
                    throw failure(
                        .tooLarge, expected: "at most \(limits.bodyBytes) bytes", found: "more")
                }
                body.append(contentsOf: buffer.readableBytesView)
            case .end: isWhole = true
            }
        }
        guard isWhole else {
            try Task.checkCancellation()
            throw failure(
                .protocolViolation, expected: "a whole answer", found: "a part of it")
        }
        let type = head.headers.first(name: "content-type")?.prefix { $0 != ";" && $0 != " " }
        return HTTPAnswer(
            status: Int(head.status.code), contentType: type.map { $0.lowercased() },
            fields: head.headers.map { HTTPField($0.name.lowercased(), $0.value) }, body: body,
            remoteAddress: address)
    }

    private var request: [HTTPClientRequestPart] {
        let body: [HTTPClientRequestPart] =
            call.body.isEmpty ? [] : [.body(.byteBuffer(ByteBuffer(bytes: call.body)))]
        return [.head(head)] + body + [.end(nil)]
    }

    private var head: HTTPRequestHead {
        var headers = HTTPHeaders([("host", call.host), ("connection", "close")])
        for field in call.fields { headers.add(name: field.name, value: field.value) }
        if let type = call.contentType { headers.add(name: "content-type", value: type) }
        if call.method == .post {
            headers.add(name: "content-length", value: "\(call.body.count)")
        }
        return HTTPRequestHead(
            version: .http1_1, method: .init(rawValue: call.method.rawValue), uri: call.target,
            headers: headers)
    }

    /// The connection, and the address it leads to, which a closed one has forgotten.
    private func connect() async throws -> (
        NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>, String?
    ) {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(limits.connect))
        let connecting: EventLoopFuture<any Channel> =
            switch endpoint {
            case .unixSocket(let path): bootstrap.connect(unixDomainSocketPath: path)
            case .tcp(let host, let port): bootstrap.connect(host: host, port: Int(port))
            }
        let first = loop.makePromise(of: (any Channel).self)
        // Looking up a name ends neither by the deadline of connecting nor by cancelling; so it is
        // left behind, and what comes of it too late is closed.
        let alarm = loop.scheduleTask(in: TimeAmount(limits.connect)) {
            first.fail(ChannelError.connectTimeout(TimeAmount(limits.connect)))
        }
        connecting.cascade(to: first)
        first.futureResult.whenComplete { _ in alarm.cancel() }
        first.futureResult.whenFailure { _ in
            connecting.whenSuccess { $0.close(promise: nil) }
        }
        return try await withTaskCancellationHandler {
            try await first.futureResult.flatMapThrowing { channel in
                try channel.pipeline.syncOperations.addHTTPClientHandlers()
                return (
                    try NIOAsyncChannel(wrappingChannelSynchronously: channel),
                    channel.remoteAddress?.ipAddress
                )
            }.get()
        } onCancel: {
            first.fail(CancellationError())
        }
    }
}

/// Closes a channel when its time has passed, and remembers that it did.
///
/// A closed channel ends whatever waits for it, also where that cannot be cancelled.
final class Deadline: Sendable {
    private struct State {
        var isPast = false
        var alarm: Scheduled<Void>?
    }
    private let state = Mutex(State())

    var isPast: Bool { state.withLock { $0.isPast } }

    func begin(_ duration: Duration, closing channel: any Channel) {
        let alarm = channel.eventLoop.scheduleTask(in: TimeAmount(duration)) {
            self.state.withLock { $0.isPast = true }
            channel.close(promise: nil)
        }
        state.withLock { $0.alarm = alarm }
    }

    func lift() {
        state.withLock { $0.alarm.take() }?.cancel()
    }
}
