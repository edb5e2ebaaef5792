// SPDX-License-Identifier: Apache-2.0
internal import CacheTargets
internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import Foundation
internal import Glibc
internal import NodeRuntime

/// How long an order to clear takes until three real PHP-FPM have cleared.
///
/// An origin in this process, three nodes in others, each with a PHP-FPM of its own. The orders go
/// one after another: the next one when the origin has all receipts of the one before.
struct Clearing {
    /// Orders before the first that counts.
    private static let warmUp = 5
    /// Orders that find the caches as the order before left them.
    private static let emptyOrders = 100
    /// Orders that find the caches filled.
    private static let primedOrders = 20
    /// Clears without a cluster.
    private static let loneClears = 100
    /// Before each: whatever is left to write and to acknowledge is not in the next figure.
    private static let pause = Duration.milliseconds(20)
    /// How long three nodes may take for one order.
    ///
    /// Unit: nanoseconds.
    private static let patience: UInt64 = 20_000_000_000

    private let fixture: Fixture
    private let pools: [FastCGIPool]
    private let primer: String
    /// When each order was published, and when each node began with it.
    private let begun: Scoreboard
    /// When it was published, and when each node's PHP-FPM said that it had cleared.
    private let done: Scoreboard
    /// When each node had the proof.
    private let proved: Scoreboard

    /// Measures and prints.
    ///
    /// - Parameter words: The sockets of the three PHP-FPM, and the script that fills their caches.
    static func measure(_ words: [String]) async throws {
        let folder = try RunFolder()
        defer { folder.remove() }
        let fixture = try Fixture.make(in: folder.path)
        let orders = warmUp + emptyOrders + primedOrders
        let clearing = Clearing(
            fixture: fixture, pools: try words.dropLast().map { try FastCGIPool($0) },
            primer: words.last ?? "",
            begun: try Scoreboard.create(at: "\(folder.path)/begun", capacity: orders),
            done: try Scoreboard.create(at: "\(folder.path)/board", capacity: orders),
            proved: try Scoreboard.create(at: "\(folder.path)/proved", capacity: orders))
        try await clearing.measureAlone()
        let subscribers = try (1...Scoreboard.subscriberCount).map {
            try Subprocess(["clearing", folder.path, "\($0)", words[$0 - 1]])
        }
        defer { for subscriber in subscribers { subscriber.end() } }
        let origin = try await MeasuredNode(fixture, index: 0)
        try await origin.whileRunning {
            let publisher = Publisher(origin.node)
            try await onThread { try publisher.waitForSubscribers(clearing.done) }
            try await clearing.measureOrders(origin)
        }
    }

    /// A node of the run, until the pipe closes.
    static func serve(_ fixture: Fixture, index: Int, pool: String) async throws {
        let caches = TimedCaches(
            caches: try FastCGIPool(pool).caches(scripts: "\(fixture.folder)/scripts-\(index)"),
            begun: try Scoreboard.open(at: "\(fixture.folder)/begun"),
            done: try Scoreboard.open(at: "\(fixture.folder)/board"),
            proved: try Scoreboard.open(at: "\(fixture.folder)/proved"), subscriber: index - 1)
        let measured = try await MeasuredNode(fixture, index: index, caches: caches)
        measured.noteArrivals(on: caches.done, of: index - 1)
        try await measured.whileRunning { try await onThread { Subprocess.waitForEnd() } }
    }

    // MARK: Without a cluster

    /// One PHP-FPM, cleared from this process as a node would.
    private func measureAlone() async throws {
        let caches = pools[0].caches(scripts: "\(fixture.folder)/scripts-0")
        func time(primed: Bool) async throws -> (word: UInt64, proof: UInt64) {
            if primed { try await pools[0].prime(primer) }
            try await Task.sleep(for: Clearing.pause)
            let start = MonotonicClock.now()
            let steps = await caches.clear(.plain)
            let end = MonotonicClock.now()
            if let doubt = ClearProof.doubt(steps) {
                throw BenchmarkError(operation: "clear alone", detail: doubt)
            }
            return (steps.wordAfter, end - start)
        }
        for (name, count, primed) in [
            ("empty", Clearing.loneClears, false), ("primed", Clearing.primedOrders, true),
        ] {
            for _ in 0..<Clearing.warmUp { _ = try await time(primed: primed) }
            var times: [(word: UInt64, proof: UInt64)] = []
            for _ in 0..<count { times.append(try await time(primed: primed)) }
            Figures.printPercentiles("clear.one.\(name)", times.map(\.word))
            Figures.printPercentiles("proof.one.\(name)", times.map(\.proof))
        }
    }

    // MARK: Through the cluster

    private func measureOrders(_ origin: MeasuredNode) async throws {
        var next = 0
        for (name, count, primed) in [
            (nil, Clearing.warmUp, false), ("empty", Clearing.emptyOrders, false),
            ("primed", Clearing.primedOrders, true),
        ] {
            let orders = next..<(next + count)
            for order in orders {
                if primed { try await prime() }
                try await clear(order, origin)
            }
            if let name { printFigures(name, orders) }
            next += count
        }
    }

    private func prime() async throws {
        for pool in pools { try await pool.prime(primer) }
    }

    /// Publishes an order, and waits for its effects and its receipts.
    private func clear(_ number: Int, _ origin: MeasuredNode) async throws {
        var order = Invalidation.plain
        // The number travels as the name of an entry, which clearing everything covers.
        order.keys = ["\(number)"]
        try await Task.sleep(for: Clearing.pause)
        done.noteSent(number)
        let result = await withCheckedContinuation { continuation in
            origin.node.publish(
                [.invalidation(order)], level: .local, timeout: .seconds(60)
            ) { continuation.resume(returning: $0) }
        }
        guard case .confirmed(let range, holders: _) = result else {
            throw BenchmarkError(operation: "publish order \(number)", detail: "\(result)")
        }
        let end = MonotonicClock.now() + Clearing.patience
        let nodes = Set(fixture.identities.dropFirst().map(\.node))
        while true {
            if isProved(number) {
                let known = Set(try await origin.receipts(about: range).map(\.node))
                if known.isSuperset(of: nodes) { return }
            }
            guard MonotonicClock.now() < end else {
                throw BenchmarkError(
                    operation: "clear for order \(number)",
                    detail: "no proof or no receipt of three nodes in 20 s")
            }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    private func isProved(_ number: Int) -> Bool {
        (0..<Scoreboard.subscriberCount).allSatisfy { proved.received(number, by: $0) > 0 }
    }

    private func printFigures(_ name: String, _ orders: Range<Int>) {
        var untilBegun: [UInt64] = []
        var work: [UInt64] = []
        var untilLast: [UInt64] = []
        var untilProved: [UInt64] = []
        for order in orders {
            let sent = done.sent(order)
            var last: UInt64 = 0
            var lastProof: UInt64 = 0
            for node in 0..<Scoreboard.subscriberCount {
                let (start, end) = (begun.received(order, by: node), done.received(order, by: node))
                untilBegun.append(start - sent)
                work.append(end - start)
                last = max(last, end - sent)
                lastProof = max(lastProof, proved.received(order, by: node) - sent)
            }
            untilLast.append(last)
            untilProved.append(lastProof)
        }
        Figures.printPercentiles("cleared.\(name)", untilLast)
        Figures.printPercentiles("proved.\(name)", untilProved)
        Figures.printPercentiles("clear.begin.\(name)", untilBegun)
        Figures.printPercentiles("clear.work.\(name)", work)
    }
}

extension [StepReceipt] {
    /// How long after the order the last cache was said to be empty.
    ///
    /// Unit: nanoseconds.
    fileprivate var wordAfter: UInt64 { (map(\.microseconds).max() ?? 0) * 1_000 }
}

/// Clears as the daemon does, and notes when it began, was told, and had proof.
private struct TimedCaches: CacheClearer {
    let caches: CacheSet
    let begun: Scoreboard
    let done: Scoreboard
    let proved: Scoreboard
    let subscriber: Int

    func clear(
        _ invalidation: Invalidation, sparing spared: Set<String>
    ) async -> [StepReceipt] {
        await caches.clear(invalidation, sparing: spared)
    }

    func begin(
        _ invalidation: Invalidation, sparing spared: Set<String>,
        running run: (@escaping @Sendable () async -> Void) -> Void,
        then: @escaping @Sendable ([StepReceipt]) -> Void
    ) {
        let start = MonotonicClock.now()
        caches.begin(invalidation, sparing: spared, running: run) { steps in
            note(steps, of: invalidation, since: start)
            then(steps)
        }
    }

    private func note(_ steps: [StepReceipt], of invalidation: Invalidation, since start: UInt64) {
        let end = MonotonicClock.now()
        if let doubt = ClearProof.doubt(steps) {
            FileHandle.standardError.write(Data("node \(subscriber + 1): \(doubt)\n".utf8))
            return
        }
        for number in invalidation.keys.compactMap({ UInt64($0) }) {
            begun.note(number, at: start, by: subscriber)
            done.note(number, at: start + steps.wordAfter, by: subscriber)
            proved.note(number, at: end, by: subscriber)
        }
    }
}
