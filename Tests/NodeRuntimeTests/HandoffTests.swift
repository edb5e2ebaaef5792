// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import NodeRuntimeTesting
import Synchronization
import Testing

@testable import NodeRuntime

@Suite("A handoff between who makes lines and who reads them", .timeLimit(.minutes(1)))
struct HandoffTests {
    private static let failure = ErrorDocument(
        code: "log", message: "broken", exitStatus: ExitStatus.failed)

    @Test("Lines come once and in order, and then their end")
    func order() async throws {
        let handoff = Handoff<Int>()
        async let sent: Void = {
            for number in 1...10_000 { _ = await handoff.send(number, weight: 1_000) }
            handoff.finish()
        }()
        var read: [Int] = []
        while let number = try await handoff.next() { read.append(number) }
        await sent
        #expect(read == Array(1...10_000))
        #expect(try await handoff.next() == nil)
    }

    @Test("Who sends waits for who reads, once as much waits as may")
    func pressure() async throws {
        let handoff = Handoff<Int>()
        let count = Atomic(0)
        let sender = Task {
            for number in 1...100 {
                guard await handoff.send(number, weight: 100_000) else { return }
                count.add(1, ordering: .relaxed)
            }
        }
        for number in 1...50 {
            #expect(try await handoff.next() == number)
            // Two have room; the third was sent and waits.
            #expect(count.load(ordering: .relaxed) <= number + 3)
        }
        handoff.abandon()
        await sender.value
        #expect(count.load(ordering: .relaxed) < 60)
    }

    @Test("What was read is let go, also where something always waits")
    func releasing() async throws {
        let handoff = Handoff<Line>()
        let kept = CountedLines()
        for _ in 1...2 { #expect(await handoff.send(Line(kept), weight: 1)) }
        for _ in 1...1_000 {
            #expect(await handoff.send(Line(kept), weight: 1))
            _ = try await handoff.next()
            #expect(kept.value <= 4)
        }
    }

    /// How many lines are in memory.
    private final class CountedLines: Sendable {
        private let count = Mutex(0)

        var value: Int { count.withLock { $0 } }

        func add(_ number: Int) { count.withLock { $0 += number } }
    }

    /// A line that is counted while it is in memory.
    private final class Line: Sendable {
        private let count: CountedLines

        init(_ count: CountedLines) {
            self.count = count
            count.add(1)
        }

        deinit { count.add(-1) }
    }

    @Test("An error comes after the lines before it, once")
    func failing() async throws {
        let handoff = Handoff<Int>()
        #expect(await handoff.send(1, weight: 1))
        handoff.finish(throwing: Self.failure)
        #expect(await !handoff.send(2, weight: 1))
        #expect(try await handoff.next() == 1)
        await #expect(throws: ErrorDocument.self) { try await handoff.next() }
        #expect(try await handoff.next() == nil)
    }

    @Test("Who sends is told when nobody reads any more")
    func leaving() async throws {
        let handoff = Handoff<Int>()
        let left = Atomic(0)
        do {
            let reader = HandoffReader(handoff) { left.add(1, ordering: .relaxed) }
            let lines = reader.lines
            #expect(await handoff.send(1, weight: 1))
            for try await line in lines.prefix(1) { #expect(line == 1) }
        }
        #expect(left.load(ordering: .relaxed) == 1)
        #expect(await !handoff.send(2, weight: 1 << 30))
    }

    @Test("Whoever waits can be cancelled on either side")
    func cancelling() async throws {
        let reading = Handoff<Int>()
        let reader = Task { try await reading.next() }
        reader.cancel()
        #expect(try await reader.value == nil)
        let sending = Handoff<Int>()
        let sender = Task { await sending.send(1, weight: 1 << 30) }
        sender.cancel()
        #expect(await !sender.value)
        // What had been sent is still read.
        #expect(try await sending.next() == 1)
        #expect(try await sending.next() == nil)
    }
}
