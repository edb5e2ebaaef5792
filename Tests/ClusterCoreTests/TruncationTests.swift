// SPDX-License-Identifier: Apache-2.0

@_spi(Verification) import ClusterModel
import Testing

@testable import ClusterCore

/// Where logs are cut: by age, by size, and for whom.
@Suite struct TruncationTests {
    private static let logs = (0..<2).map {
        EpochID(origin: Forge.node($0), epoch: LogEpoch(counter: 1, nonce: 1))
    }

    private static func wall(_ seconds: UInt64) -> WallTime {
        WallTime(milliseconds: 1_000_000 + seconds * 1_000)
    }

    private static func head(_ log: EpochID, _ last: SequenceNumber) -> EpochHead {
        EpochHead(log: log, last: last, chain: Forge.digest("\(log) \(last)"))
    }

    /// A mark a minute, with a hundred bytes each, in two logs by turns.
    private static func filled() -> Truncation {
        var truncation = Truncation()
        for minute in 0..<10 {
            let log = logs[minute % 2]
            truncation.grow(log, by: 100)
            truncation.note(
                head(log, SequenceNumber(UInt64(minute + 1))), at: wall(UInt64(minute) * 70))
        }
        return truncation
    }

    private static let month: Duration = .seconds(30 * 86_400)

    @Test(arguments: [
        // What fits stays, whoever holds it.
        (1_000, UInt64.max, UInt64.max, [0, 0], 1_000),
        // The oldest of all logs goes first, and no more than has to.
        (750, UInt64.max, UInt64.max, [3, 2], 700),
        // What some member lacks stays up to twice the size.
        (500, 4, UInt64.max, [3, 4], 600),
        // Beyond it only who is there counts.
        (250, 4, UInt64.max, [5, 4], 500),
        (250, 0, 2, [1, 2], 800),
        (0, UInt64.max, UInt64.max, [9, 10], 0),
    ])
    func `the oldest is cut until the rest fits`(
        capacity: Int, all: UInt64, present: UInt64, floors: [UInt64], left: Int
    ) {
        var truncation = Self.filled()
        let cuts = truncation.cut(
            wall: Self.wall(1_000), horizon: Self.month, capacity: capacity
        ) { _ in (all: SequenceNumber(all), present: SequenceNumber(present)) }
        for (log, floor) in zip(Self.logs, floors) {
            let found = cuts.filter { $0.log == log }
            #expect(found.map(\.last) == (floor == 0 ? [] : [SequenceNumber(floor)]))
        }
        #expect(truncation.byteCount == left)
    }

    @Test(arguments: [
        // Marks are 0 to 630 s old at 1,000 s: nothing is as old as the horizon.
        (1_001, UInt64.max, UInt64.max, [0, 0]),
        (930, UInt64.max, UInt64.max, [1, 2]),
        (400, 3, UInt64.max, [3, 2]),
        // At twice the age a silent member is waited for no longer.
        (400, 0, UInt64.max, [3, 2]),
        (400, 0, 2, [1, 2]),
        (501, 0, UInt64.max, [0, 0]),
    ])
    func `what is old is cut, and what is twice as old for whoever is there`(
        horizon: Int, all: UInt64, present: UInt64, floors: [UInt64]
    ) {
        var truncation = Self.filled()
        let cuts = truncation.cut(
            wall: Self.wall(1_000), horizon: .seconds(horizon), capacity: .max
        ) { _ in (all: SequenceNumber(all), present: SequenceNumber(present)) }
        for (log, floor) in zip(Self.logs, floors) {
            let found = cuts.filter { $0.log == log }
            #expect(found.map(\.last) == (floor == 0 ? [] : [SequenceNumber(floor)]))
        }
    }

    @Test func `thinned marks keep the weight of those left out`() {
        var truncation = Truncation()
        let log = Self.logs[0]
        let count = Limits.cutMarks * 3
        for index in 1...count {
            truncation.grow(log, by: 10)
            truncation.note(
                Self.head(log, SequenceNumber(UInt64(index))), at: Self.wall(UInt64(index) * 70))
        }
        let cuts = truncation.cut(
            wall: Self.wall(UInt64(count) * 70), horizon: Self.month, capacity: 0
        ) { _ in (all: .init(.max), present: .init(.max)) }
        #expect(cuts.map(\.last) == [SequenceNumber(UInt64(count))])
        #expect(truncation.byteCount == 0)
    }

    @Test func `state is weighed and never counted as a gain`() {
        var truncation = Truncation()
        let log = Self.logs[0]
        let state = Forge.seal(
            BatchDraft(
                log: log, first: 1, previous: .none, grant: .none,
                events: [
                    Event(
                        timestamp: .zero,
                        content: .revision(
                            RevisionProposal(generation: 1, parent: nil, commits: [])))
                ]))
        truncation.grow(log, by: state)
        truncation.note(Self.head(log, 1), at: Self.wall(0))
        _ = truncation.cut(wall: Self.wall(9), horizon: Self.month, capacity: 0) { _ in
            (all: 1, present: 1)
        }
        #expect(truncation.byteCount == state.storedByteCount)
    }

    @Test func `a node cuts what does not fit, also what it held before a restart`() {
        var cluster = TestCluster(count: 2)
        cluster.startAll()
        cluster.run(for: .seconds(2))
        for _ in 0..<3 {
            _ = cluster.publish(0, [Forge.application("a", String(repeating: "x", count: 900))])
            cluster.run(for: .seconds(61))
        }
        func cuts(_ node: Int) -> Int {
            cluster.effects[node].count { if case .truncate = $0 { true } else { false } }
        }
        #expect(cuts(0) == 0)
        cluster.configuration.capacity = 1_000
        for node in 0..<2 {
            cluster.kill(node)
            cluster.start(node)
        }
        cluster.run(for: .seconds(70))
        #expect(cuts(0) > 0 && cuts(1) > 0)
    }
}
