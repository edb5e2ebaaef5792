// SPDX-License-Identifier: Apache-2.0

import ClusterModel
import Testing

@testable import ClusterCore

/// The update lock in whole clusters.
@Suite struct LockTests {
    private func lock(_ generation: UInt64, _ reason: String = "") -> EventContent {
        .lock(
            LockChange(generation: generation, claim: LockClaim(reason: reason, ttl: 3_600_000)))
    }

    private func unlock(_ generation: UInt64) -> EventContent {
        .lock(LockChange(generation: generation, claim: nil))
    }

    private func isHeld(_ cluster: TestCluster, _ node: Int) -> Bool {
        cluster.cores[node]?.status.lock?.isHeld(at: cluster.moment(node).wall) ?? false
    }

    private func outcome(
        _ cluster: TestCluster, of ticket: PublishTicket, on node: Int
    ) -> ApplyOutcome? {
        guard case .confirmed(let range, _) = cluster.results[ticket] else { return nil }
        return cluster.cores[node]?
            .outcomes(of: EventID(log: range.log, sequence: range.first))
            .first { $0.node == Forge.node(node) }?.outcome
    }

    @Test func `every node knows the lock and its end, also after a crash`() {
        var cluster = ReplicatorTests.ready(3)
        let taken = cluster.publish(1, [lock(1, "release 7")])
        cluster.run(for: .seconds(1))
        for node in 0..<3 {
            #expect(isHeld(cluster, node))
            #expect(cluster.cores[node]?.status.lock?.reason == "release 7")
            #expect(outcome(cluster, of: taken, on: node) == .applied)
        }
        let known = cluster.cores[1]?.status.lock
        cluster.kill(1)
        cluster.start(1)
        #expect(cluster.cores[1]?.status.lock == known)
        cluster.run(for: .seconds(5))
        let ended = cluster.publish(2, [unlock(2)])
        cluster.run(for: .seconds(1))
        for node in 0..<3 {
            #expect(!isHeld(cluster, node) && cluster.cores[node]?.status.lock?.generation == 2)
            #expect(outcome(cluster, of: ended, on: node) == .applied)
            // What came to its end was no loser.
            #expect(outcome(cluster, of: taken, on: node) == .applied)
        }
    }

    @Test func `of two that did not know of one another all nodes pick one, and say so`() {
        var cluster = ReplicatorTests.ready(3)
        cluster.cut = [[0, 1], [1, 0], [0, 2], [2, 0]]
        let first = cluster.publish(0, [lock(1, "mine")], level: .local)
        cluster.run(for: .milliseconds(100))
        let second = cluster.publish(1, [lock(1, "ours")], level: .local)
        cluster.run(for: .milliseconds(100))
        #expect(cluster.cores[0]?.status.lock?.reason == "mine")
        cluster.cut = []
        cluster.run(for: .seconds(5))
        for node in 0..<3 {
            #expect(cluster.cores[node]?.status.lock?.reason == "ours")
            #expect(outcome(cluster, of: first, on: node) == .superseded)
            #expect(outcome(cluster, of: second, on: node) == .applied)
        }
    }

    @Test func `a lock from the far future waits for its time`() {
        var cluster = TestCluster(count: 3)
        cluster.wallOffsets[2] = 200_000
        cluster.startAll()
        cluster.run(for: .seconds(4))
        let ticket = cluster.publish(2, [lock(1), Forge.application("a")])
        #expect(cluster.run(within: .seconds(1)) { $0.results[ticket] != nil })
        #expect(cluster.delivered[0].count == 1)
        #expect(cluster.cores[0]?.status.lock == nil)
        #expect(cluster.cores[0]?.status.farFutureEvents == 1)
        cluster.run(for: .seconds(200))
        #expect(isHeld(cluster, 0) && cluster.cores[0]?.status.farFutureEvents == 0)
    }

    @Test func `a void brings back what was before`() {
        var cluster = ReplicatorTests.ready(2)
        _ = cluster.publish(0, [lock(1)])
        cluster.run(for: .seconds(1))
        _ = cluster.publish(0, [unlock(2)])
        cluster.run(for: .seconds(1))
        guard let ended = cluster.cores[1]?.status.lock?.event else {
            Issue.record("nothing is known of the lock")
            return
        }
        let void = Forge.record(.void(ended))
        for node in 0..<2 { cluster.feed(node, .authority(.recordsReceived([void]))) }
        cluster.run(for: .seconds(1))
        for node in 0..<2 { #expect(isHeld(cluster, node)) }
    }

    @Test func `who is not listed locks nothing here, until he is`() {
        var cluster = ReplicatorTests.ready(2, foreign: [0])
        let ticket = cluster.publish(0, [lock(1)])
        cluster.run(for: .seconds(1))
        #expect(isHeld(cluster, 0) && cluster.cores[1]?.status.lock == nil)
        guard case .refused = outcome(cluster, of: ticket, on: 1) else {
            Issue.record("\(outcome(cluster, of: ticket, on: 1) as Any)")
            return
        }
        let users = ["alice", "mallory"].map { AllowedUser(identifier: $0, scopes: .all) }
        cluster.feed(1, .authority(.usersChanged(users)))
        cluster.run(for: .seconds(1))
        #expect(isHeld(cluster, 1) && outcome(cluster, of: ticket, on: 1) == .applied)
    }

    @Test func `who was away beyond every floor learns of the lock`() {
        var cluster = TestCluster(count: 3)
        cluster.configuration.horizon = .seconds(60)
        cluster.startAll()
        cluster.run(for: .seconds(3))
        cluster.kill(2)
        for _ in 0..<3 { _ = cluster.publish(0, [Forge.application("b")], level: .local) }
        cluster.run(for: .seconds(1))
        _ = cluster.publish(0, [lock(1)], level: .local)
        cluster.run(for: .seconds(1))
        for _ in 0..<6 {
            _ = cluster.publish(0, [Forge.application("c")], level: .local)
            _ = cluster.publish(1, [Forge.application("c")], level: .local)
            cluster.run(for: .seconds(61))
        }
        let event = cluster.cores[0]?.status.lock?.event
        let floor = event.flatMap { cluster.disks[0].floors[$0.log]?.last } ?? 0
        #expect(floor > (event?.sequence ?? 0))
        cluster.start(2)
        #expect(cluster.run(within: .seconds(20)) { self.isHeld($0, 2) })
        #expect(cluster.cores[2]?.status.lock?.event == event)
    }
}
