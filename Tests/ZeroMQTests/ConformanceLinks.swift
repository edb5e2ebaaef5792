// SPDX-License-Identifier: Apache-2.0
import CZeroMQLibrary
import Testing

@testable import ZeroMQ

extension Conformance {
    @Suite("links") struct Links {
        /// What answers on the peer's port before the peer itself does.
        enum Impostor: String, CaseIterable, Sendable {
            case http
            case foreignMechanism
            case cleanClose
        }

        struct Meeting: Sendable, CustomTestStringConvertible {
            let impostor: Impostor
            let isCurve: Bool
            let comesBack: Bool
            var testDescription: String { "\(impostor.rawValue) \(isCurve ? "CURVE" : "NULL")" }
        }

        static let meetings = [
            Meeting(impostor: .http, isCurve: false, comesBack: true),
            Meeting(impostor: .foreignMechanism, isCurve: false, comesBack: false),
            Meeting(impostor: .cleanClose, isCurve: false, comesBack: true),
            Meeting(impostor: .http, isCurve: true, comesBack: false),
            Meeting(impostor: .foreignMechanism, isCurve: true, comesBack: false),
            Meeting(impostor: .cleanClose, isCurve: true, comesBack: true),
        ]

        /// Shapes: the link supervisor, which disconnects and connects again.
        ///
        /// Measurement M6.
        @Test("SUB gives up for ever after a protocol error", arguments: meetings)
        func givesUp(_ meeting: Meeting) async throws {
            try await onThread {
                let context = try Context()
                let keys = try CurveKeyPair()
                let subscriber = RawSocket(context, ZMQ_SUB)
                subscriber.set(ZMQ_SUBSCRIBE, [])
                subscriber.set(ZMQ_RECONNECT_IVL, 50)
                if meeting.isCurve { try subscriber.setClient(of: keys) }
                let port = try Self.meet(meeting, subscriber)

                let publisher = RawSocket(context, ZMQ_PUB)
                if meeting.isCurve { publisher.setServer(keys) }
                try #require(publisher.bind(port: port) != nil)
                let patience = meeting.comesBack ? 5_000 : 800
                #expect(isLinked(publisher, subscriber, within: patience) == meeting.comesBack)
                guard !meeting.comesBack else { return }
                #expect(subscriber.connect(port: port), "a second connect claims success")
                #expect(!isLinked(publisher, subscriber, within: 300))
                #expect(subscriber.disconnect(port: port))
                #expect(subscriber.connect(port: port))
                #expect(isLinked(publisher, subscriber, within: 5_000))
            }
        }

        /// Has the subscriber meet the impostor once, and frees the port.
        private static func meet(_ meeting: Meeting, _ subscriber: RawSocket) throws -> UInt16 {
            let listener = try #require(TCPListener())
            subscriber.connect(port: listener.port)
            let peer = try #require(listener.accept())
            switch meeting.impostor {
            case .http:
                peer.write(Array("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".utf8))
            case .foreignMechanism:
                peer.write(ZMTP.greeting(mechanism: meeting.isCurve ? "NULL" : "CURVE"))
                #expect(peer.readToEnd())
            case .cleanClose:
                break
            }
            peer.finish()
            return listener.port
        }

        /// Shapes: unknown keys are answered with 300, never with 400.
        ///
        /// Measurement M7.
        @Test("a client that was answered 400 never comes back, with 300 it does")
        func zapStatus() async throws {
            let executor = try PollingExecutor(name: "zap")
            for first in [ZapVerdict.refuse, .deny] {
                let asked = Journal<ZapRequest>()
                let context = try Context()
                let authenticator = try ZapAuthenticator(in: context, on: executor) { request in
                    defer { asked.append(request) }
                    return asked.elements.isEmpty ? first : .allow(userID: "known by now")
                }
                let keys = try CurveKeyPair()
                try await onThread {
                    let router = try Socket<Router>(in: context, options: .server(keys))
                    var options = SocketOptions.client(
                        try CurveKeyPair(), of: keys.publicKey)
                    options.handshakeInterval = .milliseconds(300)
                    let dealer = try Socket<Dealer>(in: context, options: options)
                    try dealer.connect(to: try router.bindAnywhere())
                    try dealer.trySend(Message("hello"))
                    let patience = first == .deny ? 5_000 : 1_200
                    let text = try router.receiveTexts(milliseconds: patience)?.last
                    #expect(text == (first == .deny ? "hello" : nil))
                }
                #expect(asked.elements.count == (first == .deny ? 2 : 1))
                #expect(authenticator.counters.allowed == (first == .deny ? 1 : 0))
            }
        }

        struct Size: Sendable, CustomTestStringConvertible {
            let isCurve: Bool
            let byteCount: Int
            let passes: Bool
            var testDescription: String { "\(byteCount) \(isCurve ? "CURVE" : "NULL")" }
        }

        static let sizes = [
            Size(isCurve: false, byteCount: 1_000, passes: true),
            Size(isCurve: false, byteCount: 1_001, passes: false),
            Size(isCurve: true, byteCount: 967, passes: true),
            Size(isCurve: true, byteCount: 968, passes: false),
        ]

        /// Shapes: the sender's cap is half of any receiver's limit.
        ///
        /// Measurement M8.
        @Test("one frame over MAXMSGSIZE 1,000 ends a subscriber's link for ever", arguments: sizes)
        func oversize(_ size: Size) async throws {
            try await onThread {
                let context = try Context()
                let keys = try CurveKeyPair()
                let publisher = RawSocket(context, ZMQ_PUB)
                let subscriber = RawSocket(context, ZMQ_SUB)
                if size.isCurve {
                    publisher.setServer(keys)
                    try subscriber.setClient(of: keys)
                }
                subscriber.set(ZMQ_MAXMSGSIZE, size: 1_000)
                subscriber.set(ZMQ_RECONNECT_IVL, 20)
                subscriber.set(ZMQ_SUBSCRIBE, [])
                subscriber.connect(port: try #require(publisher.bind()))
                try #require(isLinked(publisher, subscriber, within: 5_000))
                _ = subscriber.drain(patience: 50)
                publisher.send([UInt8](repeating: 1, count: size.byteCount))
                let patience = size.passes ? 5_000 : 300
                #expect(
                    subscriber.receive(within: patience)?.count
                        == (size.passes ? size.byteCount : nil))
                #expect(
                    isLinked(publisher, subscriber, within: size.passes ? 5_000 : 600)
                        == size.passes)
            }
        }

        /// Shapes: no receiving socket under CURVE has a limit below 280.
        ///
        /// Measurement M30.
        @Test(
            "a CURVE handshake needs a MAXMSGSIZE of 280", arguments: [(256, false), (280, true)])
        func handshakeSize(limit: Int64, passes: Bool) async throws {
            try await onThread {
                let context = try Context()
                let keys = try CurveKeyPair()
                let publisher = RawSocket(context, ZMQ_PUB)
                let subscriber = RawSocket(context, ZMQ_SUB)
                publisher.setServer(keys)
                publisher.set(ZMQ_MAXMSGSIZE, size: limit)
                try subscriber.setClient(of: keys)
                subscriber.set(ZMQ_SUBSCRIBE, [])
                subscriber.connect(port: try #require(publisher.bind()))
                #expect(isLinked(publisher, subscriber, within: passes ? 5_000 : 600) == passes)
            }
        }
    }
}
