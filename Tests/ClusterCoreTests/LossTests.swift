// SPDX-License-Identifier: Apache-2.0

@_spi(Verification) import ClusterModel
import Testing

@testable import ClusterCore

/// What was lost for good, what only one side knows of, and what closed epochs come to.
@Suite struct LossTests {
    private let foreignLog = EpochID(origin: Forge.node(2), epoch: LogEpoch(counter: 7, nonce: 7))

    private func gaps(_ cluster: TestCluster, _ node: Int) -> Int {
        cluster.observations(node).count { if case .gapUnprovable = $0 { true } else { false } }
    }

    private func forks(_ cluster: TestCluster, _ node: Int) -> Int {
        cluster.observations(node).count { if case .forkFound = $0 { true } else { false } }
    }

    @Test func `what was shown once and is held by nobody is given up and cleared for once`() {
        var cluster = ReplicatorTests.ready(3)
        let head = EpochHead(log: foreignLog, last: 5, chain: Forge.digest("lost"))
        for _ in 0..<2 {
            cluster.feed(0, .headsReceived([head], from: Forge.node(1)))
            cluster.run(for: .seconds(4))
            #expect(cluster.cores[0]?.book[foreignLog]?.known == 5)
            #expect(
                cluster.run(within: .seconds(20)) { $0.cores[0]?.book[foreignLog]?.known == 0 })
            #expect(gaps(cluster, 0) == 1)
        }
        #expect(cluster.run(within: .seconds(2)) { $0.isReady(0) && $0.cores[0]?.pulls.count == 0 })
        let clears = cluster.effects[0].count {
            if case .apply(let task) = $0, case .clear(let order, sparing: _) = task.work {
                order.everything
            } else {
                false
            }
        }
        #expect(clears == 1)
        // Whoever has it after all is believed.
        for batch in Forge.chain(
            foreignLog, counts: [3, 2], grant: cluster.authorities[2].ownGrant ?? .none,
            topic: "late")
        {
            cluster.feed(0, .batchReceived(batch, from: Forge.node(1)))
        }
        #expect(cluster.run(within: .seconds(1)) { $0.disks[0].head(of: foreignLog).last == 5 })
    }

    @Test func `a member that only is too busy is asked for as long as it claims a range`() {
        var cluster = ReplicatorTests.ready(2)
        let head = EpochHead(log: foreignLog, last: 5, chain: Forge.digest("busy"))
        for _ in 0..<10 {
            cluster.feed(0, .headsReceived([head], from: Forge.node(1)))
            cluster.run(for: .seconds(1))
        }
        #expect(cluster.cores[0]?.book[foreignLog]?.known == 5)
        #expect(gaps(cluster, 0) == 0)
    }

    @Test func `a new run of a member holds what it shows, and no more`() {
        var peers = PeerMonitor()
        func beacon(_ run: UInt64, holding last: SequenceNumber) -> Beacon {
            Beacon(
                sender: Forge.node(1), instance: InstanceID(high: 1, low: run), number: 1,
                wall: WallTime(milliseconds: 1),
                heads: [EpochHead(log: foreignLog, last: last, chain: Forge.digest("chain"))],
                allHeads: .none, records: .none, allowed: .none, applied: VersionVector(),
                isReady: true)
        }
        let now = Moment(
            instant: Instant(nanoseconds: 1), wall: WallTime(milliseconds: 1))
        _ = peers.hear(beacon(1, holding: 5), at: now)
        _ = peers.hear(beacon(2, holding: 3), at: now)
        #expect(peers.durable(foreignLog, of: Forge.node(1)) == 3)
    }

    @Test func `what came of events in closed epochs is known after everybody began anew`() {
        var cluster = ReplicatorTests.ready(3)
        let ticket = cluster.publish(0, [Forge.application("a")])
        cluster.run(for: .seconds(1))
        guard case .confirmed(let range, _) = cluster.results[ticket] else {
            Issue.record("\(cluster.results[ticket] as Any)")
            return
        }
        for node in 0..<3 {
            cluster.kill(node)
            cluster.start(node)
            cluster.run(for: .seconds(4))
            _ = cluster.publish(node, [Forge.application("b")])
        }
        let id = EventID(log: range.log, sequence: range.first)
        #expect(cluster.log(0) != range.log)
        let isKnown = cluster.run(within: .seconds(10)) { cluster in
            cluster.cores.allSatisfy { core in
                core?.outcomes(of: id).allSatisfy { $0.outcome == .applied } == true
            }
        }
        #expect(isKnown, "\(cluster.cores.map { $0?.outcomes(of: id) as Any })")
    }

    @Test func `an older epoch that is not applied is never taken for applied`() {
        var cluster = ReplicatorTests.ready(3, handlers: ["slow"])
        cluster.answer = { node, _ in node == 1 ? nil : .applied }
        let ticket = cluster.publish(0, [Forge.application("slow")])
        cluster.run(for: .seconds(1))
        guard case .confirmed(let range, _) = cluster.results[ticket] else {
            Issue.record("\(cluster.results[ticket] as Any)")
            return
        }
        cluster.kill(0)
        cluster.start(0)
        cluster.run(for: .seconds(4))
        _ = cluster.publish(0, [Forge.application("quick")])
        cluster.run(for: .seconds(10))
        let id = EventID(log: range.log, sequence: range.first)
        for node in [0, 2] {
            let outcomes = cluster.cores[node]?.outcomes(of: id) ?? []
            #expect(outcomes.map(\.outcome) == [.applied, nil, .applied])
        }
    }

    @Test func `a fork that one side has seen is shown to the others until they know`() {
        var cluster = ReplicatorTests.ready(3)
        cluster.kill(2)
        let grant = cluster.authorities[2].ownGrant ?? .none
        let one = Forge.chain(foreignLog, counts: [2], grant: grant, topic: "one")
        let two = Forge.chain(foreignLog, counts: [2], grant: grant, topic: "two")
        for node in 0..<2 {
            for batch in one { cluster.feed(node, .batchReceived(batch, from: Forge.node(2))) }
        }
        cluster.run(for: .milliseconds(100))
        // What lies on disk is compared by its hash, so that a start changes nothing.
        cluster.kill(1)
        cluster.start(1)
        cluster.run(for: .seconds(1))
        cluster.cut = [[0, 1]]
        for batch in two { cluster.feed(0, .batchReceived(batch, from: Forge.node(2))) }
        cluster.run(for: .milliseconds(500))
        #expect(forks(cluster, 0) == 1)
        #expect(forks(cluster, 1) == 0)
        cluster.cut = []
        cluster.run(for: .seconds(5))
        #expect(forks(cluster, 1) == 1)
        #expect(cluster.cores[1]?.book[foreignLog]?.isQuarantined == true)
    }

    @Test func `a fork is shown by what the others lack, also after a restart`() {
        var cluster = ReplicatorTests.ready(3)
        cluster.kill(2)
        let grant = cluster.authorities[2].ownGrant ?? .none
        let one = Forge.chain(foreignLog, counts: [2], grant: grant, topic: "one")
        let two = Forge.chain(foreignLog, counts: [2], grant: grant, topic: "two")
        cluster.cut = [[0, 1], [1, 0]]
        // Node 0 holds the second content, and what it was shown later is what node 1 holds.
        for batch in two + one {
            cluster.feed(0, .batchReceived(batch, from: Forge.node(2)))
            cluster.run(for: .milliseconds(100))
        }
        for batch in one { cluster.feed(1, .batchReceived(batch, from: Forge.node(2))) }
        cluster.run(for: .seconds(1))
        #expect([forks(cluster, 0), forks(cluster, 1)] == [1, 0])
        let before = cluster
        cluster.cut = []
        #expect(cluster.run(within: .seconds(5)) { forks($0, 1) == 1 })
        cluster = before
        cluster.kill(0)
        cluster.start(0)
        cluster.cut = [[1, 0]]
        #expect(cluster.run(within: .seconds(5)) { forks($0, 1) == 1 })
    }

    @Test func `another content of an old position is found out after a restart, for good`() {
        var cluster = ReplicatorTests.ready(3)
        cluster.kill(2)
        let grant = cluster.authorities[2].ownGrant ?? .none
        let one = Forge.chain(foreignLog, counts: [2, 1, 1], grant: grant, topic: "one")
        let two = Forge.chain(foreignLog, counts: [2], grant: grant, topic: "two")
        for batch in one { cluster.feed(0, .batchReceived(batch, from: Forge.node(2))) }
        cluster.run(for: .seconds(1))
        cluster.kill(0)
        cluster.start(0)
        cluster.run(for: .seconds(1))
        // The same content once more is nothing to remark upon.
        cluster.feed(0, .batchReceived(one[0], from: Forge.node(1)))
        cluster.run(for: .seconds(1))
        #expect(forks(cluster, 0) == 0)
        cluster.feed(0, .batchReceived(two[0], from: Forge.node(1)))
        cluster.run(for: .seconds(1))
        #expect(forks(cluster, 0) == 1)
        for _ in 0..<2 {
            #expect(cluster.cores[0]?.book[foreignLog]?.isQuarantined == true)
            cluster.kill(0)
            cluster.start(0)
            cluster.run(for: .seconds(1))
        }
        #expect(cluster.run(within: .seconds(10)) { $0.isReady(0) })
    }

    @Test func `a restart does not make a log young again`() {
        var cluster = TestCluster(count: 2)
        cluster.configuration.horizon = .seconds(120)
        cluster.startAll()
        cluster.run(for: .seconds(2))
        _ = cluster.publish(0, [Forge.application("a")])
        cluster.run(for: .seconds(1))
        guard let log = cluster.log(0) else { return }
        func isCut(_ cluster: TestCluster) -> Bool {
            cluster.effects[0].contains {
                if case .truncate(let floor) = $0 { floor.log == log } else { false }
            }
        }
        var found: [Bool] = []
        for _ in 0..<2 {
            for node in 0..<2 {
                cluster.kill(node)
                cluster.start(node)
            }
            cluster.run(for: .seconds(61))
            found.append(isCut(cluster))
        }
        #expect(found == [false, true])
    }
}
