// SPDX-License-Identifier: Apache-2.0

@_spi(Verification) import ClusterModel
import Testing

@testable import ClusterCore

/// Handlers, clears, receipts, and users who are not listed.
@Suite struct ApplyingTests {
    /// The receipts that a node has recorded, of one member.
    private func receipts(_ cluster: TestCluster, on node: Int, by member: Int) -> [Receipt] {
        cluster.disks[node].receipts.filter { $0.by == Forge.node(member) }.map(\.receipt)
    }

    private func clears(_ cluster: TestCluster, _ node: Int) -> [Invalidation] {
        cluster.effects[node].compactMap {
            guard case .apply(let task) = $0, case .clear(let order, sparing: _) = task.work else {
                return nil
            }
            return order
        }
    }

    private func runs(_ cluster: TestCluster, _ node: Int) -> [String] {
        cluster.effects[node].compactMap {
            guard case .apply(let task) = $0, case .handle(_, _, let event) = task.work,
                case .inline(let bytes) = event.payload
            else { return nil }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    @Test func `an invalidation clears on every node and its receipts come back`() {
        var cluster = ReplicatorTests.ready(3)
        let ticket = cluster.publish(0, [.invalidation(.plain)])
        cluster.run(for: .seconds(1))
        guard case .confirmed(let range, _) = cluster.results[ticket] else {
            Issue.record("not confirmed")
            return
        }
        for node in 0..<3 { #expect(clears(cluster, node).count == 1) }
        for member in 0..<3 {
            let said = receipts(cluster, on: 0, by: member)
            #expect(said.map(\.subject) == [range])
            #expect(said.map(\.outcome) == [.applied])
        }
        let id = EventID(log: range.log, sequence: range.first)
        #expect(cluster.cores[1]?.outcomes(of: id).allSatisfy { $0.outcome == .applied } == true)
    }

    @Test func `receipts of a node that comes back later arrive too`() {
        var cluster = ReplicatorTests.ready(3)
        cluster.kill(2)
        let ticket = cluster.publish(0, [.invalidation(.plain)], level: .one)
        cluster.run(for: .seconds(1))
        #expect(receipts(cluster, on: 0, by: 2).isEmpty)
        guard case .confirmed(let range, _) = cluster.results[ticket] else {
            Issue.record("not confirmed")
            return
        }
        let id = EventID(log: range.log, sequence: range.first)
        #expect(cluster.cores[0]?.outcomes(of: id).last?.outcome == nil)
        cluster.start(2)
        #expect(cluster.run(within: .seconds(5)) { !self.receipts($0, on: 0, by: 2).isEmpty })
        #expect(cluster.cores[0]?.outcomes(of: id).last?.outcome == .applied)
    }

    @Test func `an order that comes while a clear runs is covered by a second clear only`() {
        var cluster = ReplicatorTests.ready(1)
        cluster.diskDelay = 50_000_000
        _ = cluster.publish(0, [.invalidation(.plain)], level: .local)
        #expect(cluster.run(within: .seconds(1)) { clears($0, 0).count == 1 })
        _ = cluster.publish(0, [.invalidation(.plain), .invalidation(.plain)], level: .local)
        cluster.run(for: .seconds(2))
        #expect(clears(cluster, 0).count == 2)
    }

    @Test func `a clear that fails is tried again, and says so`() {
        var cluster = ReplicatorTests.ready(2)
        cluster.answer = { node, _ in node == 1 ? .failed(reason: "down") : .applied }
        _ = cluster.publish(0, [.invalidation(.plain)])
        cluster.run(for: .seconds(10))
        #expect(clears(cluster, 1).count > 2)
        #expect(
            receipts(cluster, on: 0, by: 1).allSatisfy { $0.outcome == .failed(reason: "down") })
        cluster.answer = { _, _ in .applied }
        #expect(
            cluster.run(within: .seconds(70)) {
                receipts($0, on: 0, by: 1).last?.outcome == .applied
            })
        #expect(cluster.disks[1].outcomes.values.joined().isEmpty)
    }

    @Test func `a clear that failed before a crash is owed after it`() {
        var cluster = ReplicatorTests.ready(2)
        cluster.answer = { node, _ in node == 1 ? .failed(reason: "down") : .applied }
        _ = cluster.publish(0, [.invalidation(.plain)])
        cluster.run(for: .seconds(1))
        cluster.kill(1)
        cluster.answer = { _, _ in .applied }
        cluster.effects[1] = []
        cluster.start(1)
        #expect(
            cluster.run(within: .seconds(5)) {
                receipts($0, on: 0, by: 1).last?.outcome == .applied
            })
        #expect(clears(cluster, 1).count == 1)
    }

    @Test func `an order is cleared again when what its publisher had seen has arrived`() {
        var cluster = ReplicatorTests.ready(3)
        // Node 1 gets the order of node 0, but not the event of node 2 that it speaks of.
        cluster.cut = [[2, 1], [1, 2], [1, 0]]
        _ = cluster.publish(2, [Forge.application("data")], level: .local)
        cluster.run(for: .milliseconds(100))
        _ = cluster.publish(0, [.invalidation(.plain)], level: .local)
        cluster.run(for: .milliseconds(100))
        #expect(clears(cluster, 1).count == 1)
        #expect(cluster.disks[1].outcomes.values.joined().count == 1)
        cluster.cut = []
        #expect(cluster.run(within: .seconds(5)) { clears($0, 1).count == 2 })
        #expect(cluster.run(within: .seconds(1)) { $0.disks[1].outcomes.values.joined().isEmpty })
    }

    @Test func `handlers run in order for a topic, and a poison event is parked`() {
        var cluster = TestCluster(count: 1, handlers: ["h.*"])
        cluster.answer = { _, task in
            guard case .handle(_, _, let event) = task.work else { return .applied }
            return event.payload == .inline(Array("bad".utf8))
                ? .failed(reason: "poison") : .applied
        }
        cluster.startAll()
        for (topic, text) in [("h.a", "1"), ("h.a", "bad"), ("h.a", "2"), ("h.b", "3")] {
            _ = cluster.publish(0, [Forge.application(topic, text)], level: .local)
        }
        #expect(cluster.run(within: .seconds(60)) { runs($0, 0).count == 8 })
        let order = runs(cluster, 0)
        #expect(order.filter { $0 == "bad" }.count == Limits.handlerAttempts)
        #expect(order.last == "2")
        #expect(order.dropLast().contains("3"))
        cluster.run(for: .seconds(1))
        #expect(
            cluster.disks[0].outcomes.values.joined().map(\.outcome) == [.parked(reason: "poison")])
        #expect(cluster.cores[0]?.status.parkedEvents == 1)
        cluster.answer = { _, _ in .applied }
        cluster.feed(0, .parkedRetryRequested(nil))
        cluster.run(for: .seconds(1))
        #expect(cluster.disks[0].outcomes.values.joined().isEmpty)
        #expect(cluster.cores[0]?.status.parkedEvents == 0)
    }

    @Test func `handlers that had not finished run again after a crash`() {
        var cluster = TestCluster(count: 1, handlers: ["h"])
        cluster.answer = { _, _ in nil }
        cluster.startAll()
        cluster.run(for: .seconds(1))
        _ = cluster.publish(0, [Forge.application("h", "1")], level: .local)
        cluster.run(for: .seconds(1))
        cluster.kill(0)
        cluster.answer = { _, _ in .applied }
        cluster.start(0)
        cluster.run(for: .seconds(1))
        #expect(runs(cluster, 0) == ["1", "1"])
    }

    @Test func `events of a user who is not listed are stored, refused and not applied`() {
        var cluster = ReplicatorTests.ready(2, foreign: [0])
        let ticket = cluster.publish(0, [Forge.application("a"), .invalidation(.plain)])
        cluster.run(for: .seconds(1))
        guard case .confirmed(let range, _) = cluster.results[ticket] else {
            Issue.record("not confirmed")
            return
        }
        #expect(cluster.delivered[1].isEmpty)
        #expect(clears(cluster, 1).isEmpty)
        #expect(cluster.applicationEvents(1).count == 1)
        let said = receipts(cluster, on: 0, by: 1)
        #expect(said.map(\.subject) == [range])
        #expect(said.allSatisfy { if case .refused = $0.outcome { true } else { false } })

        // Listed since: one full clear, but the application's event only if someone asks.
        let users = ["alice", "mallory"].map { AllowedUser(identifier: $0, scopes: .all) }
        cluster.feed(1, .authority(.usersChanged(users)))
        cluster.run(for: .seconds(1))
        #expect(clears(cluster, 1).map(\.everything) == [true])
        #expect(cluster.delivered[1].isEmpty)
        cluster.feed(1, .replayUserRequested(user: "mallory"))
        cluster.run(for: .seconds(1))
        #expect(cluster.delivered[1].map(\.sequence) == [range.first])
        #expect(cluster.disks[1].outcomes.values.joined().isEmpty)
        #expect(cluster.cores[1]?.status.refusedEvents == 0)
    }

    @Test func `what was refused stays refused after a restart`() {
        var cluster = ReplicatorTests.ready(2, foreign: [0])
        _ = cluster.publish(0, [Forge.application("a")])
        cluster.run(for: .seconds(1))
        cluster.kill(1)
        cluster.start(1)
        cluster.run(for: .seconds(5))
        #expect(cluster.delivered[1].isEmpty)
        #expect(cluster.cores[1]?.status.refusedEvents == 1)
    }

    @Test func `a log that is longer than memory is read back in its turn`() {
        var cluster = TestCluster(count: 1, handlers: ["h"])
        cluster.answer = { _, _ in nil }
        cluster.startAll()
        cluster.run(for: .seconds(1))
        let text = String(repeating: "x", count: 100_000)
        for _ in 0..<40 {
            _ = cluster.publish(0, [Forge.application("big", text)], level: .local)
            cluster.run(for: .milliseconds(10))
        }
        #expect(cluster.delivered[0].count == 40)
    }

    @Test func `runs that wait follow their handlers when the configuration changes`() {
        var cluster = ReplicatorTests.ready(1, handlers: ["gone", "kept"])
        cluster.answer = { _, _ in .failed(reason: "not yet") }
        for topic in ["gone", "kept", "kept"] {
            _ = cluster.publish(0, [Forge.application(topic)], level: .local)
        }
        cluster.run(for: .milliseconds(100))
        let before = cluster.effects[0].count
        cluster.answer = { _, _ in .applied }
        cluster.feed(
            0,
            .configurationChanged(
                CoreConfiguration(peerCount: 0, handlers: [ReactionRule(TopicPattern("kept"))])))
        cluster.run(for: .seconds(5))
        var runs: [String] = []
        for effect in cluster.effects[0].dropFirst(before) {
            guard case .apply(let task) = effect, case .handle(let number, _, let event) = task.work
            else { continue }
            runs.append("\(number) \(event.topic)")
        }
        #expect(runs == ["0 kept", "0 kept"])
        let log = cluster.cores[0]?.status.logs.first
        #expect(log?.applied == log?.head.last)
    }
}
