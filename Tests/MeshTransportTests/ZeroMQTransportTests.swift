// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel
import MeshTransport
import NodeRuntime
import Testing

@Suite("The mesh on libzmq", .serialized, .timeLimit(.minutes(1)))
struct ZeroMQTransportTests {
    private static let hello: [[UInt8]] = [Array("E/app".utf8), [1], [2], [3]]

    private func pair() async throws -> (TestPeer, TestPeer) {
        let (left, right) = (try TestPeer(1), try TestPeer(2))
        try await left.start(admitting: [right], linkingTo: [right])
        try await right.start(admitting: [left], linkingTo: [left])
        return (left, right)
    }

    @Test("a broadcast reaches a linked peer, in the publisher's name")
    func broadcasts() async throws {
        let (left, right) = try await pair()
        #expect(await right.waits { $0 == .linkUp(left.node) })
        // A subscription may land after the link is up: what is sent before it is lost by design.
        let expected = Delivery.broadcast(Self.hello, from: left.node)
        var arrived = false
        let end = ContinuousClock.now + .seconds(30)
        while !arrived, ContinuousClock.now < end {
            await left.onExecutor { $0.broadcast(Self.hello) }
            arrived = right.delivered.contains(expected)
            await Task.yield()
        }
        #expect(arrived)
        await left.transport.stop()
        await right.transport.stop()
    }

    @Test("a request is delivered in its sender's name, and its reply comes back")
    func requests() async throws {
        let (left, right) = try await pair()
        #expect(await left.waits { $0 == .linkUp(right.node) })
        let question: [[UInt8]] = [[], [7], [8]]
        let ticket = try #require(await left.asks(question, of: right))
        await right.onExecutor { $0.reply([[], [9]], to: ticket) }
        #expect(await left.waits { $0 == .reply([[], [9]], from: right.node) })
        await left.transport.stop()
        await right.transport.stop()
    }

    @Test("a request made before there is a connection goes out as soon as there is one")
    func requestsEarly() async throws {
        let (left, right) = (try TestPeer(1), try TestPeer(2))
        try await left.start(admitting: [right], linkingTo: [right])
        #expect(await left.onExecutor { $0.request([[], [7]], of: right.node) })
        try await right.start(admitting: [left], linkingTo: [])
        // On a busy machine the first one may wait for longer than its patience.
        #expect(await left.asks([[], [7]], of: right) != nil)
        await left.transport.stop()
        await right.transport.stop()
    }

    @Test("a stranger's knocking is told to the node, with the key")
    func refusals() async throws {
        let (left, right) = (try TestPeer(1), try TestPeer(2))
        try await left.start(admitting: [], linkingTo: [])
        try await right.start(admitting: [left], linkingTo: [left])
        let key = right.link.curveKey
        #expect(
            await left.waits {
                guard case .refused(key, address: _) = $0 else { return false }
                return true
            })
        await left.transport.stop()
        await right.transport.stop()
    }

    @Test("a peer without a link is told so at once")
    func noLink() async throws {
        let (left, right) = (try TestPeer(1), try TestPeer(2))
        try await left.start(admitting: [right], linkingTo: [])
        #expect(await left.onExecutor { $0.request([[], [1]], of: right.node) } == false)
        await left.transport.stop()
    }

    @Test("a key that is not admitted gets no broadcast, and one that is admitted later does")
    func admission() async throws {
        let (left, right) = (try TestPeer(1), try TestPeer(2))
        try await left.start(admitting: [], linkingTo: [])
        try await right.start(admitting: [left], linkingTo: [left])
        await left.onExecutor { $0.broadcast(Self.hello) }
        #expect(!right.delivered.contains(.linkUp(left.node)))
        let key = right.link.curveKey
        await left.onExecutor { $0.setAdmitted([key: .node(right.node)]) }
        #expect(await right.waits { $0 == .linkUp(left.node) })
        await left.transport.stop()
        await right.transport.stop()
    }

    @Test("keys that were admitted before the start count from the first knock on")
    func admittedBefore() async throws {
        let (left, right) = (try TestPeer(1), try TestPeer(2))
        try await right.start(admitting: [], linkingTo: [left])
        let key = right.link.curveKey
        await left.onExecutor { $0.setAdmitted([key: .node(right.node)]) }
        try await left.transport.start(delivering: left)
        #expect(await right.waits { $0 == .linkUp(left.node) })
        await left.transport.stop()
        await right.transport.stop()
    }

    @Test("taking a key away ends its connection with the next broadcast")
    func revocation() async throws {
        let (left, right) = try await pair()
        #expect(await right.waits { $0 == .linkUp(left.node) })
        await left.onExecutor { $0.setAdmitted([:]) }
        let end = ContinuousClock.now + .seconds(30)
        while !right.delivered.contains(.linkDown(left.node)), ContinuousClock.now < end {
            await left.onExecutor { $0.broadcast(Self.hello) }
            await Task.yield()
        }
        #expect(right.delivered.contains(.linkDown(left.node)))
        await left.transport.stop()
        await right.transport.stop()
    }

    @Test("a relink with fresh sockets comes up again")
    func relinks() async throws {
        let (left, right) = try await pair()
        #expect(await right.waits { $0 == .linkUp(left.node) })
        await right.onExecutor { $0.relink(left.node, freshSockets: true) }
        var ups = 0
        let end = ContinuousClock.now + .seconds(30)
        while ups < 2, ContinuousClock.now < end {
            ups = right.delivered.count { $0 == .linkUp(left.node) }
            await Task.yield()
        }
        #expect(ups >= 2)
        await left.transport.stop()
        await right.transport.stop()
    }

    @Test("the alarm calls the sink, and many wake-ups are one call at least")
    func wakes() async throws {
        let peer = try TestPeer(1)
        try await peer.start(admitting: [], linkingTo: [])
        let now = TestClock().now().instant
        await peer.onExecutor { $0.wake(at: now + .milliseconds(5)) }
        for _ in 0..<100 { peer.transport.wakeUp() }
        await peer.transport.stop()
        #expect(peer.delivered.isEmpty)
    }
}
