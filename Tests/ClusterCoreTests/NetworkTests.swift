// SPDX-License-Identifier: Apache-2.0

@_spi(Verification) import ClusterModel
import Testing

@testable import ClusterCore

/// Forks, floors, blobs, clocks and links.
@Suite struct NetworkTests {
    private func grant(_ cluster: TestCluster, _ node: Int) -> Digest {
        cluster.authorities[node].ownGrant ?? .none
    }

    private func foreignLog() -> EpochID {
        EpochID(origin: Forge.node(2), epoch: LogEpoch(counter: 7, nonce: 7))
    }

    private func has(_ cluster: TestCluster, _ node: Int, _ isWanted: (Observation) -> Bool) -> Bool
    {
        cluster.observations(node).contains(where: isWanted)
    }

    @Test func `an origin with two histories is found out and followed no longer`() {
        var cluster = ReplicatorTests.ready(3)
        cluster.kill(2)
        let log = foreignLog()
        let grant = grant(cluster, 2)
        let one = Forge.chain(log, counts: [2, 1], grant: grant, topic: "one")
        let two = Forge.chain(log, counts: [2, 1], grant: grant, topic: "two")
        cluster.cut = [[0, 1], [1, 0]]
        for batch in one { cluster.feed(0, .batchReceived(batch, from: Forge.node(2))) }
        for batch in two { cluster.feed(1, .batchReceived(batch, from: Forge.node(2))) }
        cluster.run(for: .milliseconds(100))
        cluster.cut = []
        cluster.run(for: .seconds(3))
        for node in 0..<2 {
            #expect(has(cluster, node) { if case .forkFound = $0 { true } else { false } })
        }
        // Everything else goes on.
        let ticket = cluster.publish(0, [Forge.application("a")], level: .one)
        #expect(cluster.run(within: .seconds(2)) { $0.results[ticket] != nil })
    }

    @Test func `a beacon alone is no evidence of a fork`() {
        var cluster = ReplicatorTests.ready(3)
        let ticket = cluster.publish(2, [Forge.application("a")])
        #expect(cluster.run(within: .seconds(1)) { $0.results[ticket] != nil })
        guard let log = cluster.log(2) else { return }
        let lie = EpochHead(log: log, last: 1, chain: Forge.digest("lie"))
        cluster.feed(0, .headsReceived([lie], from: Forge.node(1)))
        cluster.run(for: .seconds(2))
        #expect(!has(cluster, 0) { if case .forkFound = $0 { true } else { false } })
    }

    @Test func `a gap that nobody can fill is jumped over, and everything is cleared once`() {
        var cluster = ReplicatorTests.ready(2)
        cluster.kill(1)
        var ranges: [SequenceNumber] = []
        for _ in 0..<3 {
            _ = cluster.publish(0, [Forge.application("a")], level: .local)
            cluster.run(for: .milliseconds(10))
            ranges.append(cluster.log(0).map { cluster.disks[0].head(of: $0).last } ?? 0)
        }
        guard let log = cluster.log(0), let first = cluster.disks[0].logs[log]?.first else {
            return
        }
        // The log is cut behind its first batch, and node 1 has never had that.
        cluster.kill(0)
        cluster.disks[0].logs[log]?.removeFirst()
        cluster.disks[0].floors[log] = EpochHead(
            log: log, last: first.header.last, chain: first.hash)
        cluster.start(0)
        cluster.start(1)
        #expect(cluster.run(within: .seconds(20)) { $0.isReady(1) })
        #expect(has(cluster, 1) { if case .gapUnprovable = $0 { true } else { false } })
        #expect(has(cluster, 1) { if case .fullClearDone = $0 { true } else { false } })
        #expect(
            cluster.run(within: .seconds(5)) { $0.delivered[1].filter { $0.log == log }.count == 2 }
        )
    }

    @Test func `a log is cut only where every member holds it, and only what is old`() {
        var cluster = TestCluster(count: 2)
        cluster.configuration.horizon = .seconds(120)
        cluster.startAll()
        cluster.run(for: .seconds(2))
        for _ in 0..<4 {
            _ = cluster.publish(0, [Forge.application("a")], level: .local)
            cluster.run(for: .seconds(61))
        }
        func cuts(_ node: Int) -> Int {
            cluster.effects[node].count { if case .truncate = $0 { true } else { false } }
        }
        #expect(cuts(0) > 0)
        cluster.kill(1)
        cluster.start(0)
        let before = cuts(0)
        for _ in 0..<2 {
            _ = cluster.publish(0, [Forge.application("a")], level: .local)
            cluster.run(for: .seconds(61))
        }
        #expect(cuts(0) == before)
        // Nothing is forgotten that nobody else has, however old it is.
        cluster.run(for: .seconds(300))
        #expect(cuts(0) == before)
    }

    @Test func `a level counts a node only when it holds the blobs`() {
        var cluster = ReplicatorTests.ready(2)
        let blob = BlobReference(digest: Forge.digest("blob"), byteCount: 500_000)
        cluster.holdsBlob = { _, _ in false }
        let content = EventContent.application(
            ApplicationEvent(topic: "big", payload: .blob(blob)))
        let ticket = cluster.publish(0, [content], level: .one, timeout: .seconds(30))
        cluster.run(for: .seconds(1))
        #expect(cluster.results[ticket] == nil)
        #expect(cluster.delivered[1].isEmpty)
        cluster.holdsBlob = { _, _ in true }
        #expect(cluster.run(within: .seconds(10)) { $0.results[ticket] != nil })
        #expect(cluster.delivered[1].count == 1)
    }

    @Test func `a blob that nobody has does not hold its log for ever`() {
        var cluster = ReplicatorTests.ready(2)
        let blob = BlobReference(digest: Forge.digest("blob"), byteCount: 500_000)
        cluster.holdsBlob = { _, _ in false }
        let content = EventContent.application(
            ApplicationEvent(topic: "big", payload: .blob(blob)))
        _ = cluster.publish(0, [content], level: .local)
        _ = cluster.publish(0, [Forge.application("small")], level: .local)
        #expect(cluster.run(within: .seconds(120)) { $0.delivered[1].count == 2 })
    }

    @Test(arguments: [(100, false), (700, true), (-700, true)])
    func `a clock that differs is reported and changes nothing`(offset: Int, isReported: Bool) {
        var cluster = TestCluster(count: 2)
        cluster.wallOffsets[1] = offset
        cluster.startAll()
        cluster.run(for: .seconds(3))
        #expect(has(cluster, 0) { if case .clockSkewed = $0 { true } else { false } } == isReported)
        let shown = cluster.cores[0]?.status.members[0].clockOffset ?? 0
        #expect(abs(Int(shown) - offset) < 100)
        let ticket = cluster.publish(1, [Forge.application("a")])
        #expect(cluster.run(within: .seconds(1)) { $0.results[ticket] != nil })
    }

    private func proposal(_ generation: UInt64, after parent: EventID? = nil) -> EventContent {
        .revision(
            RevisionProposal(
                generation: generation, parent: parent,
                commits: [RepositoryCommit(path: ".", commit: "c\(generation)")]))
    }

    @Test func `state from the far future waits, what follows does not`() {
        var cluster = TestCluster(count: 3)
        cluster.wallOffsets[2] = 200_000
        cluster.startAll()
        cluster.run(for: .seconds(4))
        let ticket = cluster.publish(2, [proposal(1), Forge.application("a")])
        #expect(cluster.run(within: .seconds(1)) { $0.results[ticket] != nil })
        #expect(cluster.delivered[0].count == 1)
        #expect(cluster.cores[0]?.status.revision == nil)
        #expect(cluster.cores[0]?.status.farFutureEvents == 1)
        // Its stamp did not raise the clock here.
        #expect((cluster.cores[0]?.clock.newest.milliseconds ?? 0) < 1_700_000_060_000)
        cluster.run(for: .seconds(200))
        #expect(cluster.cores[0]?.status.revision != nil)
        #expect(cluster.cores[0]?.status.revision == cluster.cores[2]?.status.revision)
    }

    @Test func `a receiver that is itself behind the others holds nothing`() {
        var cluster = TestCluster(count: 3)
        cluster.wallOffsets[0] = -200_000
        cluster.startAll()
        cluster.run(for: .seconds(4))
        let ticket = cluster.publish(2, [proposal(1)])
        #expect(cluster.run(within: .seconds(1)) { $0.results[ticket] != nil })
        #expect(cluster.cores[0]?.status.revision != nil)
    }

    @Test func `all nodes pick the same of two proposals, and a restart keeps it`() {
        var cluster = ReplicatorTests.ready(3)
        cluster.cut = [[0, 1], [1, 0], [0, 2], [2, 0]]
        _ = cluster.publish(0, [proposal(1)], level: .local)
        _ = cluster.publish(1, [proposal(1)], level: .local)
        cluster.run(for: .milliseconds(100))
        #expect(cluster.cores[0]?.status.revision != cluster.cores[1]?.status.revision)
        cluster.cut = []
        cluster.run(for: .seconds(5))
        let picked = cluster.cores.map { $0?.status.revision }
        #expect(picked[0] != nil && picked[0] == picked[1] && picked[1] == picked[2])
        cluster.kill(1)
        cluster.start(1)
        cluster.run(for: .seconds(4))
        #expect(cluster.cores[1]?.status.revision == picked[0])
    }

    @Test func `a void takes a proposal out everywhere`() {
        var cluster = ReplicatorTests.ready(2)
        _ = cluster.publish(0, [proposal(1)])
        cluster.run(for: .seconds(1))
        guard let current = cluster.cores[1]?.status.revision else {
            Issue.record("nothing proposed")
            return
        }
        let void = Forge.record(.void(current))
        for node in 0..<2 { cluster.feed(node, .authority(.recordsReceived([void]))) }
        cluster.run(for: .seconds(1))
        for node in 0..<2 { #expect(cluster.cores[node]?.status.revision == nil) }
    }

    @Test func `records are written down again, as a full disk may have refused them`() {
        var cluster = ReplicatorTests.ready(2)
        let void = Forge.record(
            .void(
                EventID(
                    log: EpochID(
                        origin: Forge.node(1), epoch: LogEpoch(counter: 9, nonce: 9)),
                    sequence: 1)))
        let before = cluster.effects[0].count
        cluster.feed(0, .authority(.recordsReceived([void])))
        cluster.run(for: .seconds(200))
        let writes = cluster.effects[0][before...].filter { $0 == .authority(.store([void])) }
        #expect(writes.count == Limits.recordWrites)
    }

    @Test func `a silent link is made anew, with a fresh socket on the third attempt`() {
        var cluster = ReplicatorTests.ready(2)
        cluster.kill(1)
        cluster.run(for: .seconds(30))
        let relinks = cluster.effects[0].compactMap {
            if case .relink(_, let attempt, let isFresh) = $0 { (attempt, isFresh) } else { nil }
        }
        #expect(relinks.map(\.0).prefix(3) == [1, 2, 3])
        #expect(relinks.map(\.1).prefix(3) == [false, false, true])
        #expect(cluster.cores[0]?.status.members[0].status == .dead)
    }

    @Test func `trouble on a link is answered at once`() {
        var cluster = ReplicatorTests.ready(2)
        let before = cluster.effects[0].count
        cluster.feed(0, .linkTrouble(Forge.node(1), .protocolFailure))
        #expect(
            cluster.effects[0].dropFirst(before).contains {
                if case .relink = $0 { true } else { false }
            })
    }

    @Test func `a failed append of a peer's batch is tried again, not skipped`() {
        var cluster = ReplicatorTests.ready(2)
        cluster.diskFails = [1]
        let ticket = cluster.publish(0, [Forge.application("a")], level: .one)
        cluster.run(for: .seconds(1))
        #expect(cluster.results[ticket] == nil)
        #expect(cluster.delivered[1].isEmpty)
        cluster.diskFails = []
        #expect(cluster.run(within: .seconds(9)) { $0.results[ticket] != nil })
        guard case .confirmed = cluster.results[ticket] else {
            Issue.record("\(cluster.results[ticket] as Any)")
            return
        }
    }

    @Test(arguments: [
        ReplayRequest(
            log: EpochID(origin: Forge.node(0), epoch: LogEpoch(counter: 1, nonce: 1)), first: 0,
            last: 1, credit: 1),
        ReplayRequest(
            log: EpochID(origin: Forge.node(0), epoch: LogEpoch(counter: 1, nonce: 1)), first: 2,
            last: 1, credit: 1),
        ReplayRequest(
            log: EpochID(origin: Forge.node(0), epoch: LogEpoch(counter: 1, nonce: 1)), first: 1,
            last: 1, credit: -5),
        ReplayRequest(
            log: EpochID(origin: Forge.node(9), epoch: LogEpoch(counter: .max, nonce: 1)),
            first: .init(.max), last: .init(.max), credit: .max),
    ])
    func `an impossible request is refused`(request: ReplayRequest) {
        var cluster = ReplicatorTests.ready(2)
        let before = cluster.effects[0].count
        cluster.feed(0, .replayRequested(request, ReplyTicket(99), from: Forge.node(1)))
        #expect(
            cluster.effects[0].dropFirst(before).contains(
                .refuseReplay(request, ReplyTicket(99), .notHeld)))
    }
}
