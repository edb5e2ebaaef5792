// SPDX-License-Identifier: Apache-2.0
import ClusterCore
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

    @Test("what was taken is not kept in memory for those that wait behind it")
    func lets() throws {
        var queues = PeerQueues()
        for size in [1, 2, 3] { queues.addLive(broadcast(size, one), of: one) }
        guard case .broadcast(var frames, from: _) = queues.next() else {
            Issue.record("nothing was taken")
            return
        }
        // Whatever else held them would make this a copy.
        let before = frames.withUnsafeBufferPointer { $0.baseAddress }
        let after = frames.withUnsafeMutableBufferPointer { UnsafePointer($0.baseAddress) }
        #expect(before == after)
        #expect(queues.byteCount == broadcast(2, one).byteCount + broadcast(3, one).byteCount)
    }

    @Test("a client's requests have a share of their own, and wait their turn")
    func clients() {
        var queues = PeerQueues()
        let ask = [[UInt8](repeating: 0, count: 1_024 * 1_024)]
        let client = AdmittedKey.client(name: "greedy", scopes: .query)
        for number in UInt64(0)..<12 {
            queues.addCrossed(.request(ask, from: client, ReplyTicket(number)))
        }
        queues.addCrossed(.request([[1]], from: .node(one), ReplyTicket(99)))
        var order: [ReplyTicket] = []
        while let next = queues.next() {
            if case .request(_, from: _, let ticket) = next { order.append(ticket) }
        }
        #expect(order.count == 8)
        #expect(order.firstIndex(of: ReplyTicket(99)) == 1)
    }

    @Test("notices of strangers are bounded; a change of a link is never left out")
    func notices() {
        var queues = PeerQueues()
        for _ in 0..<2_000 { queues.addOther(.dropped(from: one, reason: "noise")) }
        queues.addOther(.linkDown(other))
        var notices = 0
        var last: Delivery?
        while let next = queues.next() {
            notices += 1
            last = next
        }
        #expect(notices == PeerQueues.noticeLimit + 1)
        #expect(last == .linkDown(other))
    }

    @Test("what waited of a peer whose link ended is forgotten")
    func forgets() {
        var queues = PeerQueues()
        queues.addLive(broadcast(1, one), of: one)
        queues.forget(one)
        #expect(queues.next() == nil)
    }
}
