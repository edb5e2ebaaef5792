// SPDX-License-Identifier: Apache-2.0

@_spi(Verification) import ClusterModel
import Testing

@testable import ClusterCore

/// Loss, cuts, kills and restores by chance; then everything heals, and everybody must agree.
@Suite struct ChaosTests {
    struct Run {
        var cluster: TestCluster
        var jitter: Jitter
        var confirmed: [EventRange] = []
        var tickets: [PublishTicket] = []

        init(seed: UInt64, count: Int) {
            cluster = TestCluster(count: count, handlers: ["h.*"])
            jitter = Jitter(seed: seed)
            cluster.startAll()
        }

        mutating func chance(_ share: UInt64) -> Bool { jitter.next() % 100 < share }
        mutating func node() -> Int { Int(jitter.next() % UInt64(cluster.cores.count)) }

        mutating func step() {
            let node = node()
            switch jitter.next() % 8 {
            case 0: cluster.kill(node)
            case 1: if cluster.cores[node] == nil { cluster.start(node) }
            case 2: cluster.cut.insert([node, self.node()])
            case 3: cluster.cut.removeAll()
            case 4:
                if cluster.cores[node] != nil {
                    tickets.append(cluster.publish(node, [.invalidation(.plain)], level: .one))
                }
            default:
                for index in 0..<(jitter.next() % 20) where cluster.cores[node] != nil {
                    let topic = chance(20) ? "h.\(index % 3)" : "a.b"
                    tickets.append(
                        cluster.publish(node, [Forge.application(topic, "\(index)")], level: .one))
                }
            }
            var seed = jitter
            let lossy = seed.next() % 3 == 0
            cluster.losesBroadcast = { peer, _ in lossy && peer.isMultiple(of: 2) }
            cluster.run(for: jitter.duration(from: .milliseconds(1), to: .seconds(4)))
        }

        mutating func heal() {
            cluster.cut.removeAll()
            cluster.losesBroadcast = { _, _ in false }
            for node in cluster.cores.indices where cluster.cores[node] == nil {
                cluster.start(node)
            }
        }
    }

    @Test(arguments: 4...15)
    func `everybody agrees after the heal, and nothing confirmed is lost`(seed: Int) {
        var run = Run(seed: UInt64(seed), count: 3 + seed % 3)
        for _ in 0..<30 { run.step() }
        run.heal()
        let isEqual = run.cluster.run(within: .seconds(60)) { cluster in
            let heads = cluster.heads(0)
            return cluster.cores.indices.allSatisfy { node in
                cluster.isReady(node) && cluster.heads(node) == heads
                    && cluster.heads(node).allSatisfy {
                        cluster.disks[node].applied[$0.log] == $0.last
                    }
            }
        }
        #expect(isEqual, "\(run.cluster.cores.map { $0?.status.readiness as Any })")
        check(run)
    }

    private func check(_ run: Run) {
        let cluster = run.cluster
        for ticket in run.tickets {
            guard case .confirmed(let range, _) = cluster.results[ticket] else { continue }
            for node in cluster.cores.indices {
                #expect(cluster.disks[node].head(of: range.log).last >= range.last)
            }
        }
        for node in cluster.cores.indices {
            let all = cluster.applicationEvents(node)
            #expect(Set(cluster.delivered[node]) == all, "node \(node)")
            for batches in cluster.disks[node].logs.values {
                var next: SequenceNumber = 1
                for batch in batches {
                    #expect(batch.header.first == next)
                    next = batch.header.last.next
                }
            }
        }
    }

    @Test func `the same inputs give the same effects`() {
        func effects() -> [[Effect]] {
            var run = Run(seed: 7, count: 4)
            for _ in 0..<15 { run.step() }
            return run.cluster.effects
        }
        #expect(effects() == effects())
    }
}
