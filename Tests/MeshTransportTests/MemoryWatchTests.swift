// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Glibc
import NodeRuntime
import Testing
import ZeroMQ

@testable import MeshTransport

@Suite("Memory that no queue explains")
struct MemoryWatchTests {
    private static let suspects: [MemoryWatch.Suspect] = [
        .subscription(NodeID(.zero)), .requests(NodeID(.zero)), .answers,
    ]

    private func steps(_ readings: [(resident: Int, queued: Int)]) -> [MemoryWatch.Step] {
        var watch = MemoryWatch(allowance: 100)
        return readings.map {
            watch.look(resident: $0.resident, queued: $0.queued, suspects: Self.suspects)
        }
    }

    @Test("growth within the allowance, or explained by the queues, is left alone")
    func rests() {
        let steps = steps([(1_000, 0), (1_100, 0), (5_000, 4_000), (900, 0), (1_000, 2_000)])
        #expect(steps == Array(repeating: .rest, count: 5))
    }

    @Test("sockets are made anew one by one, until the end of one sets memory free")
    func convicts() {
        let steps = steps([(1_000, 0), (1_200, 0), (1_210, 0), (1_020, 0), (1_020, 0)])
        #expect(
            steps == [
                .rest, .recycle(Self.suspects[0]), .recycle(Self.suspects[1]),
                .convict(Self.suspects[1], bytes: 190), .rest,
            ])
    }

    @Test("when all were in vain the growth becomes usual, and a second one is looked into")
    func acquits() {
        let steps = steps([
            (1_000, 0), (1_200, 0), (1_200, 0), (1_200, 0), (1_200, 0), (1_250, 0), (1_400, 0),
        ])
        #expect(
            steps == [
                .rest, .recycle(Self.suspects[0]), .recycle(Self.suspects[1]),
                .recycle(Self.suspects[2]), .acquit(bytes: 200), .rest,
                .recycle(Self.suspects[0]),
            ])
    }

    @Test("this process has some memory")
    func reads() throws {
        let resident = try #require(ProcessMemory.resident())
        #expect(resident > 1 << 20 && resident < 1 << 40)
    }

    @Test("whoever was named last is tried first the next time")
    func remembers() {
        let steps = steps([(1_000, 0), (1_200, 0), (1_210, 0), (1_020, 0), (1_020, 0), (1_300, 0)])
        #expect(steps.last == .recycle(Self.suspects[1]))
    }

    @Test("a look is doubted, so that free memory is given back first, before anybody is accused")
    func doubts() {
        var watch = MemoryWatch(allowance: 100)
        #expect(!watch.doubts(resident: 1_000, queued: 0))
        _ = watch.look(resident: 1_000, queued: 0, suspects: Self.suspects)
        #expect(!watch.doubts(resident: 1_100, queued: 0))
        #expect(!watch.doubts(resident: 5_000, queued: 4_000))
        #expect(watch.doubts(resident: 1_101, queued: 0))
        _ = watch.look(resident: 1_101, queued: 0, suspects: Self.suspects)
        #expect(watch.doubts(resident: 1_000, queued: 0))
    }

    @Test("who fills ROUTER is named by its key, or by an address that is one member's")
    func names() throws {
        let (one, two) = (try TestPeer(1), try TestPeer(2))
        let elsewhere = PeerLink(
            node: two.node, curveKey: two.link.curveKey, host: "127.0.0.2",
            publishPort: two.link.publishPort, requestPort: two.link.requestPort)
        func name(_ asker: AdmittedKey?, _ address: String) -> MemoryLedger.Busiest {
            MemoryLedger.name(asker, at: address, [one.link, elsewhere])
        }
        #expect(name(.node(two.node), "127.0.0.1").node == two.node)
        #expect(name(nil, "127.0.0.2").node == two.node)
        #expect(name(nil, "127.0.0.9").node == nil)
        #expect(name(nil, "127.0.0.9").name == "somebody at 127.0.0.9")
        let client = name(.client(name: "probe", scopes: .query), "127.0.0.1")
        #expect(client.node == nil)
        #expect(client.name == "the client probe at 127.0.0.1")
        #expect(MemoryLedger.name(nil, at: "127.0.0.1", [one.link, two.link]).node == nil)
    }

    @Test(
        "a broadcast that never ends is cut, its peer named, and all others are heard as before",
        .enabled(if: EndlessPeer.isUsable), .timeLimit(.minutes(2)))
    func endlessBroadcast() async {
        await #expect(processExitsWith: .success) {
            try await EndlessTrial(.publisher).run(naming: "its broadcast")
        }
    }

    @Test(
        "a request that never ends is cut, its peer named, and all others are heard as before",
        .enabled(if: EndlessPeer.isUsable), .timeLimit(.minutes(2)))
    func endlessRequest() async {
        await #expect(processExitsWith: .success) {
            try await EndlessTrial(.asker).run(naming: "the requests of this node")
        }
    }
}

/// One node with a healthy peer and one that never ends a message, in a process without others,
/// whose memory is limited.
private struct EndlessTrial {
    private static let allowance = 48 << 20
    private static let byteLimit = 256 << 20
    /// After so many seconds the system ends this process, and with it the test that waits for it.
    private static let timeLimit: UInt32 = 180

    private let role: EndlessPeer.Role

    init(_ role: EndlessPeer.Role) { self.role = role }

    func run(naming name: String) async throws {
        alarm(Self.timeLimit)
        var limit = rlimit(rlim_cur: 1 << 31, rlim_max: 1 << 31)
        try #require(setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit) == 0)
        let victim = try TestPeer(1, allowance: Self.allowance)
        let (healthy, hostile) = (try TestPeer(2, allowance: .max), try TestPeer(3))
        try await healthy.start(admitting: [victim], linkingTo: [])
        try await victim.start(
            admitting: [healthy, hostile], linkingTo: [healthy, hostile])
        #expect(await hears(victim, healthy, "before"))
        let before = try #require(ProcessMemory.resident())

        let port = role == .asker ? victim.link.requestPort : hostile.link.publishPort
        let peer = try EndlessPeer(
            role, secretKey: hostile.keys.exposedSecretBytes,
            victimKey: victim.keys.publicKey.bytes, port: port, byteLimit: Self.byteLimit)
        defer { peer.end() }
        let isNamed = await victim.waits(atMost: .seconds(60)) {
            guard case .dropped(from: hostile.node, let reason) = $0 else { return false }
            return reason.contains("unfinished messages: ending \(name) set")
        }
        #expect(isNamed, "\(victim.delivered)")
        #expect(await hears(victim, healthy, "after"))
        let end = ContinuousClock.now + .seconds(30)
        var after = Int.max
        while after - before > Self.allowance, ContinuousClock.now < end {
            after = try #require(ProcessMemory.resident())
            await Task.yield()
        }
        #expect(after - before <= Self.allowance, "\(before) before, \(after) after")
        await victim.transport.stop()
        await healthy.transport.stop()
    }

    /// Whether a broadcast reaches a peer, sent again and again: one that is just linking misses
    /// some.
    private func hears(_ hearer: TestPeer, _ speaker: TestPeer, _ word: String) async -> Bool {
        let frames: [[UInt8]] = [Array("E/app".utf8), Array(word.utf8)]
        let end = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < end {
            await speaker.onExecutor { $0.broadcast(frames) }
            if hearer.delivered.contains(.broadcast(frames, from: speaker.node)) { return true }
            await Task.yield()
        }
        return false
    }
}
