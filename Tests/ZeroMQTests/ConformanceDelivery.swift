// SPDX-License-Identifier: Apache-2.0
import CZeroMQLibrary
import Glibc
import Testing

@testable import ZeroMQ

extension Conformance {
    @Suite("delivery") struct Delivery {
        /// Shapes: PUB is a hint, the log is the truth.
        ///
        /// Measurement M1.
        @Test("PUB loses what a paused subscriber has no room for, and reports success")
        func silentLossAtTheMark() async throws {
            try await onThread {
                let context = try Context()
                let publisher = RawSocket(context, ZMQ_PUB)
                let paused = RawSocket(context, ZMQ_SUB)
                publisher.set(ZMQ_SNDHWM, 1_000)
                paused.set(ZMQ_RCVHWM, 1_000)
                paused.set(ZMQ_SUBSCRIBE, [])
                let port = try #require(publisher.bind())
                paused.connect(port: port)
                try #require(isLinked(publisher, paused, within: 5_000))
                let payload = [UInt8](repeating: 1, count: 1_024)
                let sent = (0..<50_001).reduce(0) { count, _ in
                    count + (publisher.send(payload) ? 1 : 0)
                }
                #expect(sent == 50_001)
                let received = paused.drain()
                #expect(received > 0)
                #expect(received < 50_001)
            }
        }

        /// Shapes: a node pulls what it missed; joining late is normal.
        ///
        /// Measurement M2.
        @Test("PUB loses what is sent before a subscription has arrived")
        func slowJoiner() async throws {
            try await onThread {
                var complete = 0
                for _ in 0..<3 {
                    let context = try Context()
                    let publisher = RawSocket(context, ZMQ_PUB)
                    let subscriber = RawSocket(context, ZMQ_SUB)
                    publisher.set(ZMQ_SNDHWM, 0)
                    subscriber.set(ZMQ_RCVHWM, 0)
                    subscriber.set(ZMQ_SUBSCRIBE, [])
                    subscriber.connect(port: try #require(publisher.bind()))
                    for _ in 0..<20_000 { publisher.send("event") }
                    if subscriber.drain(patience: 100) == 20_000 { complete += 1 }
                }
                // Once may be luck, every time would mean that the rule is void.
                #expect(complete < 3)
            }
        }

        /// Shapes: no slow work on a thread that owns a SUB.
        ///
        /// Measurement M4.
        @Test("SUB renews its subscriptions only when its owner calls it after a reconnect")
        func subscriptionsAfterReconnect() async throws {
            try await onThread {
                let context = try Context()
                let subscriber = RawSocket(context, ZMQ_SUB)
                subscriber.set(ZMQ_RECONNECT_IVL, 20)
                subscriber.set(ZMQ_SUBSCRIBE, [])
                let old = RawSocket(context, ZMQ_PUB)
                let port = try #require(old.bind())
                subscriber.connect(port: port)
                try #require(isLinked(old, subscriber, within: 5_000))
                _ = subscriber.drain(patience: 50)
                old.close()

                let new = RawSocket(context, ZMQ_PUB)
                let events = RawSocket(context, ZMQ_PAIR)
                zmq_socket_monitor(new.handle, "inproc://m4", CInt(ZMQ_EVENT_HANDSHAKE_SUCCEEDED))
                zmq_connect(events.handle, "inproc://m4")
                var isBound = false
                for _ in 0..<500 where !isBound {
                    isBound = new.bind(port: port) != nil
                    if !isBound { _ = events.receive(within: 10) }
                }
                try #require(isBound)
                try #require(events.receive(within: 5_000) != nil)
                for _ in 0..<500 { new.send("while the owner is busy") }
                #expect(subscriber.drain(patience: 100) == 0)
                #expect(isLinked(new, subscriber, within: 5_000))
                zmq_socket_monitor(new.handle, nil, 0)
            }
        }

        /// Shapes: topics are a few short classes; no subscription beyond 32 bytes.
        ///
        /// Measurement M14.
        @Test("SUB matches nothing with a prefix of 246 to 255 bytes, until that is mended")
        func topicLengths() async throws {
            try await onThread {
                let lengths = [1, 32, 245, 246, 250, 255, 256]
                let deaf = try lengths.filter { length in
                    let context = try Context()
                    let topic = [UInt8](repeating: 0x61, count: length)
                    let publisher = RawSocket(context, ZMQ_PUB)
                    let subscriber = RawSocket(context, ZMQ_SUB)
                    subscriber.set(ZMQ_SUBSCRIBE, topic)
                    subscriber.connect(port: try #require(publisher.bind()))
                    let deadline = ContinuousClock.now + .milliseconds(300)
                    while ContinuousClock.now < deadline {
                        publisher.send(topic)
                        if subscriber.receive(within: 5) != nil { return false }
                    }
                    return true
                }
                #expect(deaf == [246, 250, 255] || deaf.isEmpty, "mended if none is deaf")
            }
        }

        /// Shapes: routing IDs are never set and never an identity; ROUTER_HANDOVER stays off and
        /// ROUTER_MANDATORY on.
        ///
        /// Measurement M21.
        @Test("ROUTER believes a routing ID", arguments: [0, 1] as [CInt])
        func routingIDs(handover: CInt) async throws {
            try await onThread {
                let context = try Context()
                let router = RawSocket(context, ZMQ_ROUTER)
                router.set(ZMQ_ROUTER_HANDOVER, handover)
                let port = try #require(router.bind())
                let victim = RawSocket(context, ZMQ_DEALER)
                let impostor = RawSocket(context, ZMQ_DEALER)
                for dealer in [victim, impostor] { dealer.set(ZMQ_ROUTING_ID, Array("x".utf8)) }
                victim.connect(port: port)
                victim.send("victim")
                #expect(router.receiveText(within: 5_000) == "x")
                #expect(router.receiveText() == "victim")
                impostor.connect(port: port)
                impostor.send("impostor")
                let isHeard = router.receiveText(within: handover == 1 ? 5_000 : 300) == "x"
                #expect(isHeard == (handover == 1))
                _ = router.drain(patience: 20)
                router.send("x", more: true)
                router.send("reply")
                let winner = handover == 1 ? impostor : victim
                let loser = handover == 1 ? victim : impostor
                #expect(winner.receiveText(within: 5_000) == "reply")
                #expect(loser.receiveText(within: 100) == nil)

                #expect(router.send("nobody", more: true))
                #expect(router.send("lost in silence"))
                router.set(ZMQ_ROUTER_MANDATORY, 1)
                #expect(!router.send("nobody", more: true))
                #expect(zmq_errno() == EHOSTUNREACH)
            }
        }

        /// Shapes: linger is zero everywhere; the log is our linger.
        ///
        /// Measurement M24.
        @Test("ending a context waits for ever on a lingering socket whose peer is away")
        func linger() async throws {
            let ended = Journal<Bool>()
            let port = try await onThread {
                let context = try Context()
                let placeholder = RawSocket(context, ZMQ_ROUTER)
                return try #require(placeholder.bind())
            }
            async let ending: Void = onThread {
                do {
                    let context = try Context()
                    let dealer = RawSocket(context, ZMQ_DEALER)
                    dealer.set(ZMQ_LINGER, -1)
                    dealer.set(ZMQ_RECONNECT_IVL, 20)
                    dealer.connect(port: port)
                    dealer.send("undelivered")
                }
                ended.append(true)
            }
            try await onThread {
                let context = try Context()
                let patience = RawSocket(context, ZMQ_PULL)
                #expect(patience.receive(within: 1_000) == nil)
                #expect(ended.elements.isEmpty)
                // The peer appears, takes the message, and the context can end.
                let router = RawSocket(context, ZMQ_ROUTER)
                try #require(router.bind(port: port) != nil)
                #expect(router.receive(within: 5_000) != nil)
            }
            try await ending
            #expect(ended.elements == [true])
        }

        /// Shapes: identity is read from a payload frame.
        ///
        /// Measurement M22.
        @Test("ROUTER loses the metadata of its first frame once it was polled, not the payload's")
        func metadata() async throws {
            let executor = try PollingExecutor(name: "zap")
            try await onThread {
                let context = try Context()
                let authenticator = try ZapAuthenticator(in: context, on: executor) { _ in
                    .allow(userID: "someone")
                }
                let keys = try CurveKeyPair()
                let router = try Socket<Router>(in: context, options: .server(keys))
                let dealer = try Socket<Dealer>(
                    in: context, options: .client(try CurveKeyPair(), of: keys.publicKey))
                try dealer.connect(to: try router.bindAnywhere())
                #expect(try dealer.send(Message("payload")) == .sent)
                guard case .message(let message) = try router.receive() else {
                    Issue.record("nothing arrived")
                    return
                }
                let first = message.frames[0].userID
                #expect(first == nil || first == "someone", "mended if it is there")
                #expect(message.frames[1].userID == "someone")
                #expect(authenticator.counters.allowed == 1)
            }
        }
    }
}
