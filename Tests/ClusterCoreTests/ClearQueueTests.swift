// SPDX-License-Identifier: Apache-2.0

@_spi(Verification) import ClusterModel
import Testing

@testable import ClusterCore

/// Which clears begin when, for whom, and what they spare.
@Suite struct ClearQueueTests {
    private static let log = EpochID(origin: Forge.node(0), epoch: LogEpoch(counter: 1, nonce: 1))

    /// A queue, the clear that it runs, and the time.
    private struct Bench {
        var queue = ClearQueue()
        var jitter = Jitter(seed: 1)
        var now = Instant(nanoseconds: 1)
        var last: UInt64 = 0
        var applied = true
        var task: ApplyTask?

        mutating func add(
            _ number: UInt64, _ order: Invalidation = .plain, slot: Duration = .zero
        ) {
            queue.add(ClearQueueTests.id(number), order, slot: slot, now: now)
        }

        /// Begins a clear: what it clears and spares, `nil` where none begins.
        mutating func begin() -> (order: Invalidation, spared: [String])? {
            let next = ApplyTicket(last + 1)
            let isApplied = applied
            task = queue.begin(now: now, isApplied: { $0.entries.isEmpty || isApplied }) { next }
            guard let task, case .clear(let order, sparing: let spared) = task.work else {
                return nil
            }
            last += 1
            return (order, spared.sorted())
        }

        /// Ends it: what every order is told, by number.
        mutating func end(_ good: [String] = [], failing: [String] = []) -> [UInt64: Bool] {
            let steps = (good + failing).map { target in
                StepReceipt(
                    target: target, action: "clear",
                    failure: failing.contains(target) ? "down" : nil, proof: [], microseconds: 1)
            }
            let outcome: ApplyOutcome = failing.isEmpty ? .applied : .failed(reason: "down")
            var told: [UInt64: Bool] = [:]
            for result in queue.finish(outcome, steps, now: now, jitter: &jitter) {
                guard case .event(let id) = result.cause else { continue }
                told[id.sequence.value] = result.outcome.isSuccess
            }
            return told
        }

        mutating func wait(_ duration: Duration) { now = now + duration }
    }

    private static func id(_ number: UInt64) -> EventID {
        EventID(log: log, sequence: SequenceNumber(number))
    }

    private func order(_ change: (inout Invalidation) -> Void) -> Invalidation {
        var order = Invalidation()
        change(&order)
        return order
    }

    @Test func `however many orders come while a clear runs, one more clear covers them all`() {
        var bench = Bench()
        bench.add(1)
        #expect(bench.begin() != nil)
        for number in 2...50 { bench.add(UInt64(number), order { $0.tags = ["t\(number)"] }) }
        #expect(bench.begin() == nil)
        #expect(bench.end(["a"]) == [1: true])
        let second = bench.begin()
        #expect(second?.order.tags.count == 49)
        #expect(second?.order.opcodeCache == false)
        #expect(bench.end(["a"]).count == 49)
        #expect(bench.begin() == nil)
        #expect(bench.queue.nextDeadline == nil)
    }

    @Test func `a retry spares what is done, and leaves healthy caches alone`() {
        var bench = Bench()
        bench.add(1)
        #expect(bench.begin()?.spared == [])
        #expect(bench.end(["opcode"], failing: ["redis"]) == [1: false])
        for _ in 0..<3 {
            #expect(bench.begin() == nil)
            bench.wait(.seconds(80))
            #expect(bench.begin()?.spared == ["opcode"])
            #expect(bench.end(failing: ["redis"]) == [1: false])
        }
        bench.wait(.seconds(80))
        #expect(bench.begin()?.spared == ["opcode"])
        // A cache that nobody has seen before is not spared.
        #expect(bench.end(["redis"], failing: ["new"]) == [1: false])
        bench.wait(.seconds(80))
        #expect(bench.begin()?.spared == ["opcode", "redis"])
        #expect(bench.end(["new"]) == [1: true])
        #expect(bench.queue.nextDeadline == nil)
    }

    @Test func `a cache with one step that failed is not done`() {
        var bench = Bench()
        bench.add(1)
        _ = bench.begin()
        #expect(bench.end(["fpm"], failing: ["fpm"]) == [1: false])
        bench.wait(.seconds(2))
        #expect(bench.begin()?.spared == [])
    }

    @Test func `an order is done when its own caches are, though another's still fail`() {
        var bench = Bench()
        bench.add(1)
        _ = bench.begin()
        #expect(bench.end(["a"], failing: ["b"]) == [1: false])
        bench.add(2)
        // It is new and waits for nobody; it has had neither.
        #expect(bench.begin()?.spared == [])
        #expect(bench.end(["b"], failing: ["a"]) == [2: false])
        bench.wait(.seconds(2))
        // What either lacks is cleared for both: 1 has a, 2 has b.
        #expect(bench.begin()?.spared == [])
        #expect(bench.end(["b"], failing: ["a"]) == [1: true, 2: false])
        bench.wait(.seconds(4))
        #expect(bench.begin()?.spared == ["b"])
        #expect(bench.end(["a"]) == [2: true])
    }

    @Test func `a failure without any step spares nothing`() {
        var bench = Bench()
        bench.add(1)
        _ = bench.begin()
        let results = bench.queue.finish(
            .failed(reason: "?"), [], now: bench.now, jitter: &bench.jitter)
        #expect(results.map(\.outcome) == [.failed(reason: "?")])
        bench.wait(.seconds(2))
        #expect(bench.begin()?.spared == [])
    }

    @Test func `an order that comes while others wait for their retry is cleared at once`() {
        var bench = Bench()
        bench.add(1)
        _ = bench.begin()
        _ = bench.end(["opcode"], failing: ["redis"])
        bench.add(2)
        #expect(bench.begin()?.spared == [])
        #expect(bench.end(["opcode"], failing: ["redis"]) == [2: false])
    }

    @Test func `a stream of orders does not hold up a retry, nor a retry a stream`() {
        var bench = Bench()
        bench.add(1)
        _ = bench.begin()
        _ = bench.end(["opcode"], failing: ["redis"])
        var retries = 0
        for number in 2...40 {
            bench.add(UInt64(number))
            if bench.begin()?.spared == ["opcode"] { retries += 1 }
            // Its next attempt comes due while another clear runs.
            bench.wait(.milliseconds(200))
            _ = bench.end(["opcode"], failing: ["redis"])
        }
        #expect((2...10).contains(retries), "8 s, about one a second at most: \(retries)")
    }

    @Test func `when every cache answers again what failed before does not wait any longer`() {
        var bench = Bench()
        bench.add(1)
        _ = bench.begin()
        _ = bench.end(["opcode"], failing: ["redis"])
        bench.add(2)
        _ = bench.begin()
        #expect(bench.end(["opcode", "redis"]) == [2: true])
        #expect(bench.begin()?.spared == ["opcode"])
        #expect(bench.end(["redis"]) == [1: true])
    }

    @Test func `what was cleared before the data arrived is cleared again, in every cache`() {
        var bench = Bench()
        bench.applied = false
        bench.add(
            1,
            order {
                $0.userCache = true; $0.seen = VersionVector([(Self.log, SequenceNumber(9))])
            })
        _ = bench.begin()
        #expect(bench.end(["a"], failing: ["b"]) == [1: false])
        bench.applied = true
        bench.wait(.seconds(2))
        // a was cleared too early to count.
        #expect(bench.begin()?.spared == [])
        #expect(bench.end(["a", "b"]) == [1: true])
    }

    @Test func `an order that is cleared at once is cleared again when the data has arrived`() {
        var bench = Bench()
        bench.applied = false
        bench.add(
            1,
            order {
                $0.userCache = true; $0.seen = VersionVector([(Self.log, SequenceNumber(9))])
            })
        #expect(bench.begin() != nil)
        #expect(bench.end(["a", "b"]) == [1: false])
        #expect(bench.begin() == nil)
        bench.applied = true
        #expect(bench.begin()?.spared == [])
        #expect(bench.end(["a", "b"]) == [1: true])
    }

    @Test func `a full clear waits for its slot, a plain one does not`() {
        var bench = Bench()
        bench.add(1, .total, slot: .seconds(1))
        bench.add(2, .plain, slot: .seconds(1))
        #expect(bench.begin()?.order.everything == false)
        #expect(bench.end(["a"]) == [2: true])
        #expect(bench.begin() == nil)
        #expect(bench.queue.nextDeadline == bench.now + .seconds(1))
        // Another full one is covered by the first slot.
        bench.wait(.milliseconds(500))
        bench.add(3, .total, slot: .seconds(4))
        bench.wait(.milliseconds(500))
        #expect(bench.begin()?.order.everything == true)
        #expect(bench.end(["a"]) == [1: true, 3: true])
        #expect(bench.queue.nextDeadline == nil)
    }

    @Test func `a full clear covers orders that failed before`() {
        var bench = Bench()
        bench.add(1, order { $0.tags = ["x"] })
        _ = bench.begin()
        _ = bench.end(["a"], failing: ["b"])
        bench.add(2, .total)
        #expect(bench.begin()?.order.everything == true)
        #expect(bench.end(["a", "b"]) == [1: true, 2: true])
    }

    @Test func `orders that name too much together become one full clear, in its slot`() {
        var bench = Bench()
        bench.add(1)
        _ = bench.begin()
        for number in 2...6 {
            let keys = (0..<1_000).map { "k\(number)-\($0)" }
            bench.add(UInt64(number), order { $0.keys = keys }, slot: .seconds(1))
        }
        _ = bench.end(["a"])
        #expect(bench.begin() == nil)
        bench.wait(.seconds(1))
        #expect(bench.begin()?.order.everything == true)
        #expect(bench.end(["a"]).count == 5)
    }

    @Test func `orders beyond the limit keep no names`() {
        var bench = Bench()
        for number in 0...Limits.waitingInvalidations {
            bench.add(UInt64(number + 1), order { $0.opcodeCache = true }, slot: .seconds(1))
        }
        // Those within are cleared now as they say, the rest by a full clear in its slot.
        #expect(bench.begin()?.order == order { $0.opcodeCache = true })
        #expect(bench.end(["a"]).count == Limits.waitingInvalidations)
        bench.wait(.seconds(1))
        #expect(bench.begin()?.order.everything == true)
    }

    @Test func `a full clear that is owed begins at once, and again for what came while it ran`() {
        var bench = Bench()
        bench.queue.oweFull()
        bench.queue.oweFull()
        #expect(bench.begin()?.order.everything == true)
        bench.queue.oweFull()
        _ = bench.end(["a"])
        #expect(bench.queue.owesFull)
        #expect(bench.begin()?.order.everything == true)
        _ = bench.end(["a"])
        #expect(!bench.queue.owesFull)
        #expect(bench.begin() == nil)
    }

    @Test func `clears for code that is not served any more are given up`() {
        var bench = Bench()
        bench.queue.addCode(switch: 1, isSettled: false, due: bench.now)
        #expect(bench.begin()?.order == .plain)
        bench.queue.addCode(switch: 2, isSettled: false, due: bench.now)
        #expect(
            bench.queue.finish(.failed(reason: "x"), [], now: bench.now, jitter: &bench.jitter)
                .isEmpty)
        #expect(bench.begin() != nil)
        #expect(
            bench.queue.finish(.applied, [], now: bench.now, jitter: &bench.jitter).map(\.cause)
                == [.code(switch: 2, isSettled: false)])
        #expect(!bench.queue.owesCode)
        // The second clear of a switch begins when it is due, not with another one before.
        let due = bench.now + .seconds(2)
        bench.queue.addCode(switch: 2, isSettled: true, due: due)
        bench.add(7, .total)
        _ = bench.begin()
        #expect(
            bench.queue.finish(.applied, [], now: bench.now, jitter: &bench.jitter).map(\.cause)
                == [.event(Self.id(7))])
        #expect(bench.queue.nextDeadline == due)
    }
}
