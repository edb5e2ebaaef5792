// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import Foundation
internal import Glibc

/// One row of the table: an origin in this process, three subscribers in others.
enum Scenario: String, CaseIterable {
    /// How long an event is under way, at a rate that everybody keeps up with.
    case latency
    /// How many small events a second reach all, at full speed.
    case throughput
    /// What a subscriber that stands still costs itself and the others.
    case frozen
    /// The same without that one: only the two others are there.
    case absent
    /// How long request and reply take, through the transports.
    case roundtrip

    private static let latencyEvents = 1_500
    /// Unit: events a second.
    private static let latencyRate = 500
    private static let throughputEvents = 400_000
    private static let frozenEvents = 200_000
    /// The subscriber that is frozen.
    private static let frozenSubscriber = 2
    /// Those that are never frozen.
    private static let healthy = 0..<frozenSubscriber

    private var events: Int {
        switch self {
        case .latency: Scenario.latencyEvents
        case .throughput: Scenario.throughputEvents
        case .frozen, .absent: Scenario.frozenEvents
        case .roundtrip: 0
        }
    }

    /// Measures and prints.
    func run() async throws {
        let folder = try RunFolder()
        defer { folder.remove() }
        let fixture = try Fixture.make(in: folder.path)
        if self == .roundtrip { return try await RoundTrip.measure(fixture) }
        let board = try Scoreboard.create(
            at: "\(folder.path)/board", capacity: events,
            listeners: self == .absent ? Scenario.healthy : Scoreboard.all)
        let subscribers = try board.listeners.map {
            try Subprocess(["node", folder.path, "\($0 + 1)"])
        }
        defer { for subscriber in subscribers { subscriber.end() } }
        let origin = try await MeasuredNode(fixture, index: 0)
        try await origin.whileRunning {
            let publisher = Publisher(origin.node)
            try await onThread {
                try publisher.waitForSubscribers(board)
                switch self {
                case .latency: Scenario.measureLatency(publisher, board, subscribers)
                case .throughput: Scenario.measureThroughput(publisher, board)
                case .frozen: Scenario.measureFrozen(publisher, board, subscribers)
                case .absent: Scenario.measureAbsent(publisher, board)
                case .roundtrip: break
                }
            }
        }
    }

    private static func measureLatency(
        _ publisher: Publisher, _ board: Scoreboard, _ subscribers: [Subprocess]
    ) {
        let processes = [getpid()] + subscribers.map(\.process)
        let before = ProcessorTime.sum(of: processes)
        let start = MonotonicClock.now() + 1_000_000
        let interval = 1_000_000_000 / UInt64(latencyRate)
        for event in 0..<latencyEvents {
            let payload = Payload.bytes(UInt64(event), count: 200)
            MonotonicClock.sleep(until: start + UInt64(event) * interval)
            board.noteSent(event)
            publisher.publish(payload)
        }
        board.waitForAll(latencyEvents)
        let spent = ProcessorTime.sum(of: processes) - before
        Figures.printLatency(board, events: latencyEvents)
        Figures.print("event.cpu", Double(spent) / 1_000 / Double(latencyEvents), "us")
    }

    private static func measureThroughput(_ publisher: Publisher, _ board: Scoreboard) {
        let count = throughputEvents
        var payload = Payload.bytes(0, count: 200)
        board.noteSent(0)
        for event in 0..<count {
            payload.withUnsafeMutableBytes { $0.storeBytes(of: UInt64(event), as: UInt64.self) }
            publisher.publish(payload)
        }
        let published = MonotonicClock.now()
        board.waitForAll(count)
        let all = 0..<Scoreboard.subscriberCount
        let received = all.map { board.count(of: $0) }.reduce(0, +)
        let last = all.map { board.lastTime(of: $0) }.max() ?? 0
        Figures.print(
            "event.throughput.all3",
            Double(received) / Double(all.count) * 1e9 / Double(last - board.sent(0)), "events/s")
        Figures.print(
            "event.throughput.accepted", Double(count) * 1e9 / Double(published - board.sent(0)),
            "events/s")
        Figures.print("event.throughput.lost", Double(all.count * count - received), "events")
        Figures.print("event.throughput.refused", Double(publisher.refusals), "events")
    }

    private static func measureFrozen(
        _ publisher: Publisher, _ board: Scoreboard, _ subscribers: [Subprocess]
    ) {
        let count = frozenEvents
        let processes = [getpid()] + subscribers.map(\.process)
        var peaks = [Double](repeating: 0, count: processes.count)
        func sample() {
            for (index, process) in processes.enumerated() {
                peaks[index] = max(peaks[index], Memory.anonymous(of: process))
            }
        }
        subscribers[frozenSubscriber].freeze()
        MonotonicClock.sleep(milliseconds: 50)
        let published = publishAtFullSpeed(publisher, board, sample)
        MonotonicClock.sleep(milliseconds: 500)
        subscribers[frozenSubscriber].thaw()
        // What was missed arrives now: that is when a subscriber needs most.
        board.waitForAll(count, meanwhile: sample)
        sample()
        printHealthy("overload", board, published: published)
        Figures.print(
            "overload.lost.frozen_sub", Double(count - board.count(of: frozenSubscriber)), "events")
        Figures.print("overload.refused", Double(publisher.refusals), "events")
        Figures.print("overload.memory.origin", peaks[0], "MiB RssAnon")
        Figures.print("overload.memory.subscriber", peaks.dropFirst().max() ?? 0, "MiB RssAnon")
    }

    /// The same events at the same two subscribers, without a third one.
    private static func measureAbsent(_ publisher: Publisher, _ board: Scoreboard) {
        let published = publishAtFullSpeed(publisher, board) {}
        board.waitForAll(frozenEvents)
        printHealthy("absent", board, published: published)
    }

    /// Publishes 1 KiB at a time; returns when the last call returned.
    private static func publishAtFullSpeed(
        _ publisher: Publisher, _ board: Scoreboard, _ sample: () -> Void
    ) -> UInt64 {
        var payload = Payload.bytes(0, count: 1_024)
        for event in 0..<frozenEvents {
            payload.withUnsafeMutableBytes { $0.storeBytes(of: UInt64(event), as: UInt64.self) }
            board.noteSent(event)
            publisher.publish(payload)
            if event % 2_000 == 0 { sample() }
        }
        return MonotonicClock.now()
    }

    /// What became of the two subscribers that are never frozen.
    private static func printHealthy(_ what: String, _ board: Scoreboard, published: UInt64) {
        let count = frozenEvents
        let received = healthy.map { board.count(of: $0) }.reduce(0, +)
        let last = healthy.map { board.lastTime(of: $0) }.max() ?? 0
        Figures.print(
            "\(what).publish_rate", Double(count) * 1e9 / Double(published - board.sent(0)),
            "events/s")
        Figures.print(
            "\(what).healthy_rate",
            Double(received) / 2 * 1e9 / Double(last - board.sent(0)), "events/s")
        let delays = (0..<count).compactMap { event in
            let times = healthy.map { board.received(event, by: $0) }
            return times.contains(0) ? nil : times.max().map { $0 - board.sent(event) }
        }
        Figures.printPercentiles("\(what).healthy", delays)
        Figures.print("\(what).lost.healthy_subs", Double(2 * count - received), "events")
    }
}

/// A folder under `$TMPDIR`, else in shared memory, which is gone after the run.
struct RunFolder {
    let path: String

    init() throws(BenchmarkError) {
        let parent = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/dev/shm"
        var template = Array("\(parent)/sitestacker-benchmark-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw .system("make a folder in \(parent)") }
        path = template.withUnsafeBufferPointer { buffer in
            String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    func remove() {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            FileHandle.standardError.write(Data("cannot remove \(path): \(error)\n".utf8))
        }
    }
}

/// Runs what waits on a thread of its own, so that none of the cooperative pool stands still.
func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
    try await withCheckedThrowingContinuation {
        (continuation: CheckedContinuation<Void, any Error>) in
        Thread { continuation.resume(with: Result { try body() }) }.start()
    }
}
