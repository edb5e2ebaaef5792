// SPDX-License-Identifier: Apache-2.0
import CZeroMQLibrary
import Testing

@testable import ZeroMQ

@Suite("Options") struct OptionsTests {
    struct Bad: CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (inout SocketOptions) -> Void

        init(_ name: String, _ change: @escaping @Sendable (inout SocketOptions) -> Void) {
            testDescription = name
            self.change = change
        }
    }

    static let bad = [
        Bad("no message size") { $0.maximumMessageSize = 0 },
        Bad("an unlimited message size") { $0.maximumMessageSize = -1 },
        Bad("an absurd message size") { $0.maximumMessageSize = 1 << 40 },
        Bad("no messages queued") { $0.sendHighWaterMark = .messages(0) },
        Bad("negative messages queued") { $0.receiveHighWaterMark = .messages(-5) },
        Bad("infinite linger") { $0.linger = .milliseconds(-1) },
        Bad("linger for weeks") { $0.linger = .seconds(1_000_000) },
        Bad("a negative interval") { $0.reconnectInterval = .seconds(-1) },
        Bad("no backlog") { $0.backlog = 0 },
        Bad("no keepalive probes") { $0.tcpKeepalive.count = 0 },
        Bad("keepalive at once") { $0.tcpKeepalive.idle = .zero },
    ]

    @Test("outside their limits are refused, with the limits", arguments: bad)
    func refused(_ row: Bad) throws {
        let context = try Context()
        var options = SocketOptions.plain
        row.change(&options)
        let refusal = #expect(throws: ZeroMQError.self) {
            _ = try Socket<Router>(in: context, options: options)
        }
        #expect(refusal?.code == .invalidArgument)
        #expect(refusal?.expected != nil)
    }

    @Test("reach libzmq")
    func applied() throws {
        let context = try Context()
        var options = SocketOptions(maximumMessageSize: 4_321, security: .unprotected)
        options.sendHighWaterMark = .messages(77)
        options.receiveHighWaterMark = .messages(78)
        options.linger = .milliseconds(1_001)
        options.handshakeInterval = .milliseconds(1_002)
        options.connectTimeout = .milliseconds(1_003)
        options.reconnectInterval = .milliseconds(1_004)
        options.reconnectIntervalMaximum = .milliseconds(1_005)
        options.tcpMaximumRetransmission = .milliseconds(1_006)
        options.tcpKeepalive = TCPKeepalive(idle: .seconds(7), interval: .seconds(8), count: 9)
        options.isIPv6Enabled = true
        options.backlog = 79
        let socket = try Socket<Dealer>(in: context, options: options)
        let expected: [(CInt, CInt)] = [
            (ZMQ_SNDHWM, 77), (ZMQ_RCVHWM, 78), (ZMQ_LINGER, 1_001), (ZMQ_HANDSHAKE_IVL, 1_002),
            (ZMQ_CONNECT_TIMEOUT, 1_003), (ZMQ_RECONNECT_IVL, 1_004),
            (ZMQ_RECONNECT_IVL_MAX, 1_005), (ZMQ_TCP_MAXRT, 1_006), (ZMQ_TCP_KEEPALIVE, 1),
            (ZMQ_TCP_KEEPALIVE_IDLE, 7), (ZMQ_TCP_KEEPALIVE_INTVL, 8), (ZMQ_TCP_KEEPALIVE_CNT, 9),
            (ZMQ_IPV6, 1), (ZMQ_BACKLOG, 79),
        ]
        for (option, number) in expected { #expect(value(option, of: socket) == number) }
        #expect(byteLimit(of: socket) == 4_321)
    }

    @Test("are safe where nothing was said")
    func defaults() throws {
        let context = try Context()
        let socket = try Socket<Dealer>(
            in: context, options: SocketOptions(maximumMessageSize: 300, security: .unprotected))
        let expected: [(CInt, CInt)] = [
            (ZMQ_RCVHWM, 0), (ZMQ_SNDHWM, 1_000), (ZMQ_LINGER, 0), (ZMQ_HANDSHAKE_IVL, 3_000),
            (ZMQ_CONNECT_TIMEOUT, 3_000), (ZMQ_HEARTBEAT_IVL, 0), (ZMQ_TCP_MAXRT, 15_000),
        ]
        for (option, number) in expected { #expect(value(option, of: socket) == number) }
        #expect(byteLimit(of: socket) == 300)
    }

    private func byteLimit<Role>(of socket: borrowing Socket<Role>) -> Int64 {
        var size: Int64 = 0
        var length = MemoryLayout<Int64>.size
        zmq_getsockopt(socket.core.handle, ZMQ_MAXMSGSIZE, &size, &length)
        return size
    }

    private func value<Role>(_ option: CInt, of socket: borrowing Socket<Role>) -> CInt {
        var value: CInt = -7
        var length = MemoryLayout<CInt>.size
        zmq_getsockopt(socket.core.handle, option, &value, &length)
        return value
    }

    @Test("a ZAP domain is never empty", arguments: ["", String(repeating: "d", count: 255)])
    func domain(name: String) {
        #expect(throws: ZeroMQError.self) { _ = try ZapDomain(name) }
    }

    @Test(
        "an address that is not numeric is refused",
        arguments: [
            "", "localhost", "web1", "127.0.0.1:80", "127.0.0", "0x7f.1", "*", "[::1]",
            "fe80::1%lo",
            "127.0.0.1;tcp", "::g", "1.2.3.4 ", "\u{1B}[31m", "256.1.1.1",
        ])
    func hostNames(address: String) {
        let refusal = #expect(throws: ZeroMQError.self) {
            _ = try Endpoint(tcp: address, port: 5571)
        }
        #expect(refusal?.code == .invalidEndpoint)
    }

    @Test("endpoints have libzmq's form")
    func endpoints() throws {
        #expect(try Endpoint(tcp: "10.0.0.1", port: 5571).description == "tcp://10.0.0.1:5571")
        #expect(try Endpoint(tcp: "::1", port: 5571).description == "tcp://[::1]:5571")
        #expect(try Endpoint(tcp: "::1", port: 5571).isIPv6)
        #expect(try Endpoint(tcp: "10.0.0.1", port: 0).description == "tcp://10.0.0.1:*")
        #expect(try Endpoint(inProcess: "x").description == "inproc://x")
        #expect(Endpoint(reported: "tcp://127.0.0.1:4711").port == 4_711)
        #expect(throws: ZeroMQError.self) { _ = try Endpoint(inProcess: "") }
    }

    @Test(
        "a context outside its limits is refused",
        arguments: [(0, 10), (17, 10), (1, 0), (1, 70_000)])
    func contexts(threads: Int, sockets: Int) {
        #expect(throws: ZeroMQError.self) {
            _ = try Context(ioThreads: threads, maximumSockets: sockets)
        }
    }
}
