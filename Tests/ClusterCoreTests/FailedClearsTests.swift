// SPDX-License-Identifier: Apache-2.0

@_spi(Verification) import ClusterModel
import Testing

@testable import ClusterCore

/// Orders that fail: who is tried with whom, and how much is said of it.
@Suite struct FailedClearsTests {
    private static let log = EpochID(origin: Forge.node(0), epoch: LogEpoch(counter: 1, nonce: 1))

    /// A queue before one cache, which may be down and cannot name some keys.
    private struct Bench {
        var queue = ClearQueue()
        var jitter = Jitter(seed: 1)
        var now = Instant(nanoseconds: 1)
        var last: UInt64 = 0
        var isDown = false
        var bad: Set<String> = []
        var hasApplied = true
        var clears = 0
        var results: [ClearQueue.Result] = []
        /// Orders that are done.
        var done: Set<UInt64> = []

        mutating func add(_ number: UInt64, _ change: (inout Invalidation) -> Void = { _ in }) {
            var order = Invalidation()
            order.keys = ["k\(number)"]
            change(&order)
            let id = EventID(log: FailedClearsTests.log, sequence: SequenceNumber(number))
            queue.add(id, order, slot: .zero, now: now)
        }

        /// Begins a clear and ends it; whether one was due.
        mutating func step() -> Bool {
            let next = ApplyTicket(last + 1)
            let isApplied = hasApplied
            let task = queue.begin(now: now, isApplied: { $0.entries.isEmpty || isApplied }) {
                next
            }
            guard let task, case .clear(let order, sparing: _) = task.work else { return false }
            last += 1
            clears += 1
            let isRefused = !order.everything && !bad.isDisjoint(with: order.keys)
            let failure: String? = isDown ? "down" : isRefused ? "no such key" : nil
            let step = StepReceipt(
                target: "memcached", action: "clear", failure: failure, proof: [],
                microseconds: last)
            let outcome: ApplyOutcome = failure.map { .failed(reason: $0) } ?? .applied
            take(queue.finish(outcome, [step], now: now, jitter: &jitter))
            return true
        }

        mutating func take(_ more: [ClearQueue.Result]) {
            results += more
            for result in more where result.outcome.isSuccess {
                if case .event(let id) = result.cause { done.insert(id.sequence.value) }
            }
        }

        /// Clears whatever is due for so long.
        mutating func run(for span: Duration) {
            let end = now + span
            while now <= end {
                while step() {}
                guard let due = queue.nextDeadline, due <= end else { break }
                now = max(now, due)
            }
            now = end
        }
    }

    @Test(arguments: [2, 3, 10, 50])
    func `orders that can succeed are not held up by one that cannot`(count: UInt64) {
        var bench = Bench()
        bench.bad = ["k1"]
        bench.isDown = true
        for number in 1...count { bench.add(number) }
        bench.run(for: .seconds(5))
        #expect(bench.done.isEmpty)
        bench.isDown = false
        bench.run(for: .seconds(180))
        #expect(bench.done == Set(2...count))
        // It stays alone, and is tried again about once a minute.
        bench.clears = 0
        bench.run(for: .seconds(1_200))
        #expect((10...40).contains(bench.clears), "\(bench.clears)")
        bench.bad = []
        bench.run(for: .seconds(180))
        #expect(bench.done.contains(1))
        #expect(bench.queue.nextDeadline == nil)
    }

    @Test func `many that cannot succeed hold up the others for minutes at most`() {
        var bench = Bench()
        bench.bad = Set((1...40).map { "k\($0)" })
        bench.isDown = true
        for number in 1...60 { bench.add(UInt64(number)) }
        bench.run(for: .seconds(600))
        bench.isDown = false
        bench.run(for: .seconds(600))
        #expect(bench.done == Set(41...60))
    }

    @Test func `an order that fails alone is not tried again with every success`() {
        var bench = Bench()
        bench.bad = ["k1"]
        bench.add(1)
        bench.run(for: .seconds(60))
        bench.clears = 0
        for number in 2...200 {
            bench.add(UInt64(number))
            bench.run(for: .milliseconds(50))
        }
        #expect(bench.done == Set(2...200))
        #expect((199...215).contains(bench.clears), "\(bench.clears)")
    }

    @Test func `a hundred orders that fail for hours tell of it a bounded number of times`() {
        var bench = Bench()
        bench.isDown = true
        for number in 1...100 {
            bench.add(UInt64(number))
            bench.run(for: .seconds(1))
        }
        bench.run(for: .seconds(7_200))
        // The first failure of each; those that were not folded at once tell of few more.
        let told = bench.results.filter(\.isTold)
        #expect(Set(told.map(\.cause)).count == 100)
        #expect(told.count <= 100 + Limits.failedClears * 8, "\(told.count)")
        // Eight a minute.
        #expect(bench.clears < 1_500, "\(bench.clears)")
        bench.isDown = false
        bench.results = []
        bench.run(for: .seconds(120))
        #expect(bench.done == Set(1...100))
        #expect(bench.results.filter(\.isTold).count == 100)
        #expect(bench.queue.nextDeadline == nil)
    }

    @Test func `the same failure is told at attempts that are powers of two`() {
        var bench = Bench()
        bench.isDown = true
        bench.add(1)
        bench.run(for: .seconds(1_000))
        let told = bench.results.filter(\.isTold).map(\.attempt)
        #expect(told == [1, 2, 4, 8, 16])
        #expect(bench.results.count > 16)
    }

    @Test func `another reason is told at once`() {
        var bench = Bench()
        bench.isDown = true
        bench.bad = ["k1"]
        bench.add(1)
        bench.run(for: .seconds(300))
        bench.results = []
        bench.isDown = false
        bench.run(for: .seconds(300))
        #expect(bench.results.first?.isTold == true)
        #expect(bench.results.first?.outcome == .failed(reason: "no such key"))
        #expect(bench.results.filter(\.isTold).count <= 2)
    }

    @Test func `beyond the limit one full clear covers all, those that cannot succeed too`() {
        var bench = Bench()
        let count = UInt64(Limits.failedClears)
        bench.bad = ["k1"]
        bench.isDown = true
        for number in 1...count { bench.add(number) }
        bench.run(for: .seconds(5))
        bench.add(count + 1)
        _ = bench.step()
        // It is known, and is not added again.
        bench.add(7)
        #expect(bench.queue.nextDeadline.map { $0 > bench.now } == true)
        bench.isDown = false
        bench.run(for: .seconds(120))
        #expect(bench.done == Set(1...count + 1))
        #expect(bench.queue.nextDeadline == nil)
    }

    @Test func `who waits hears of the second clear only, where its data comes soon`() {
        var bench = Bench()
        bench.hasApplied = false
        bench.add(1) { $0.seen = VersionVector([(Self.log, SequenceNumber(9))]) }
        bench.run(for: .seconds(4))
        #expect(bench.clears == 1)
        #expect(bench.results.map(\.audience) == [.thisNode])
        bench.hasApplied = true
        bench.run(for: .seconds(1))
        #expect(bench.results.map(\.audience) == [.thisNode, .everyone])
        #expect(bench.done == [1])
    }

    @Test func `where the data does not come others hear of that, once`() {
        var bench = Bench()
        bench.hasApplied = false
        bench.add(1) { $0.seen = VersionVector([(Self.log, SequenceNumber(9))]) }
        bench.run(for: .seconds(4))
        #expect(bench.queue.nextDeadline == Instant(nanoseconds: 1) + .seconds(5))
        for _ in 0..<3 {
            bench.now = bench.now + .seconds(1)
            let results = bench.queue.takeOverdue(now: bench.now) { $0.entries.isEmpty }
            bench.take(results)
        }
        #expect(bench.results.map(\.audience) == [.thisNode, .everyone])
        #expect(bench.results.last?.outcome.isSuccess == false)
        #expect(bench.queue.nextDeadline == nil)
        bench.hasApplied = true
        bench.run(for: .seconds(1))
        #expect(bench.done == [1])
    }
}

extension ClearQueue.Result {
    fileprivate var isTold: Bool { audience == .everyone }
}
