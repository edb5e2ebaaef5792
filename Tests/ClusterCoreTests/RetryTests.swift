// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Testing

@testable import ClusterCore

@Suite struct RetryTests {
    private func runs(_ cluster: TestCluster) -> [String] {
        cluster.effects[0].compactMap {
            guard case .apply(let task) = $0, case .handle(_, _, let event) = task.work else {
                return nil
            }
            return event.topic
        }
    }

    /// A node whose handler for every topic is tried so often, and fails.
    private func poisoned(attempts: Int) -> TestCluster {
        var cluster = TestCluster(count: 1, handlers: [])
        cluster.answer = { _, task in
            guard case .handle = task.work else { return .applied }
            return .failed(reason: "poison")
        }
        cluster.startAll()
        cluster.run(for: .seconds(1))
        cluster.feed(
            0,
            .configurationChanged(
                CoreConfiguration(
                    peerCount: 0,
                    handlers: [ReactionRule(TopicPattern("*"), attempts: attempts)])))
        return cluster
    }

    private func parked(_ cluster: TestCluster) -> UInt64? { cluster.cores[0]?.status.parkedEvents }

    @Test(
        "a handler is tried as often as its rule says",
        arguments: [(-1, 1), (1, 1), (2, 2), (6, 6)])
    func attempts(_ said: Int, _ made: Int) {
        var cluster = poisoned(attempts: said)
        _ = cluster.publish(0, [Forge.application("a", "1")], level: .local)
        #expect(cluster.run(within: .seconds(120)) { parked($0) == 1 })
        #expect(runs(cluster).count == made)
    }

    @Test("one parked event is tried again, those around it stay parked", arguments: 0..<3)
    func one(_ index: Int) throws {
        var cluster = poisoned(attempts: 1)
        let ticket = cluster.publish(
            0, ["a", "b", "c"].map { Forge.application($0, "1") }, level: .local)
        #expect(cluster.run(within: .seconds(60)) { parked($0) == 3 })
        guard case .confirmed(let range, _) = cluster.results[ticket] else {
            Issue.record("not confirmed")
            return
        }
        cluster.answer = { _, _ in .applied }
        cluster.effects[0] = []
        let id = EventID(log: range.log, sequence: range.first.advanced(by: index))
        #expect(cluster.cores[0]?.isParked(id) == true)
        cluster.feed(0, .parkedRetryRequested(id))
        #expect(cluster.run(within: .seconds(5)) { parked($0) == 2 })
        cluster.run(for: .seconds(1))
        #expect(runs(cluster) == [["a", "b", "c"][index]])
        #expect(cluster.cores[0]?.isParked(id) == false)
        cluster.feed(0, .parkedRetryRequested(id))
        cluster.run(for: .seconds(1))
        #expect(runs(cluster).count == 1)
        cluster.feed(0, .parkedRetryRequested(nil))
        #expect(cluster.run(within: .seconds(5)) { parked($0) == 0 })
    }
}
