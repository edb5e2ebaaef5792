// SPDX-License-Identifier: Apache-2.0

import ClusterModel
import Testing

@testable import ClusterCore

/// When a node tells others what it holds: at once where somebody waits, else seldom.
@Suite struct AcknowledgementTests {
    private struct Telling {
        let acknowledgements: [Acknowledgement]
        let beacons: Int
    }

    /// What a node has told since so many effects.
    private func told(_ cluster: TestCluster, _ node: Int, since count: Int) -> Telling {
        let effects = cluster.effects[node].dropFirst(count)
        return Telling(
            acknowledgements: effects.compactMap {
                if case .acknowledge(let word, to: _) = $0 { word } else { nil }
            },
            beacons: effects.count { if case .broadcastBeacon = $0 { true } else { false } })
    }

    /// Publishes one event after another, as far apart.
    private func publish(
        _ count: Int, every pause: Duration, level: ConfirmationLevel, in cluster: inout TestCluster
    ) {
        for _ in 0..<count {
            _ = cluster.publish(0, [Forge.application("t")], level: level)
            cluster.run(for: pause)
        }
    }

    @Test func `nobody waits: many events are acknowledged together`() {
        var cluster = ReplicatorTests.ready(2)
        let count = cluster.effects[1].count
        publish(100, every: .milliseconds(2), level: .local, in: &cluster)
        cluster.run(for: Limits.acknowledgementPause)
        let words = told(cluster, 1, since: count).acknowledgements
        #expect((4...6).contains(words.count))
        #expect(words.last?.durable == cluster.cores[0]?.book.newestHeads.first?.last)
        #expect(words.last?.applied == words.last?.durable)
    }

    @Test(arguments: [ConfirmationLevel.one, .all])
    func `somebody waits: each event is acknowledged as soon as it is durable`(
        level: ConfirmationLevel
    ) {
        var cluster = ReplicatorTests.ready(2)
        let count = cluster.effects[1].count
        publish(20, every: .milliseconds(10), level: level, in: &cluster)
        #expect(told(cluster, 1, since: count).acknowledgements.map(\.durable).count >= 20)
        #expect(cluster.results.count == 20)
        let confirmed = cluster.results.values.count {
            if case .confirmed = $0 { true } else { false }
        }
        #expect(confirmed == 20)
    }

    @Test func `what arrives late is acknowledged at once for whoever still waits`() {
        var cluster = ReplicatorTests.ready(2)
        cluster.losesBroadcast = { _, _ in true }
        let ticket = cluster.publish(0, [Forge.application("t")], level: .all)
        let isConfirmed = cluster.run(within: .milliseconds(500)) {
            if case .confirmed = $0.results[ticket] { true } else { false }
        }
        #expect(isConfirmed)
    }

    @Test func `a beacon shows the end of a burst, and none is sent while it goes on`() {
        var cluster = ReplicatorTests.ready(2)
        cluster.run(for: .seconds(3))
        _ = cluster.publish(0, [Forge.application("t")], level: .local)
        // From here on the next regular beacon is at least 800 ms away.
        #expect(cluster.run(within: .seconds(1)) { told($0, 0, since: 0).beacons > 0 })
        cluster.run(for: .milliseconds(100))
        let count = cluster.effects[0].count
        publish(50, every: .milliseconds(2), level: .local, in: &cluster)
        #expect(told(cluster, 0, since: count).beacons == 0)
        cluster.run(for: Limits.beaconPause + .milliseconds(2))
        #expect(told(cluster, 0, since: count).beacons == 1)
    }

    @Test func `a burst that does not end is shown from time to time`() {
        var cluster = ReplicatorTests.ready(2)
        let count = cluster.effects[0].count
        publish(300, every: .milliseconds(2), level: .local, in: &cluster)
        #expect((2...5).contains(told(cluster, 0, since: count).beacons))
    }

    @Test func `the last event of a burst is missed soon after it was lost`() {
        var cluster = ReplicatorTests.ready(2)
        cluster.losesBroadcast = { _, _ in true }
        _ = cluster.publish(0, [Forge.application("t")], level: .local)
        #expect(cluster.run(within: .milliseconds(150)) { !$0.delivered[1].isEmpty })
    }
}
