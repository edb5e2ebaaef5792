// SPDX-License-Identifier: Apache-2.0

@_spi(Verification) import ClusterModel
import Testing

@testable import ClusterCore

/// When a node clears for whom, and when it says that it is ready again.
@Suite struct ClearingTests {
    /// What a node cleared: when, what, and what it spared.
    private func clears(
        _ cluster: TestCluster, _ node: Int
    ) -> [(order: Invalidation, spared: Set<String>)] {
        cluster.effects[node].compactMap {
            guard case .apply(let task) = $0,
                case .clear(let order, sparing: let spared) = task.work
            else { return nil }
            return (order, spared)
        }
    }

    private func commits(_ words: String...) -> [RepositoryCommit] {
        words.enumerated().map { index, commit in
            RepositoryCommit(path: index == 0 ? "." : "packages/\(index)", commit: commit)
        }
    }

    private func revision(_ words: String...) -> EventContent {
        .revision(
            RevisionProposal(
                generation: 1, parent: nil,
                commits: words.enumerated().map { index, commit in
                    RepositoryCommit(path: index == 0 ? "." : "packages/\(index)", commit: commit)
                }))
    }

    /// The instants at which the nodes began to clear everything.
    private func totals(
        _ cluster: inout TestCluster, within span: Duration
    ) -> [Int: UInt64] {
        var begun: [Int: UInt64] = [:]
        let counts = cluster.effects.map(\.count)
        let step: Duration = .milliseconds(10)
        for _ in 0..<Int(span / step) {
            cluster.run(for: step)
            for node in cluster.effects.indices where begun[node] == nil {
                let isBegun = cluster.effects[node].dropFirst(counts[node]).contains {
                    guard case .apply(let task) = $0, case .clear(let order, sparing: _) = task.work
                    else { return false }
                    return order.everything
                }
                if isBegun { begun[node] = cluster.time }
            }
        }
        return begun
    }

    // Retries.

    @Test func `a cache that is down costs the others nothing, and is cleared when it is back`() {
        var cluster = ReplicatorTests.ready(2)
        cluster.caches = ["opcode", "redis"]
        cluster.down = [1: ["redis"]]
        _ = cluster.publish(0, [.invalidation(.plain)])
        cluster.run(for: .seconds(20))
        let attempts = clears(cluster, 1)
        #expect(attempts.count > 3)
        #expect(attempts.dropFirst().allSatisfy { $0.spared == ["opcode"] })
        cluster.down = [:]
        #expect(
            cluster.run(within: .seconds(70)) { cluster in
                cluster.disks[0].receipts.last { $0.by == Forge.node(1) }?.receipt.outcome
                    == .applied
            })
        #expect(clears(cluster, 0).count == 1)
        // A new process knows of no cache that is done.
        cluster.down = [1: ["redis"]]
        _ = cluster.publish(0, [.invalidation(.plain)])
        cluster.run(for: .seconds(5))
        cluster.kill(1)
        cluster.effects[1] = []
        cluster.down = [:]
        cluster.start(1)
        cluster.run(for: .seconds(5))
        #expect(clears(cluster, 1).map(\.spared) == [[]])
    }

    @Test func `a busy cluster whose caches work says of nothing that it failed`() {
        var cluster = ReplicatorTests.ready(3)
        cluster.caches = ["opcode"]
        // Others have applied it before, and say so in the orders that they publish.
        cluster.losesBroadcast = { node, batch in
            node == 2 && batch.header.log.origin == Forge.node(1)
                && batch.header.first.value % 3 == 0
        }
        for _ in 0..<40 {
            for node in 0..<3 { _ = cluster.publish(node, [.invalidation(.plain)]) }
            cluster.run(for: .milliseconds(3))
        }
        cluster.run(for: .seconds(10))
        let told = cluster.disks[0].receipts.map(\.receipt)
        // What adjoins is told together.
        let done = told.filter { $0.outcome == .applied }.map(\.subject)
        #expect(done.reduce(0) { $0 + $1.last.value - $1.first.value + 1 } == 3 * 3 * 40)
        #expect(!told.contains { $0.outcome != .applied })
    }

    // Slots.

    @Test func `members clear everything one after another, not always the same one first`() {
        var cluster = ReplicatorTests.ready(4)
        var firsts: Set<Int> = []
        for _ in 0..<6 {
            _ = cluster.publish(0, [.invalidation(.total)])
            let begun = totals(&cluster, within: .seconds(4))
            #expect(begun.count == 4)
            let times = begun.values.sorted()
            for (earlier, later) in zip(times, times.dropFirst()) {
                #expect(later - earlier > 400_000_000)
            }
            #expect((times.last ?? 0) - (times.first ?? 0) < 5_000_000_000)
            if let first = begun.min(by: { $0.value < $1.value }) { firsts.insert(first.key) }
        }
        #expect(firsts.count > 1)
    }

    @Test func `a plain order waits for no slot, and a dead member has none`() {
        var cluster = ReplicatorTests.ready(3)
        _ = cluster.publish(0, [.invalidation(.plain)])
        cluster.run(for: .milliseconds(50))
        for node in 0..<3 { #expect(clears(cluster, node).count == 1) }
        cluster.kill(2)
        cluster.run(for: .seconds(12))
        _ = cluster.publish(0, [.invalidation(.total)], level: .one)
        let times = totals(&cluster, within: .seconds(2)).values.sorted()
        #expect(times.count == 2)
        #expect((times.last ?? 0) - (times.first ?? 0) < 600_000_000)
    }

    @Test func `a node that is not ready serves nobody, and waits for no slot`() {
        var cluster = ReplicatorTests.ready(3)
        cluster.kill(2)
        for _ in 0..<3 { _ = cluster.publish(0, [.invalidation(.total)], level: .one) }
        cluster.run(for: .seconds(3))
        cluster.start(2)
        #expect(
            cluster.run(within: .milliseconds(2_000)) {
                clears($0, 2).contains { $0.order.everything }
            })
        #expect(cluster.run(within: .milliseconds(500)) { $0.isReady(2) })
    }

    // Code.

    @Test func `other code is cleared for at once, and once more after it has settled`() {
        var cluster = ReplicatorTests.ready(1)
        cluster.feed(0, .served(commits("a", "b")))
        cluster.run(for: .seconds(3))
        // Nobody knows what was served before the first look.
        #expect(clears(cluster, 0).isEmpty)
        #expect(cluster.disks[0].clears.code == commits("a", "b"))
        cluster.feed(0, .served(commits("a", "c")))
        #expect(cluster.disks[0].clears.isCodeCleared == false)
        cluster.run(for: .milliseconds(1_900))
        #expect(clears(cluster, 0).map(\.order) == [.plain])
        cluster.feed(0, .served(commits("a", "c")))
        cluster.run(for: .milliseconds(200))
        #expect(clears(cluster, 0).map(\.order) == [.plain, .plain])
        #expect(cluster.disks[0].clears.isCodeCleared)
        #expect(cluster.isReady(0))
        cluster.feed(0, .served(commits("a", "c")))
        cluster.run(for: .seconds(3))
        #expect(clears(cluster, 0).count == 2)
    }

    @Test func `the order of the repositories does not matter`() {
        var cluster = ReplicatorTests.ready(1)
        cluster.feed(0, .served(commits("a", "b")))
        cluster.feed(0, .served(commits("a", "b").reversed()))
        cluster.run(for: .seconds(3))
        #expect(clears(cluster, 0).isEmpty)
    }

    /// Where a process may end between a switch and the last clear for it, in milliseconds.
    @Test(arguments: [0, 1, 500, 1_999])
    func `a process that ends before the last clear for new code clears at its next start`(
        milliseconds: Int
    ) {
        var cluster = ReplicatorTests.ready(1)
        cluster.configuration.surveysCode = true
        cluster.feed(0, .served(commits("a")))
        cluster.run(for: .seconds(1))
        cluster.feed(0, .served(commits("b")))
        cluster.run(for: .milliseconds(milliseconds))
        cluster.kill(0)
        cluster.effects[0] = []
        cluster.start(0)
        cluster.run(for: .milliseconds(100))
        #expect(clears(cluster, 0).map(\.order) == [.plain])
        // Nobody has looked yet.
        #expect(cluster.cores[0]?.status.readiness.obstacles == [.awaitingSurvey])
        cluster.feed(0, .served(commits("b")))
        #expect(cluster.isReady(0))
        cluster.run(for: .seconds(3))
        #expect(clears(cluster, 0).count == 2)
        #expect(cluster.disks[0].clears.isCodeCleared)
    }

    @Test func `code that changed while the daemon was down is cleared for before ready`() {
        var cluster = ReplicatorTests.ready(1)
        cluster.configuration.surveysCode = true
        cluster.feed(0, .served(commits("a")))
        cluster.run(for: .seconds(1))
        cluster.kill(0)
        cluster.effects[0] = []
        cluster.caches = ["opcode"]
        cluster.down = [0: ["opcode"]]
        cluster.start(0)
        cluster.run(for: .seconds(4))
        #expect(!cluster.isReady(0))
        cluster.feed(0, .served(commits("b")))
        cluster.run(for: .seconds(4))
        #expect(cluster.cores[0]?.status.readiness.obstacles == [.awaitingClear])
        cluster.down = [:]
        #expect(cluster.run(within: .seconds(20)) { $0.isReady(0) })
    }

    @Test func `a node whose code nobody can tell is not held up at its start`() {
        var cluster = TestCluster(count: 1)
        cluster.configuration.surveysCode = true
        cluster.startAll()
        cluster.run(for: .seconds(4))
        #expect(cluster.cores[0]?.status.readiness.obstacles == [.awaitingSurvey])
        cluster.feed(0, .surveyFailed(reason: "git is not installed"))
        #expect(cluster.isReady(0))
    }

    @Test func `code that changes back and forth is cleared for as it is in the end`() {
        var cluster = ReplicatorTests.ready(1)
        cluster.feed(0, .served(commits("a")))
        for word in ["b", "a", "b", "a"] {
            cluster.feed(0, .served(commits(word)))
            cluster.run(for: .milliseconds(700))
        }
        #expect(cluster.disks[0].clears.isCodeCleared == false)
        cluster.run(for: .seconds(2))
        #expect(cluster.disks[0].clears.code == commits("a"))
        #expect(cluster.disks[0].clears.isCodeCleared)
        #expect(clears(cluster, 0).count == 5)
    }

    // Readiness.

    @Test func `a gap unreadies a node that was ready until everything is cleared`() {
        var cluster = ReplicatorTests.ready(3)
        #expect(cluster.isReady(0))
        let lost = EpochID(origin: Forge.node(2), epoch: LogEpoch(counter: 9, nonce: 9))
        cluster.answer = { _, _ in nil }
        cluster.feed(
            0,
            .headsReceived(
                [EpochHead(log: lost, last: 5, chain: Forge.digest("lost"))], from: Forge.node(1)))
        #expect(cluster.run(within: .seconds(30)) { !$0.isReady(0) })
        #expect(cluster.cores[0]?.status.readiness.obstacles == [.awaitingClear])
        #expect(cluster.disks[0].clears.owesFull)
        cluster.run(for: .seconds(30))
        #expect(!cluster.isReady(0))
        // The process ends before the clear does: it is owed still.
        cluster.kill(0)
        cluster.effects[0] = []
        cluster.start(0)
        cluster.run(for: .seconds(5))
        #expect(cluster.cores[0]?.status.readiness.obstacles == [.awaitingClear])
        cluster.kill(0)
        cluster.answer = { _, _ in .applied }
        cluster.effects[0] = []
        cluster.start(0)
        #expect(cluster.run(within: .seconds(5)) { $0.isReady(0) })
        #expect(clears(cluster, 0).map(\.order.everything) == [true])
        #expect(!cluster.disks[0].clears.owesFull)
    }

    @Test func `a gap that one holder has jumped over unreadies as well`() {
        var cluster = ReplicatorTests.ready(2)
        let lost = EpochID(origin: Forge.node(1), epoch: LogEpoch(counter: 9, nonce: 9))
        let floor = EpochHead(log: lost, last: 5, chain: Forge.digest("floor"))
        cluster.disks[1].floors[lost] = floor
        cluster.kill(1)
        cluster.start(1)
        let before = cluster.effects[0].count
        #expect(
            cluster.run(within: .seconds(30)) { cluster in
                cluster.disks[0].floors[lost] == floor
            })
        cluster.run(for: .seconds(1))
        let told = cluster.effects[0].dropFirst(before).compactMap { effect -> String? in
            switch effect {
            case .recordClears(let record): record.owesFull ? "owed" : "done"
            case .jump: "jump"
            case .readiness(let readiness): readiness.isReady ? "ready" : "not ready"
            default: nil
            }
        }
        #expect(told == ["owed", "jump", "not ready", "done", "ready"])
    }

    @Test func `what was applied before is not known: a full clear comes before ready`() {
        var cluster = ReplicatorTests.ready(2)
        cluster.kill(1)
        cluster.lostHistory = [1]
        cluster.caches = ["redis"]
        cluster.down = [1: ["redis"]]
        cluster.start(1)
        cluster.run(for: .seconds(10))
        #expect(cluster.cores[1]?.status.readiness.obstacles == [.awaitingClear])
        // Only the first process after the loss knows of it by itself.
        cluster.kill(1)
        cluster.lostHistory = []
        cluster.start(1)
        cluster.run(for: .seconds(10))
        #expect(cluster.cores[1]?.status.readiness.obstacles == [.awaitingClear])
        cluster.down = [:]
        #expect(cluster.run(within: .seconds(70)) { $0.isReady(1) })
    }

    @Test func `a node is not ready while it serves other code than the newest revision's`() {
        var cluster = ReplicatorTests.ready(2)
        cluster.followsRevisions = false
        cluster.feed(0, .served(commits("a", "b")))
        let ticket = cluster.publish(0, [revision("a", "c")])
        cluster.run(for: .seconds(1))
        guard case .confirmed(let range, _) = cluster.results[ticket] else {
            Issue.record("not confirmed")
            return
        }
        let id = EventID(log: range.log, sequence: range.first)
        // Node 0 serves something else, and of node 1 nobody knows.
        for node in 0..<2 {
            #expect(cluster.cores[node]?.status.readiness.obstacles == [.behindRevision(id)])
        }
        // More repositories than the revision names do not count.
        cluster.feed(0, .served(commits("a", "c", "more")))
        #expect(cluster.isReady(0))
        cluster.feed(1, .served(commits("a")))
        #expect(!cluster.isReady(1))
        cluster.feed(1, .served(commits("a", "c")))
        #expect(cluster.isReady(1))
        cluster.feed(1, .surveyFailed(reason: "busy"))
        #expect(cluster.isReady(1))
        // It knows again after a restart only when somebody has looked.
        cluster.kill(1)
        cluster.start(1)
        cluster.run(for: .seconds(5))
        #expect(cluster.cores[1]?.status.readiness.obstacles == [.behindRevision(id)])
        cluster.feed(1, .served(commits("a", "c")))
        #expect(cluster.isReady(1))
    }

    @Test func `a member that falls silent unreadies nobody`() {
        var cluster = ReplicatorTests.ready(3)
        cluster.kill(2)
        cluster.run(for: .seconds(20))
        #expect(cluster.cores[0]?.status.members.last?.status == .dead)
        #expect(cluster.isReady(0) && cluster.isReady(1))
    }
}
