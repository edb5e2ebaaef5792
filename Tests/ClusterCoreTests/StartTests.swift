// SPDX-License-Identifier: Apache-2.0

@_spi(Verification) import ClusterModel
import Testing

@testable import ClusterCore

/// What a node does before it signs, and what it never signs again.
@Suite struct StartTests {
    @Test func `a restored node gets its own tail back, applies it and begins a higher epoch`() {
        var cluster = ReplicatorTests.ready(3)
        let old = cluster.disks[0]
        let log = cluster.log(0)
        let ticket = cluster.publish(0, [Forge.application("a"), Forge.application("b")])
        #expect(cluster.run(within: .seconds(1)) { $0.results[ticket] != nil })
        cluster.kill(0)
        cluster.disks[0] = old
        cluster.delivered[0] = []
        cluster.start(0)
        #expect(cluster.run(within: .seconds(5)) { $0.isReady(0) })
        #expect(cluster.delivered[0].map(\.log) == [log, log])
        #expect(
            cluster.observations(0).contains { if case .ownTailFound = $0 { true } else { false } })
        #expect(cluster.log(0).map { $0 > log ?? $0 } == true)
    }

    @Test func `a tail that comes after the start is applied too, and the epoch goes above it`() {
        var cluster = ReplicatorTests.ready(2)
        let old = cluster.disks[0]
        let ticket = cluster.publish(0, [Forge.application("a")])
        #expect(cluster.run(within: .seconds(1)) { $0.results[ticket] != nil })
        let lost = cluster.log(0)
        cluster.kill(0)
        cluster.disks[0] = old
        cluster.disks[0].epochCounter = 0
        cluster.delivered[0] = []
        cluster.cut = [[0, 1], [1, 0]]
        cluster.start(0)
        cluster.run(for: .seconds(5))
        #expect(cluster.log(0) != nil)
        cluster.cut = []
        #expect(cluster.run(within: .seconds(5)) { $0.delivered[0].map(\.log) == [lost] })
        #expect(
            cluster.run(within: .seconds(5)) { cluster in
                guard let new = cluster.log(0), let lost else { return false }
                return new > lost
            })
    }

    @Test func `the first epoch of a restored node is above all that its peers know of`() {
        var cluster = ReplicatorTests.ready(2)
        let old = cluster.disks[0]
        for _ in 0..<4 {
            let ticket = cluster.publish(0, [Forge.application("a")])
            #expect(cluster.run(within: .seconds(5)) { $0.results[ticket] != nil })
            cluster.kill(0)
            cluster.start(0)
            cluster.run(for: .seconds(4))
        }
        let newest = cluster.disks[0].epochCounter
        cluster.kill(0)
        cluster.disks[0] = old
        cluster.effects[0] = []
        cluster.start(0)
        cluster.run(for: .seconds(5))
        let begun = cluster.effects[0].compactMap {
            if case .persistEpoch(let epoch) = $0 { epoch.counter } else { nil }
        }
        // The last life signed nothing, so nobody knows of it; its nonce tells it apart.
        #expect(begun == [newest])
        #expect(cluster.applicationEvents(0).count == 4)
    }

    @Test func `nothing is signed before a peer answered or three seconds went by`() {
        var cluster = TestCluster(count: 2)
        cluster.start(0)
        _ = cluster.publish(0, [Forge.application("a")])
        cluster.run(for: .milliseconds(2_900))
        #expect(!cluster.effects[0].contains { if case .persistEpoch = $0 { true } else { false } })
        #expect(!cluster.effects[0].contains { if case .seal = $0 { true } else { false } })
        cluster.run(for: .milliseconds(200))
        #expect(cluster.effects[0].contains { if case .seal = $0 { true } else { false } })
    }

    @Test func `nothing is signed under an epoch that is not on disk`() {
        var cluster = TestCluster(count: 1)
        cluster.diskFails = [0]
        cluster.start(0)
        _ = cluster.publish(0, [Forge.application("a")], level: .local)
        cluster.run(for: .seconds(3))
        #expect(!cluster.effects[0].contains { if case .seal = $0 { true } else { false } })
        cluster.diskFails = []
        #expect(cluster.run(within: .seconds(3)) { $0.delivered[0].count == 1 })
    }

    @Test func `a clone that is heard ends all signing`() {
        var cluster = ReplicatorTests.ready(2)
        cluster.feed(0, .cloneHeard(InstanceID(high: 9, low: 9)))
        let ticket = cluster.publish(0, [Forge.application("a")])
        #expect(cluster.results[ticket] == .refused(.cloned))
        #expect(cluster.cores[0]?.status.readiness.obstacles == [.cloned])
        let before = cluster.effects[0].count
        cluster.run(for: .seconds(5))
        #expect(
            !cluster.effects[0].dropFirst(before).contains {
                if case .seal = $0 { return true }
                if case .broadcastBeacon = $0 { return true }
                return false
            })
    }

    @Test func `a commit that fails after the broadcast ends the process`() {
        var cluster = ReplicatorTests.ready(2)
        cluster.diskFails = [0]
        let ticket = cluster.publish(0, [Forge.application("a")])
        cluster.run(for: .milliseconds(20))
        #expect(cluster.cores[0] == nil)
        #expect(cluster.results[ticket] == nil)
        guard
            case .stop(.ownCommitFailed(let range, _)) = cluster.effects[0].last(where: {
                if case .stop = $0 { true } else { false }
            })
        else {
            Issue.record("no stop")
            return
        }
        #expect(range.first == range.last)
        // The others may have it; a new life of the node gets it from them as a tail.
        cluster.diskFails = []
        cluster.start(0)
        #expect(
            cluster.run(within: .seconds(5)) { $0.applicationEvents(0) == $0.applicationEvents(1) })
        #expect(cluster.applicationEvents(0).count == 1)
    }

    @Test func `a start without fresh answers clears everything once before ready`() {
        var cluster = TestCluster(count: 2)
        var clears = 0
        cluster.start(0)
        #expect(cluster.run(within: .seconds(6)) { $0.isReady(0) })
        for effect in cluster.effects[0] {
            if case .apply(let task) = effect, case .clear(let order, sparing: _) = task.work {
                #expect(order.everything)
                clears += 1
            }
        }
        #expect(clears == 1)
    }

    @Test func `a start with fresh answers from everybody clears nothing`() {
        let cluster = ReplicatorTests.ready(3)
        for node in 0..<3 {
            #expect(!cluster.effects[node].contains { if case .apply = $0 { true } else { false } })
        }
    }

    @Test func `a node is not ready before it has applied what the others have`() {
        var cluster = ReplicatorTests.ready(2)
        for _ in 0..<5 { _ = cluster.publish(0, [Forge.application("a")], level: .local) }
        cluster.run(for: .milliseconds(50))
        cluster.kill(1)
        for _ in 0..<50 { _ = cluster.publish(0, [Forge.application("a")], level: .local) }
        cluster.run(for: .seconds(1))
        cluster.start(1)
        #expect(cluster.run(within: .seconds(5)) { $0.isReady(1) })
        #expect(cluster.delivered[1].count == 55)
    }

    @Test func `a node that is not logged in publishes nothing and says so`() {
        var cluster = TestCluster(count: 1)
        cluster.authorities[0] = Authority(pin: nil, own: Forge.node(0))
        cluster.start(0)
        cluster.run(for: .seconds(1))
        let ticket = cluster.publish(0, [Forge.application("a")], level: .local)
        #expect(cluster.results[ticket] == .refused(.notLoggedIn))
        #expect(cluster.cores[0]?.status.readiness.obstacles == [.notLoggedIn])
    }

    @Test(
        "An epoch at and above the largest is not believed, so the own numbers are not used up",
        arguments: [
            (Limits.largestEpoch - 1, Limits.largestEpoch), (Limits.largestEpoch, 8),
            (Limits.largestEpoch + 1, 8), (.max, 8),
        ] as [(UInt64, UInt64)])
    func absurdEpochs(counter: UInt64, next: UInt64) {
        var start = StartSequence(persisted: 7, nonce: 1)
        start.learn(LogEpoch(counter: counter, nonce: 9))
        let begun = start.beginEpoch().counter
        #expect(begun == next)
    }

    @Test(
        "An own batch of an absurd epoch is refused, and the node goes on under a near one",
        arguments: [Limits.largestEpoch, .max])
    func absurdOwnBatch(counter: UInt64) throws {
        var cluster = ReplicatorTests.ready(2)
        let own = cluster.disks[0].epochCounter
        let log = EpochID(origin: Forge.node(0), epoch: LogEpoch(counter: counter, nonce: 9))
        let batches = Forge.chain(log, counts: [1, 2])
        for batch in batches { cluster.feed(0, .batchReceived(batch, from: Forge.node(1))) }
        let head = EpochHead(log: log, last: 3, chain: try #require(batches.last).hash)
        cluster.feed(0, .ownHeadsReceived([head], from: Forge.node(1)))
        cluster.run(for: .seconds(1))
        #expect(cluster.disks[0].logs[log] == nil)
        #expect(
            cluster.observations(0).contains {
                if case .requestRejected(Forge.node(1), _) = $0 { true } else { false }
            })
        cluster.kill(0)
        cluster.effects[0] = []
        cluster.start(0)
        cluster.run(for: .seconds(5))
        let begun = cluster.effects[0].compactMap {
            if case .persistEpoch(let epoch) = $0 { epoch.counter } else { nil }
        }
        #expect(begun == [own + 1])
        let ticket = cluster.publish(0, [Forge.application("a")])
        #expect(cluster.run(within: .seconds(5)) { $0.results[ticket] != nil })
    }
}
