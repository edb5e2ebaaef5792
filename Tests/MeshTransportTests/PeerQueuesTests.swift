// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import NodeRuntime
import Testing

@testable import MeshTransport

@Suite("Queues per peer")
struct PeerQueuesTests {
    private let one = NodeID(.zero)
    private let other: NodeID

    init() throws {
        other = try #require(NodeID(bytes: [UInt8](repeating: 1, count: 32)))
    }

    private func broadcast(_ size: Int, _ peer: NodeID) -> Delivery {
        .broadcast([[UInt8](repeating: 0, count: size)], from: peer)
    }

    @Test("peers are served in turn, each in its order")
    func inTurn() {
        var queues = PeerQueues()
        for size in [1, 2, 3] { queues.addLive(broadcast(size, one), of: one) }
        queues.addLive(broadcast(9, other), of: other)
        var order: [Delivery] = []
        while let next = queues.next() { order.append(next) }
        #expect(
            order == [broadcast(1, one), broadcast(9, other), broadcast(2, one), broadcast(3, one)])
    }

    @Test("replays take every second delivery at the most")
    func alternation() {
        var queues = PeerQueues()
        for _ in 0..<3 {
            queues.addCrossed(.reply([[1]], from: one))
            queues.addLive(broadcast(1, one), of: one)
        }
        var order: [Bool] = []
        while let next = queues.next() {
            if case .reply = next { order.append(true) } else { order.append(false) }
        }
        #expect(order == [true, false, true, false, true, false])
    }

    @Test("what exceeds a peer's share is dropped and marked once; others are not touched")
    func share() {
        var queues = PeerQueues()
        let size = 1_024 * 1_024
        for _ in 0..<12 { queues.addLive(broadcast(size, one), of: one) }
        queues.addLive(broadcast(1, other), of: other)
        var kept = 0
        var marks = 0
        var others = 0
        while let next = queues.next() {
            switch next {
            case .broadcast(_, from: one): kept += 1
            case .broadcast(_, from: other): others += 1
            case .dropped(from: one, reason: _): marks += 1
            default: Issue.record("unexpected \(next)")
            }
        }
        #expect(kept == 7)
        #expect(marks == 1)
        #expect(others == 1)
    }

    @Test("a peer that is served again gets its whole share back")
    func refills() {
        var queues = PeerQueues()
        let size = 1_024 * 1_024
        for _ in 0..<3 {
            for _ in 0..<7 { queues.addLive(broadcast(size, one), of: one) }
            var kept = 0
            while let next = queues.next() {
                if case .broadcast = next { kept += 1 }
            }
            #expect(kept == 7)
        }
    }

    @Test("what waited of a peer whose link ended is forgotten")
    func forgets() {
        var queues = PeerQueues()
        queues.addLive(broadcast(1, one), of: one)
        queues.forget(one)
        #expect(queues.next() == nil)
    }
}
