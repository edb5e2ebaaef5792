// SPDX-License-Identifier: Apache-2.0

import ClusterModel
import Testing

@testable import ClusterCore

/// How far a peer's clock is ahead, as its beacons tell.
@Suite struct ClockOffsetTests {
    /// Hears one beacon a second, sent with a clock that is so far ahead, after such delays.
    ///
    /// Returns the offset after each, and how often it was reported.
    private func hear(
        _ beacons: [(offset: Int, delay: Int)], every pause: Int = 1_000
    ) -> (offsets: [Int64?], reports: [Int64]) {
        var monitor = PeerMonitor()
        var offsets: [Int64?] = []
        var reports: [Int64] = []
        for (index, beacon) in beacons.enumerated() {
            let sent = 1_000_000 + index * pause
            let heard = UInt64(sent + beacon.delay)
            let verdict = monitor.hear(
                Beacon(
                    sender: Forge.node(1), instance: InstanceID(high: 0, low: 1),
                    number: UInt64(index + 1),
                    wall: WallTime(milliseconds: UInt64(sent + beacon.offset)), heads: [],
                    allHeads: .none, records: .none, allowed: .none, applied: VersionVector(),
                    isReady: true),
                at: Moment(
                    instant: Instant(nanoseconds: heard * 1_000_000),
                    wall: WallTime(milliseconds: heard)))
            #expect(verdict == .fresh(isFirst: index == 0))
            offsets.append(monitor[Forge.node(1)]?.offset)
            if let report = monitor.checkSkew(of: Forge.node(1)) { reports.append(report) }
        }
        return (offsets, reports)
    }

    @Test(arguments: [0, 400, 700, -400, -700, 86_400_000, -900_000])
    func `a constant difference is shown, and reported once`(offset: Int) {
        let heard = hear(Array(repeating: (offset, 0), count: 20))
        #expect(heard.offsets.allSatisfy { $0 == Int64(offset) })
        #expect(heard.reports == (abs(offset) > 500 ? [Int64(offset)] : []))
    }

    @Test(arguments: [
        [0, 4_000, 3_000, 2_000, 1_000, 0], [0, 0, 600, 0, 900, 0], [5, 6_000, 5_000, 4_000, 3],
    ])
    func `beacons that were late are not taken for a clock that is behind`(delays: [Int]) {
        let heard = hear(delays.map { (0, $0) })
        #expect(heard.offsets.allSatisfy { ($0?.magnitude ?? .max) <= 5 })
        #expect(heard.reports.isEmpty)
    }

    @Test func `a clock that is set forward is told of at once, one set back after the window`() {
        let ahead = hear([(0, 0), (0, 0), (700, 0), (700, 0)])
        #expect(ahead.reports == [700] && ahead.offsets == [0, 0, 700, 700])
        let behind = hear(
            Array(repeating: (0, 0), count: 3) + Array(repeating: (-700, 0), count: 10))
        #expect(behind.reports == [-700])
        #expect(behind.offsets[10] == 0 && behind.offsets[11] == -700)
    }

    @Test func `a clock that drifts is told of before it is two seconds off`() {
        for drift in [-100, 100] {
            let heard = hear((0..<60).map { ($0 * drift, 0) })
            #expect(heard.reports.count == 1)
            let first = heard.offsets.firstIndex { ($0?.magnitude ?? 0) > 500 }
            #expect(first.map { $0 * 100 < 2_000 } == true)
        }
    }

    @Test func `what is remembered of a clock is bounded`() {
        let heard = hear((0..<500).map { (0, $0 * 5) }, every: 1)
        #expect(heard.offsets.last == .some(-(500 - Int64(Limits.skewSamples)) * 5))
    }
}
