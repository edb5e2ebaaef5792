// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ZeroMQ

@Suite("Connections as the kernel knows them") struct TCPConnectionTests {
    @Test("a frame names its connection, which tells what it has brought")
    func brought() throws {
        let context = try Context()
        let router = try Socket<Router>(in: context, options: .plain)
        let dealer = try Socket<Dealer>(in: context, options: .plain)
        let endpoint = try router.bindAnywhere()
        try dealer.connect(to: endpoint)
        #expect(try dealer.send(Message([Frame([UInt8](repeating: 1, count: 5_000))])) == .sent)
        guard case .message(let message) = try router.receive() else {
            Issue.record("nothing arrived")
            return
        }
        let descriptor = try #require(message.frames[1].descriptor)
        let connection = try #require(TCPConnection(descriptor: descriptor))
        #expect(connection.localPort == endpoint.port)
        #expect(connection.peerAddress == "127.0.0.1")
        #expect(connection.receivedByteCount >= 5_000)
        let all = TCPConnection.all(to: try #require(endpoint.port))
        #expect(all.map(\.socket) == [connection.socket])
        #expect(Frame("own").descriptor == nil)
    }

    @Test("what is no connection is none", arguments: [-1, 1_000_000] as [Int32])
    func none(descriptor: Int32) { #expect(TCPConnection(descriptor: descriptor) == nil) }
}
