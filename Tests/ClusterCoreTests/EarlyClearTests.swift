// SPDX-License-Identifier: Apache-2.0

@_spi(Verification) import ClusterModel
import Testing

@testable import ClusterCore

/// Clears that begin while the batch of their order is still on its way to disk.
@Suite struct EarlyClearTests {
    private static let log = EpochID(origin: Forge.node(0), epoch: LogEpoch(counter: 1, nonce: 1))
    private static let hash = digest(1)
    private static let step = StepReceipt(
        target: "opcode", action: "clear", failure: nil, proof: [], microseconds: 1)

    private static func digest(_ number: UInt8) -> Digest {
        var bytes = [UInt8](repeating: 0, count: 32)
        bytes[0] = number
        return Bytes32(bytes).map { Digest($0) } ?? .none
    }

    private static func id(_ number: UInt64) -> EventID {
        EventID(log: log, sequence: SequenceNumber(number))
    }

    /// A queue that is told of batches, and the time.
    private struct Bench {
        var queue = ClearQueue()
        var jitter = Jitter(seed: 1)
        var now = Instant(nanoseconds: 1)
        var applied = true

        mutating func early(_ number: UInt64, _ order: Invalidation = .plain) -> ApplyTask? {
            let isApplied = applied
            return queue.beginEarly(
                [(EarlyClearTests.id(number), order)], of: EarlyClearTests.hash, now: now,
                isApplied: { $0.entries.isEmpty || isApplied }
            ) { ApplyTicket(number) }
        }

        mutating func begin() -> ApplyTask? {
            let isApplied = applied
            return queue.begin(
                now: now, isApplied: { $0.entries.isEmpty || isApplied }
            ) { ApplyTicket(99) }
        }

        mutating func end(_ outcome: ApplyOutcome = .applied) -> [ApplyOutcome] {
            queue.finish(outcome, [EarlyClearTests.step], now: now, jitter: &jitter)
                .map(\.outcome)
        }

        /// The batch is durable: what is told, `nil` where no clear began for it.
        mutating func claim(
            _ number: UInt64, of hash: Digest = EarlyClearTests.hash
        ) -> [ApplyOutcome]? {
            queue.claim(EarlyClearTests.id(number), of: hash, now: now, jitter: &jitter)?
                .results.map(\.outcome)
        }
    }

    @Test func `what came of it is told when the batch is durable, and once`() {
        var bench = Bench()
        #expect(bench.early(1) != nil)
        #expect(bench.end() == [])
        #expect(bench.claim(1) == [.applied])
        #expect(bench.claim(1) == nil)
        #expect(bench.begin() == nil && bench.queue.nextDeadline == nil)
    }

    @Test func `a batch that is durable before the clear ends is told of at its end`() {
        var bench = Bench()
        _ = bench.early(1)
        #expect(bench.claim(1) == [])
        #expect(bench.end() == [.applied])
        #expect(bench.claim(1) == nil)
    }

    @Test func `another batch in the same place is not covered`() {
        var bench = Bench()
        _ = bench.early(1)
        #expect(bench.claim(1, of: Self.digest(2)) == nil)
        _ = bench.end()
        #expect(bench.claim(1, of: Self.digest(2)) == nil)
        #expect(bench.claim(2) == nil)
    }

    @Test func `one that fails is told, and tried again, once the batch is durable`() {
        var bench = Bench()
        _ = bench.early(1)
        #expect(bench.end(.failed(reason: "down")) == [])
        bench.now = bench.now + .seconds(5)
        #expect(bench.begin() == nil)
        #expect(bench.claim(1) == [.failed(reason: "down")])
        #expect(bench.begin() == nil)
        bench.now = bench.now + .seconds(5)
        #expect(bench.begin() != nil)
        #expect(bench.end() == [.applied])
    }

    @Test func `what its publisher had seen is waited for as ever`() {
        var bench = Bench()
        bench.applied = false
        var order = Invalidation.plain
        order.seen = VersionVector([(Self.log, SequenceNumber(7))])
        #expect(bench.early(1, order) != nil)
        _ = bench.end()
        #expect(bench.claim(1)?.contains(.applied) == false)
        #expect(bench.begin() == nil)
        bench.applied = true
        #expect(bench.begin() != nil)
        #expect(bench.end() == [.applied])
    }

    @Test func `none begins while another runs or waits, nor one of everything`() {
        var bench = Bench()
        #expect(bench.early(1, .total) == nil)
        bench.queue.add(Self.id(2), .plain, slot: .zero, now: bench.now)
        #expect(bench.early(1) == nil)
        #expect(bench.begin() != nil)
        #expect(bench.early(1) == nil)
        #expect(bench.end() == [.applied])
        #expect(bench.early(1) != nil)
    }

    // In a cluster.

    private func clears(_ cluster: TestCluster, _ node: Int) -> Int {
        cluster.effects[node].count {
            guard case .apply(let task) = $0, case .clear = task.work else { return false }
            return true
        }
    }

    private func receipts(_ cluster: TestCluster, by node: Int) -> Int {
        cluster.disks[0].receipts.count { $0.by == Forge.node(node) }
    }

    @Test func `caches are cleared beside the commit, and receipts wait for it`() {
        var cluster = ReplicatorTests.ready(3)
        cluster.diskDelay = 200_000_000
        _ = cluster.publish(0, [.invalidation(.plain)])
        cluster.run(for: .milliseconds(50))
        for node in 0..<3 { #expect(clears(cluster, node) == 1) }
        #expect(
            !cluster.effects.joined().contains {
                if case .seal(let draft) = $0 {
                    draft.events.contains { if case .receipt = $0.content { true } else { false } }
                } else {
                    false
                }
            })
        cluster.run(for: .seconds(5))
        for node in 0..<3 {
            #expect(clears(cluster, node) == 1)
            #expect(receipts(cluster, by: node) == 1)
        }
    }

    @Test func `a crash before the commit clears again, and tells once`() {
        var cluster = ReplicatorTests.ready(3)
        cluster.diskDelay = 50_000_000
        _ = cluster.publish(0, [.invalidation(.plain)])
        cluster.run(for: .milliseconds(20))
        #expect(clears(cluster, 1) == 1)
        cluster.kill(1)
        cluster.run(for: .seconds(1))
        cluster.start(1)
        cluster.run(for: .seconds(10))
        #expect(clears(cluster, 1) == 2)
        #expect(receipts(cluster, by: 1) == 1)
    }

    @Test func `a crash while receipts wait for others tells of the order afterwards`() {
        var cluster = ReplicatorTests.ready(3)
        _ = cluster.publish(0, [.invalidation(.plain)])
        cluster.run(for: .milliseconds(10))
        #expect(clears(cluster, 1) == 1)
        #expect(cluster.disks[1].logs[Self.newest(of: 0, in: cluster)]?.isEmpty == false)
        cluster.kill(1)
        cluster.run(for: .seconds(1))
        #expect(receipts(cluster, by: 1) == 0)
        cluster.start(1)
        cluster.run(for: .seconds(10))
        #expect(receipts(cluster, by: 1) == 1)
    }

    private static func newest(of node: Int, in cluster: TestCluster) -> EpochID {
        let logs = cluster.disks[node].logs.keys.filter { $0.origin == Forge.node(node) }
        return logs.max() ?? log
    }

    @Test func `an order that is not allowed here clears nothing`() {
        var cluster = TestCluster(count: 2, users: [])
        cluster.startAll()
        cluster.run(for: .seconds(5))
        _ = cluster.publish(0, [.invalidation(.plain)])
        cluster.run(for: .seconds(2))
        #expect(clears(cluster, 0) == 1)
        #expect(clears(cluster, 1) == 0)
    }

    @Test func `an order behind a gap waits until the gap is closed`() {
        var cluster = ReplicatorTests.ready(2)
        cluster.losesBroadcast = { node, batch in
            node == 1
                && batch.events.contains {
                    if case .application = $0.content { true } else { false }
                }
        }
        _ = cluster.publish(0, [Forge.application("a")], level: .local)
        cluster.run(for: .milliseconds(5))
        _ = cluster.publish(0, [.invalidation(.plain)], level: .local)
        cluster.run(for: .milliseconds(10))
        #expect(clears(cluster, 1) == 0)
        cluster.run(for: .seconds(5))
        #expect(clears(cluster, 1) == 1)
    }
}
