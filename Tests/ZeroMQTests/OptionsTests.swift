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
        options.handshakeInterval = .milliseconds(1_234)
        options.isImmediate = true
        let socket = try Socket<Dealer>(in: context, options: options)
        #expect(value(ZMQ_SNDHWM, of: socket) == 77)
        #expect(value(ZMQ_RCVHWM, of: socket) == 0)
        #expect(value(ZMQ_HANDSHAKE_IVL, of: socket) == 1_234)
        #expect(value(ZMQ_LINGER, of: socket) == 0)
        #expect(value(ZMQ_IMMEDIATE, of: socket) == 1)
        #expect(value(ZMQ_HEARTBEAT_IVL, of: socket) == 0)
        #expect(value(ZMQ_TCP_MAXRT, of: socket) == 15_000)
        var size: Int64 = 0
        var length = MemoryLayout<Int64>.size
        zmq_getsockopt(socket.core.handle, ZMQ_MAXMSGSIZE, &size, &length)
        #expect(size == 4_321)
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
