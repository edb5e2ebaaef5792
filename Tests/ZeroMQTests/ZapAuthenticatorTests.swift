// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Testing

@testable import ZeroMQ

/// The answers a test gives, changeable while sockets are open.
private final class Rules: Sendable {
    private let verdicts = Mutex<[CurvePublicKey: ZapVerdict]>([:])
    let requests = Journal<ZapRequest>()

    func set(_ verdict: ZapVerdict, for key: CurvePublicKey) {
        verdicts.withLock { $0[key] = verdict }
    }

    func verdict(on request: ZapRequest) -> ZapVerdict {
        defer { requests.append(request) }
        return verdicts.withLock { $0[request.curveKey] ?? .deny }
    }
}

@Suite("A ZAP authenticator", .timeLimit(.minutes(1))) struct ZapAuthenticatorTests {
    let context: Context
    let executor: PollingExecutor
    let serverKeys: CurveKeyPair
    let clientKeys: CurveKeyPair
    fileprivate let rules = Rules()

    init() throws {
        context = try Context()
        executor = try PollingExecutor(name: "zap")
        serverKeys = try CurveKeyPair()
        clientKeys = try CurveKeyPair()
    }

    private func authenticator() throws -> ZapAuthenticator {
        let rules = self.rules
        return try ZapAuthenticator(in: context, on: executor) { rules.verdict(on: $0) }
    }

    private func client() throws -> Socket<Dealer> {
        var options = SocketOptions.client(clientKeys, of: serverKeys.publicKey)
        options.handshakeInterval = .milliseconds(300)
        return try Socket(in: context, options: options)
    }

    @Test("lets a known key in and names it in every payload frame")
    func allow() async throws {
        let authenticator = try authenticator()
        rules.set(.allow(userID: "node-7"), for: clientKeys.publicKey)
        let router = try Socket<Router>(in: context, options: .server(serverKeys))
        let dealer = try client()
        try dealer.connect(to: try router.bindAnywhere())
        #expect(try dealer.send(Message("hello", "again")) == .sent)
        guard case .message(let message) = try router.receive() else {
            Issue.record("nothing arrived")
            return
        }
        #expect(message.frames[1].userID == "node-7")
        #expect(message.userID == "node-7")
        #expect(message.frames[2].peerAddress == "127.0.0.1")
        let asked = await rules.requests.wait(forCount: 1)
        #expect(
            asked == [
                ZapRequest(
                    curveKey: clientKeys.publicKey, domain: "mesh", address: "127.0.0.1")
            ])
        #expect(authenticator.counters.allowed == 1)
        #expect(authenticator.counters.denied == 0)
    }

    @Test("names the sender of an oversize message")
    func oversize() throws {
        let authenticator = try authenticator()
        rules.set(.allow(userID: "node-8"), for: clientKeys.publicKey)
        let router = try Socket<Router>(in: context, options: .server(serverKeys))
        let dealer = try client()
        try dealer.connect(to: try router.bindAnywhere())
        #expect(try dealer.send(Message("1", "2", "3")) == .sent)
        guard
            case .oversize(let oversize) = try router.receive(
                limit: ReceiveLimit(frames: 2, bytes: 100))
        else {
            Issue.record("no oversize message")
            return
        }
        #expect(oversize.userID == "node-8")
        #expect(oversize.frameCount == 4)
        #expect(oversize.firstFrame != nil)
        #expect(authenticator.counters.allowed == 1)
    }

    @Test("keeps an unknown key out, and lets it in as soon as it is known")
    func denyThenAllow() async throws {
        let authenticator = try authenticator()
        let router = try Socket<Router>(in: context, options: .server(serverKeys))
        let dealer = try client()
        try dealer.connect(to: try router.bindAnywhere())
        await rules.requests.wait(forCount: 2)
        #expect(try router.tryReceive(limit: .generous) == .nothing)
        rules.set(.allow(userID: "late"), for: clientKeys.publicKey)
        #expect(try dealer.send(Message("at last")) == .sent)
        #expect(try router.receiveTexts()?.last == "at last")
        #expect(authenticator.counters.denied >= 2)
        #expect(authenticator.counters.allowed == 1)
    }

    @Test("is needed: without it the domain lets nobody in")
    func absent() async throws {
        let router = try Socket<Router>(in: context, options: .server(serverKeys))
        let endpoint = try router.bindAnywhere()
        let outcome = try await HandshakeSelfTest.run(
            against: endpoint, serverKey: serverKeys.publicKey, in: context, on: executor)
        guard case .refused = outcome else {
            Issue.record("a stranger got in: \(outcome)")
            return
        }
    }

    @Test("is one per context, until it goes")
    func unique() async throws {
        var first: ZapAuthenticator? = try authenticator()
        #expect(first?.counters == ZapCounters())
        let refusal = #expect(throws: ZeroMQError.self) { _ = try authenticator() }
        #expect(refusal?.code == .addressInUse)
        first = nil
        // libzmq's reaper lets go of the name a moment after the socket was closed.
        let end = ContinuousClock.now + .seconds(5)
        while first == nil, ContinuousClock.now < end {
            do {
                first = try authenticator()
            } catch let error as ZeroMQError {
                #expect(error.code == .addressInUse)
                await Task.yield()
            }
        }
        #expect(first != nil)
    }

    struct Malformed: CustomTestStringConvertible {
        let name: String
        let frames: [[UInt8]]
        let status: String
        var testDescription: String { name }
    }

    static let good: [[UInt8]] = [
        Array("1.0".utf8), [1, 2], Array("mesh".utf8), Array("10.0.0.1".utf8), [],
        Array("CURVE".utf8), [UInt8](repeating: 7, count: 32),
    ]

    static let malformedRequests = [
        Malformed(name: "nothing at all", frames: [[]], status: "500"),
        Malformed(
            name: "another version", frames: [Array("2.0".utf8)] + good.dropFirst(), status: "500"),
        Malformed(name: "too few frames", frames: Array(good.prefix(5)), status: "500"),
        Malformed(name: "no credentials", frames: Array(good.prefix(6)), status: "500"),
        Malformed(name: "two credentials", frames: good + [[1]], status: "500"),
        Malformed(
            name: "a short key", frames: Array(good.prefix(6)) + [[UInt8](repeating: 7, count: 31)],
            status: "500"),
        Malformed(
            name: "a long key", frames: Array(good.prefix(6)) + [[UInt8](repeating: 7, count: 33)],
            status: "500"),
        Malformed(
            name: "the NULL mechanism", frames: Array(good.prefix(5)) + [Array("NULL".utf8)],
            status: "400"),
        Malformed(
            name: "the PLAIN mechanism",
            frames: Array(good.prefix(5)) + [Array("PLAIN".utf8), [1], [2]], status: "400"),
        Malformed(name: "a good request", frames: good, status: "200"),
    ]

    @Test(
        "answers a request that is not ZAP with an error, and asks nobody",
        arguments: malformedRequests)
    func malformed(_ row: Malformed) {
        var asked = 0
        let reply = ZapReply(to: row.frames) { _ in
            asked += 1
            return .allow(userID: "anyone")
        }
        #expect(reply.status == row.status)
        #expect(asked == (row.status == "200" ? 1 : 0))
        #expect(reply.frames[1].copiedBytes == (row.frames.count > 1 ? row.frames[1] : []))
        #expect(reply.frames.count == 6)
        #expect(reply.frames[4].isEmpty == (row.status != "200"))
    }

    @Test("counts malformed requests on its socket and stays alive")
    func malformedOnTheSocket() throws {
        let authenticator = try authenticator()
        let request = try Socket<Request>(in: context, options: .plain)
        try request.connect(to: Endpoint(inProcess: "zeromq.zap.01"))
        for count in 1...3 {
            #expect(try request.send(Message("nonsense")) == .sent)
            #expect(try request.receiveTexts()?.dropFirst(2).first == "500")
            #expect(authenticator.counters.malformed == UInt64(count))
        }
        #expect(try request.send(Message([Frame](repeating: Frame("x"), count: 50))) == .sent)
        #expect(try request.receiveTexts()?.dropFirst(2).first == "500")
        #expect(try request.send(Message(Self.good.map { Frame($0) })) == .sent)
        #expect(try request.receiveTexts()?.dropFirst(2).first == "300")
    }
}
