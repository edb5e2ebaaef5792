// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ZeroMQ

@Suite("Sockets") struct SocketTests {
    let context: Context

    init() throws { context = try Context() }

    @Test("publish to those who subscribed, by prefix")
    func publishSubscribe() throws {
        let publisher = try Socket<Publish>(in: context, options: .plain)
        let subscriber = try Socket<Subscribe>(in: context, options: .plain)
        let endpoint = try publisher.bindAnywhere()
        try subscriber.subscribe(prefix: Array("E/".utf8))
        try subscriber.subscribe(prefix: Array("joined".utf8))
        try subscriber.connect(to: endpoint)
        try join(publisher, subscriber)
        try publisher.trySend(Message("H", "beacon"))
        try publisher.trySend(Message("E/code", "one"))
        #expect(try subscriber.receiveTexts() == ["E/code", "one"])
        try subscriber.unsubscribe(prefix: Array("E/".utf8))
        #expect(throws: ZeroMQError.self) {
            try subscriber.subscribe(prefix: [UInt8](repeating: 0, count: 33))
        }
    }

    @Test("route between a router and its dealers, by the first frame")
    func routerDealer() throws {
        let router = try Socket<Router>(in: context, options: .plain)
        let endpoint = try router.bindAnywhere()
        let first = try Socket<Dealer>(in: context, options: .plain)
        let second = try Socket<Dealer>(in: context, options: .plain)
        try first.connect(to: endpoint)
        try second.connect(to: endpoint)
        #expect(try first.send(Message("question", "1")) == .sent)
        guard case .message(let message) = try router.receive() else {
            Issue.record("nothing arrived")
            return
        }
        #expect(message.texts.dropFirst() == ["question", "1"])
        #expect(try router.trySend([message.frames[0], Frame("answer")]) == .sent)
        #expect(try first.receiveTexts() == ["answer"])
        #expect(try second.tryReceive(limit: .generous) == .nothing)
    }

    @Test("request and reply in lock-step")
    func requestReply() throws {
        let reply = try Socket<Reply>(in: context, options: .plain)
        let request = try Socket<Request>(in: context, options: .plain)
        try request.connect(to: try reply.bindAnywhere())
        #expect(try request.send(Message("ping")) == .sent)
        let refusal = #expect(throws: ZeroMQError.self) { try request.trySend(Message("again")) }
        #expect(refusal?.code == .wrongState)
        #expect(try reply.receiveTexts() == ["ping"])
        #expect(try reply.trySend(Message("pong")) == .sent)
        #expect(try request.receiveTexts() == ["pong"])
    }

    @Test("talk in pairs, in both directions")
    func pairs() throws {
        let left = try Socket<Pair>(in: context, options: .plain)
        let right = try Socket<Pair>(in: context, options: .plain)
        try right.connect(to: try left.bindAnywhere())
        #expect(try left.send(Message("there")) == .sent)
        #expect(try right.receiveTexts() == ["there"])
        #expect(try right.send(Message("and", "", "back")) == .sent)
        #expect(try left.receiveTexts() == ["and", "", "back"])
    }

    @Test("say that nobody is there to send to")
    func wouldBlock() throws {
        let dealer = try Socket<Dealer>(in: context, options: .plain)
        #expect(try dealer.trySend(Message("a", "b")) == .wouldBlock)
    }

    @Test("say that the queue is full, and send whole messages later")
    func highWaterMark() throws {
        var options = SocketOptions.plain
        options.sendHighWaterMark = .messages(2)
        options.receiveHighWaterMark = .messages(2)
        let sender = try Socket<Dealer>(in: context, options: options)
        let receiver = try Socket<Dealer>(in: context, options: options)
        try receiver.bind(to: Endpoint(inProcess: "narrow"))
        try sender.connect(to: Endpoint(inProcess: "narrow"))
        var sent = 0
        while try sender.trySend(Message("\(sent)", "tail")) == .sent { sent += 1 }
        #expect(sent == 4)
        for number in 0..<sent {
            #expect(try receiver.receiveTexts() == ["\(number)", "tail"])
        }
        #expect(try sender.send(Message("next")) == .sent)
        #expect(try receiver.receiveTexts() == ["next"])
    }

    @Test("say that a routing ID is unknown, and stay usable")
    func unroutable() throws {
        let router = try Socket<Router>(in: context, options: .plain)
        let dealer = try Socket<Dealer>(in: context, options: .plain)
        try dealer.connect(to: try router.bindAnywhere())
        #expect(try router.trySend(Message("nobody", "a", "b")) == .unroutable)
        #expect(try dealer.send(Message("hello")) == .sent)
        guard case .message(let message) = try router.receive() else {
            Issue.record("nothing arrived")
            return
        }
        // What follows an unknown routing ID must not be taken for another message.
        let misleading: Message = [Frame("nobody"), message.frames[0], Frame("stray")]
        #expect(try router.trySend(misleading) == .unroutable)
        #expect(try router.trySend([message.frames[0], Frame("yes")]) == .sent)
        #expect(try dealer.receiveTexts() == ["yes"])
    }

    @Test("lose a message whose connection broke between two frames, and only that")
    func rollBack() throws {
        let dealer = try Socket<Dealer>(in: context, options: .plain)
        let old = try Socket<Router>(in: context, options: .plain)
        let new = try Socket<Router>(in: context, options: .plain)
        let gone = try old.bindAnywhere()
        try dealer.connect(to: gone)
        let frames = Message("1", "2", "3", "4").frames
        #expect(dealer.core.send(frames[0], isLast: false) == 0)
        try dealer.disconnect(from: gone)
        #expect(try dealer.core.trySend(frames, from: 1) == .wouldBlock)
        try dealer.connect(to: try new.bindAnywhere())
        #expect(try dealer.send(Message("whole", "message")) == .sent)
        #expect(try new.receiveTexts()?.dropFirst() == ["whole", "message"])
    }

    @Test("disconnect while a message is there that somebody has looked at")
    func disconnectUnread() throws {
        let publisher = try Socket<Publish>(in: context, options: .plain)
        let subscriber = try Socket<Subscribe>(in: context, options: .plain)
        let endpoint = try publisher.bindAnywhere()
        try subscriber.subscribe(prefix: [])
        try subscriber.connect(to: endpoint)
        for texts in [Message("one", "frame after", "another"), Message("whole", "message")] {
            try join(publisher, subscriber)
            try publisher.trySend(texts)
            let isThere = subscriber.becomesReadable()
            #expect(isThere)
            try subscriber.disconnect(from: endpoint)
            #expect(try subscriber.tryReceive(limit: .generous) == .nothing)
            try subscriber.connect(to: endpoint)
        }
        try join(publisher, subscriber)
        try publisher.trySend(Message("next", "message"))
        #expect(try subscriber.receiveTexts() == ["next", "message"])
    }

    @Test("tell the port that the system chose")
    func lastEndpoint() throws {
        let router = try Socket<Router>(in: context, options: .plain)
        let refusal = #expect(throws: ZeroMQError.self) { try router.lastEndpoint() }
        #expect(refusal?.code == .noSuchEndpoint)
        let endpoint = try router.bindAnywhere()
        #expect(endpoint.port ?? 0 > 0)
        try router.unbind(from: endpoint)
        #expect(throws: ZeroMQError.self) { try router.unbind(from: endpoint) }
    }

    @Test("speak IPv6 where asked to")
    func ipv6() throws {
        var options = SocketOptions.plain
        options.isIPv6Enabled = true
        let router = try Socket<Router>(in: context, options: options)
        let dealer = try Socket<Dealer>(in: context, options: options)
        try router.bind(to: Endpoint(tcp: "::1", port: 0))
        try dealer.connect(to: try router.lastEndpoint())
        #expect(try dealer.send(Message("six")) == .sent)
        #expect(try router.receiveTexts()?.last == "six")
    }

    @Test("name the endpoint that is taken, and what to do")
    func addressInUse() throws {
        let first = try Socket<Router>(in: context, options: .plain)
        let second = try Socket<Router>(in: context, options: .plain)
        let endpoint = try first.bindAnywhere()
        let refusal = #expect(throws: ZeroMQError.self) { try second.bind(to: endpoint) }
        #expect(refusal?.code == .addressInUse)
        #expect(refusal?.description.contains(endpoint.description) == true)
        #expect(refusal?.hint != nil)
    }

    @Test("end with their owner, and the context with the last of them")
    func lifetime() throws {
        weak var ended: Context?
        do {
            let context = try Context()
            ended = context
            let dealer = try Socket<Dealer>(in: context, options: .plain)
            try dealer.connect(to: Endpoint(tcp: "127.0.0.1", port: 9))
            try dealer.trySend(Message("never delivered"))
            dealer.close()
        }
        #expect(ended == nil)
    }

    @Test("are refused beyond the context's number")
    func tooMany() throws {
        let small = try Context(maximumSockets: 1)
        let first = try Socket<Pair>(in: small, options: .plain)
        let refusal = #expect(throws: ZeroMQError.self) {
            _ = try Socket<Pair>(in: small, options: .plain)
        }
        #expect(refusal?.code == .outOfResources)
        first.close()
    }
}
