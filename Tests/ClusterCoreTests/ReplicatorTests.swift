// SPDX-License-Identifier: Apache-2.0

@_spi(Verification) import ClusterModel
import Testing

@testable import ClusterCore

@Suite struct ReplicatorTests {
    /// A cluster in which everybody is ready.
    static func ready(
        _ count: Int, users: [String] = ["alice"], foreign: [Int] = [], handlers: [String] = []
    ) -> TestCluster {
        var cluster = TestCluster(
            count: count, users: users, foreign: foreign, handlers: handlers)
        cluster.startAll()
        let isReady = cluster.run(within: .seconds(10)) { cluster in
            cluster.cores.indices.allSatisfy { cluster.isReady($0) }
        }
        #expect(isReady, "\(cluster.cores.map { $0?.status.readiness as Any })")
        return cluster
    }

    @Test func `a cluster of one signs at once and confirms what its disk holds`() {
        var cluster = Self.ready(1)
        let ticket = cluster.publish(0, [Forge.application("a")], level: .local)
        #expect(cluster.results[ticket] == nil)
        cluster.run(for: .milliseconds(10))
        guard case .confirmed(let range, let holders) = cluster.results[ticket] else {
            Issue.record("\(cluster.results[ticket] as Any)")
            return
        }
        #expect(range.first == 1 && range.last == 1 && holders.isEmpty)
        #expect(cluster.delivered[0].map(\.sequence) == [1])
    }

    @Test func `an event reaches every node and is confirmed by all`() {
        var cluster = Self.ready(3)
        let ticket = cluster.publish(0, [Forge.application("a"), Forge.application("b")])
        let isDone = cluster.run(within: .seconds(1)) { $0.results[ticket] != nil }
        #expect(isDone)
        guard case .confirmed(let range, let holders) = cluster.results[ticket] else {
            Issue.record("\(cluster.results[ticket] as Any)")
            return
        }
        #expect(holders == [Forge.node(1), Forge.node(2)])
        for node in 0..<3 {
            #expect(cluster.delivered[node].map(\.sequence) == [range.first, range.last])
        }
    }

    @Test func `nothing is visible before it is durable`() {
        var cluster = Self.ready(2)
        cluster.diskDelay = 1_000_000_000
        let ticket = cluster.publish(0, [Forge.application("a")], level: .one)
        cluster.run(for: .milliseconds(500))
        #expect(cluster.results[ticket] == nil)
        #expect(cluster.delivered == [[], []])
        for effect in cluster.effects[1] {
            guard case .acknowledge(let word, _) = effect else { continue }
            #expect(word.log != cluster.log(0))
        }
        cluster.run(for: .seconds(2))
        #expect(cluster.delivered.allSatisfy { $0.count == 1 })
        guard case .confirmed = cluster.results[ticket] else {
            Issue.record("\(cluster.results[ticket] as Any)")
            return
        }
    }

    @Test func `what a slow disk has no room for goes there next, without being pulled`() throws {
        var cluster = Self.ready(2)
        let log = try #require(cluster.log(0))
        cluster.kill(0)
        cluster.diskDelay = 100_000_000
        let topic = String(repeating: "t", count: Limits.pendingBytes / 8)
        let chain = Forge.chain(
            log, counts: Array(repeating: 1, count: 12), topic: topic,
            after: cluster.heads(1).first { $0.log == log })
        for batch in chain { cluster.feed(1, .batchReceived(batch, from: Forge.node(0))) }
        cluster.run(for: .seconds(1))
        #expect(cluster.heads(1).first { $0.log == log }?.last == chain.last?.header.last)
    }

    @Test func `a lost broadcast is found by the beacon and pulled`() {
        var cluster = Self.ready(3)
        cluster.losesBroadcast = { peer, _ in peer == 2 }
        let ticket = cluster.publish(0, [Forge.application("a")])
        let isDone = cluster.run(within: .seconds(3)) { $0.results[ticket] != nil }
        #expect(isDone)
        #expect(cluster.delivered[2].count == 1)
        let pulls = cluster.observations(2).filter {
            if case .pullStarted = $0 { true } else { false }
        }
        #expect(!pulls.isEmpty)
    }

    @Test func `a node that was away catches up, also from others than the origin`() {
        var cluster = Self.ready(3)
        cluster.kill(2)
        let ticket = cluster.publish(0, [Forge.application("a")], level: .one)
        cluster.run(for: .seconds(1))
        #expect(cluster.results[ticket] != nil)
        cluster.kill(0)
        cluster.start(2)
        let isDone = cluster.run(within: .seconds(5)) { $0.delivered[2].count == 1 }
        #expect(isDone)
    }

    @Test func `a silent member is named when the time is over`() {
        var cluster = Self.ready(3)
        cluster.kill(2)
        let ticket = cluster.publish(0, [Forge.application("a")], timeout: .seconds(2))
        cluster.run(for: .seconds(3))
        guard case .unconfirmed(_, let missing) = cluster.results[ticket] else {
            Issue.record("\(cluster.results[ticket] as Any)")
            return
        }
        #expect(missing == [Forge.node(2)])
        #expect(cluster.cores[0]?.status.members.last?.status != .alive)
    }

    @Test func `a burst is batched and arrives whole and in order`() {
        var cluster = Self.ready(3)
        var tickets: [PublishTicket] = []
        for index in 0..<3_000 {
            tickets.append(cluster.publish(0, [Forge.application("a", "\(index)")]))
        }
        let isDone = cluster.run(within: .seconds(5)) { cluster in
            tickets.allSatisfy { cluster.results[$0] != nil }
        }
        #expect(isDone)
        for node in 0..<3 {
            #expect(
                cluster.delivered[node].map(\.sequence.value)
                    == (0..<3_000).map { cluster.delivered[node][0].sequence.value + $0 })
        }
        let seals = cluster.effects[0].count { if case .seal = $0 { true } else { false } }
        #expect(seals < 20)
    }
}
