// SPDX-License-Identifier: Apache-2.0

@_spi(Verification) import ClusterModel
import Testing

@testable import ClusterCore

/// Who was away beyond every floor gets the state that was kept below it.
@Suite struct SnapshotTests {
    private func proposal(_ generation: UInt64, after parent: EventID? = nil) -> EventContent {
        .revision(
            RevisionProposal(
                generation: generation, parent: parent,
                commits: [RepositoryCommit(path: ".", commit: "c\(generation)")]))
    }

    private func observed(_ cluster: TestCluster, _ node: Int, _ mark: String) -> Int {
        cluster.observations(node).count { $0.mark == mark }
    }

    /// Three nodes; the last one goes away, and the others propose code, publish, and cut.
    private func cluster(proposals: Int) -> TestCluster {
        var cluster = TestCluster(count: 3)
        cluster.configuration.horizon = .seconds(60)
        cluster.startAll()
        cluster.run(for: .seconds(3))
        _ = cluster.publish(0, [Forge.application("a")])
        cluster.run(for: .seconds(1))
        cluster.kill(2)
        for generation in 1...proposals {
            let parent = cluster.cores[0]?.status.revision
            for _ in 0..<3 { _ = cluster.publish(0, [Forge.application("b")], level: .local) }
            cluster.run(for: .seconds(1))
            _ = cluster.publish(0, [proposal(UInt64(generation), after: parent)], level: .local)
            cluster.run(for: .seconds(1))
        }
        for _ in 0..<6 {
            _ = cluster.publish(0, [Forge.application("c")], level: .local)
            _ = cluster.publish(1, [Forge.application("c")], level: .local)
            cluster.run(for: .seconds(61))
        }
        return cluster
    }

    private func isCaughtUp(_ cluster: TestCluster, _ node: Int) -> Bool {
        cluster.isReady(node) && cluster.cores[node]?.snapshots.isEmpty == true
            && cluster.cores[node]?.status.revision == cluster.cores[0]?.status.revision
    }

    @Test func `whoever was away beyond every floor wants the same code as the others`() {
        var cluster = cluster(proposals: 3)
        let log = cluster.log(0)
        let wanted = cluster.cores[0]?.status.revision
        #expect(wanted != nil && wanted?.log == log)
        #expect((log.flatMap { cluster.disks[0].floors[$0]?.last } ?? 0) > (wanted?.sequence ?? 0))
        cluster.start(2)
        #expect(cluster.run(within: .seconds(20)) { self.isCaughtUp($0, 2) })
        #expect(observed(cluster, 2, "gap-unprovable") >= 1)
        #expect(observed(cluster, 2, "state-completed") >= 1)
        let clears = cluster.effects[2].count {
            if case .apply(let task) = $0, case .clear(let order, sparing: _) = task.work {
                order.everything
            } else {
                false
            }
        }
        #expect(clears >= 1)
        // Nothing but state comes from below: no event of an application is handed out twice.
        #expect(Set(cluster.delivered[2]).count == cluster.delivered[2].count)
        #expect(!cluster.delivered[2].contains { $0.log == log && $0.sequence == 3 })
        // It is as good a source as those it came from.
        cluster.kill(2)
        cluster.start(2)
        #expect(cluster.run(within: .seconds(20)) { self.isCaughtUp($0, 2) })
        #expect(cluster.cores[2]?.status.revision == wanted)
    }

    @Test func `a crash between the jump and the state loses nothing`() {
        var cluster = cluster(proposals: 2)
        cluster.start(2)
        let hasJumped = cluster.run(within: .seconds(20)) { !$0.disks[2].missing.isEmpty }
        #expect(hasJumped)
        cluster.kill(2)
        cluster.start(2)
        #expect(cluster.cores[2]?.snapshots.isEmpty == false)
        #expect(cluster.run(within: .seconds(20)) { self.isCaughtUp($0, 2) })
        #expect(cluster.disks[2].missing.isEmpty)
    }

    @Test func `another member is asked where one does not answer`() {
        var cluster = cluster(proposals: 2)
        cluster.start(2)
        #expect(cluster.run(within: .seconds(20)) { !$0.disks[2].missing.isEmpty })
        cluster.cut = [[2, 0]]
        let wanted = cluster.cores[1]?.status.revision
        #expect(
            cluster.run(within: .seconds(60)) { $0.cores[2]?.status.revision == wanted })
    }

    @Test func `what no member has is done without, and said`() {
        var cluster = cluster(proposals: 1)
        // Both have lost what they kept, and know it.
        for node in 0..<2 {
            for log in cluster.disks[node].floors.keys {
                cluster.disks[node].missing[log] = EventRange(
                    log: log, first: 1, last: cluster.disks[node].floors[log]?.last ?? 1)
            }
            cluster.kill(node)
            cluster.start(node)
        }
        cluster.start(2)
        cluster.run(for: .seconds(20))
        #expect(cluster.cores[2]?.snapshots.isEmpty == false)
        #expect(cluster.isReady(2))
        #expect(observed(cluster, 2, "state-unprovable") == 0)
        cluster.run(for: .seconds(200))
        for node in 0..<3 { #expect(observed(cluster, node, "state-unprovable") >= 1) }
        // Nobody says that there was none.
        #expect(cluster.disks.allSatisfy { !$0.missing.isEmpty })
    }

    @Test func `an answer that contradicts its log is refused`() {
        let log = EpochID(origin: Forge.node(1), epoch: LogEpoch(counter: 1, nonce: 1))
        func batch(_ first: SequenceNumber, after previous: Digest) -> VerifiedBatch {
            Forge.seal(
                BatchDraft(
                    log: log, first: first, previous: previous, grant: .none,
                    events: [
                        Event(
                            timestamp: HybridTimestamp(milliseconds: 5, counter: 0),
                            content: proposal(1))
                    ]))
        }
        let one = batch(3, after: .none)
        let floor = EpochHead(log: log, last: 9, chain: batch(9, after: .none).hash)
        func isImpossible(_ batches: [VerifiedBatch]) -> Bool {
            var pull = SnapshotPull(now: Instant(nanoseconds: 0))
            for batch in batches { pull.stage(batch, floor: floor) }
            return pull.isImpossible
        }
        #expect(!isImpossible([one, batch(4, after: one.hash), batch(9, after: .none)]))
        #expect(isImpossible([one, batch(4, after: .none)]))
        #expect(isImpossible([batch(4, after: .none), one]))
        #expect(isImpossible([one, one]))
        #expect(isImpossible([batch(9, after: one.hash)]))
    }
}
