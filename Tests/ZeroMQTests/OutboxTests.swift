// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ZeroMQ

/// An actor that empties an outbox.
private actor Drain {
    nonisolated let executor: PollingExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let outbox: Outbox<Int>
    private let journal: Journal<[Int]>

    init(_ outbox: Outbox<Int>, on executor: PollingExecutor, journal: Journal<[Int]>) {
        self.executor = executor
        self.outbox = outbox
        self.journal = journal
    }

    func start() { outbox.deliver(to: self, on: executor) { $0.drain() } }

    private func drain() { journal.append(outbox.drain()) }

    /// Holds the thread while the body runs.
    func occupy(_ body: @Sendable () -> Void) { body() }
}

@Suite("An outbox", .timeLimit(.minutes(1))) struct OutboxTests {
    let executor: PollingExecutor
    let journal = Journal<[Int]>()

    init() throws { executor = try PollingExecutor(name: "test") }

    @Test("hands over everything in order, with one call per batch")
    func order() async {
        let outbox = Outbox<Int>(limit: 1_000)
        let drain = Drain(outbox, on: executor, journal: journal)
        outbox.append(-1)
        await drain.start()
        await journal.wait(forCount: 1)
        await drain.occupy { for number in 0..<500 { outbox.append(number) } }
        await journal.wait(forCount: 2)
        #expect(journal.elements == [[-1], Array(0..<500)])
        #expect(outbox.count == 0)
    }

    @Test("loses nothing of several writers")
    func writers() async {
        let outbox = Outbox<Int>(limit: 100_000)
        let drain = Drain(outbox, on: executor, journal: journal)
        await drain.start()
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    for number in 0..<5_000 { outbox.append(writer * 10_000 + number) }
                }
            }
        }
        let batches = await journal.wait { $0.reduce(0) { $0 + $1.count } == 20_000 }
        let all = batches.flatMap { $0 }
        for writer in 0..<4 {
            let own = all.filter { $0 / 10_000 == writer }.map { $0 % 10_000 }
            #expect(own == Array(0..<5_000))
        }
    }

    @Test("refuses what is beyond its limit")
    func limit() async {
        let outbox = Outbox<Int>(limit: 2)
        #expect(outbox.append(1))
        #expect(outbox.append(2))
        #expect(!outbox.append(3))
        #expect(outbox.drain() == [1, 2])
        #expect(outbox.append(4))
    }
}
