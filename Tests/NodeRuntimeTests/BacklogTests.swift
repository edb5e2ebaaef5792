// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel
import ClusterSigning
import NodeRuntimeTesting
import Testing
import WireFormat

@testable import NodeRuntime

@Suite("Broadcasts that are verified aside") struct BacklogTests {
    private let peer = NodeID(.zero)

    private func entry(_ size: Int) -> Backlog.Entry {
        Backlog.Entry(frames: [[UInt8](repeating: 0, count: size)], peer: peer)
    }

    private func verdicts(_ handful: [Backlog.Entry]) -> [Backlog.Verdict] {
        handful.map { Backlog.Verdict(entry: $0, broadcast: .beacon($0.frames)) }
    }

    @Test("it is open from the first until the last has come back, one handful after the other")
    func order() {
        var backlog = Backlog()
        #expect(!backlog.isOpen)
        for size in [1, 2] { backlog.add(entry(size)) }
        #expect(backlog.isOpen, "one waits")
        let first = backlog.takeHandful() ?? []
        #expect(backlog.isOpen, "they are out")
        backlog.add(entry(3))
        let early = backlog.takeHandful() ?? []
        #expect(first.count == 2 && early.isEmpty)
        backlog.giveBack(verdicts(first))
        #expect(backlog.hasReturned)
        backlog.giveBack(verdicts(backlog.takeHandful() ?? []))
        var sizes: [Int] = []
        while true {
            let isOpen = backlog.isOpen
            guard let verdict = backlog.next() else { break }
            #expect(isOpen, "what came back waits for the node")
            sizes.append(verdict.entry.byteCount)
        }
        #expect(sizes == [1, 2, 3])
        #expect(!backlog.isOpen)
    }

    @Test(
        "it is bounded in number and in bytes until they have been taken back",
        arguments: [(1, Backlog.countLimit), (Backlog.byteLimit / 4, 4)])
    func bounds(size: Int, count: Int) {
        var backlog = Backlog()
        for _ in 0..<count {
            #expect(!backlog.isFull)
            backlog.add(entry(size))
        }
        #expect(backlog.isFull)
        backlog.giveBack(verdicts(backlog.takeHandful() ?? []))
        #expect(backlog.isFull)
        _ = backlog.next()
        #expect(!backlog.isFull)
    }

    @Test("what is no batch is told apart from one of an unknown node")
    func checks() throws {
        let cluster = ClusterID(.zero)
        let identity = try NodeIdentity()
        let event = Event(
            timestamp: HybridTimestamp(milliseconds: 1, counter: 0),
            content: .application(ApplicationEvent(topic: "t", payload: .inline([1]))))
        let batch = try BatchSealer(cluster: cluster, policy: 0, identity: identity).seal(
            BatchDraft(
                log: EpochID(origin: identity.node, epoch: LogEpoch(counter: 1, nonce: 1)),
                first: 1, previous: .none, grant: .none, events: [event]))
        let frames = BatchFrames.encode(batch)
        var keys = NodeKeyRing()
        let stranger = BroadcastCheck(cluster: cluster, keys: keys)
        guard case .batch(_, _, .failure(.unknownSigner(identity.node))) = stranger.check(frames)
        else {
            Issue.record("\(stranger.check(frames))")
            return
        }
        try keys.insert(identity.nodeKey)
        let check = BroadcastCheck(cluster: cluster, keys: keys)
        guard case .batch(_, _, .success(batch)) = check.check(frames) else {
            Issue.record("\(check.check(frames))")
            return
        }
        guard case .malformed = check.check([[1, 2]]) else {
            Issue.record("two bytes are no batch")
            return
        }
    }

    @Test("a burst that takes longer than a turn arrives whole, though verified aside")
    func burst() async throws {
        let cluster = try TestCluster(2)
        try await cluster.run {
            let origin = try await cluster.servers[0].installation.loggedInNode()
            let receiver = try await cluster.servers[1].installation.loggedInNode()
            let contents = (0..<500).map { number in
                EventContent.application(
                    ApplicationEvent(topic: "burst", payload: .inline([UInt8(number & 255)])))
            }
            for _ in 0..<40 {
                origin.publish(contents, level: .local, timeout: .seconds(60)) { _ in }
            }
            let node = cluster.servers[0].identity.node
            try await eventually("all events of the burst") {
                try await cluster.servers[1].log.heads().contains {
                    $0.log.origin == node && $0.last >= 20_000
                }
            }
            #expect(receiver.counters["aside.verified"] > 0)
            #expect(receiver.counters.all.keys.allSatisfy { !$0.hasPrefix("batch.") })
        }
    }
}
