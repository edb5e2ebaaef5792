// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Synchronization

/// When each event was sent, and when each subscriber had it, in memory that all processes share.
///
/// The checked claim behind `@unchecked`: every word is an atomic, and the mapping lives as long as
/// the process.
final class Scoreboard: @unchecked Sendable {
    /// The nodes that subscribe: all but the origin.
    static let subscriberCount = 3
    /// All of them, by their number.
    static let all = 0..<subscriberCount
    /// The sequence number of events that only show that a subscriber hears.
    static let greeting = UInt64.max

    /// Words before the times: ready, count and last time of each subscriber, and the capacity.
    private static let headerCount = 16
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    /// How many events it has room for.
    let capacity: Int
    /// Those that take part in the run.
    let listeners: Range<Int>

    private init(
        mapping: UnsafeMutableRawPointer, wordCount: Int, capacity: Int, listeners: Range<Int>
    ) {
        self.listeners = listeners
        words = mapping.bindMemory(to: Atomic<UInt64>.self, capacity: wordCount)
        self.capacity = capacity
    }

    /// Makes the file and maps it.
    static func create(
        at path: String, capacity: Int, listeners: Range<Int> = all
    ) throws(BenchmarkError) -> Scoreboard {
        let count = headerCount + (1 + subscriberCount) * capacity
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0, ftruncate(descriptor, count * 8) == 0 else {
            throw .system("create \(path)")
        }
        defer { close(descriptor) }
        let board = Scoreboard(
            mapping: try map(descriptor, count), wordCount: count, capacity: capacity,
            listeners: listeners)
        board.words[headerCount - 1].store(UInt64(capacity), ordering: .releasing)
        return board
    }

    /// Maps a file that another process made.
    static func open(at path: String) throws(BenchmarkError) -> Scoreboard {
        let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            throw .system("open \(path)")
        }
        defer { close(descriptor) }
        let count = Int(status.st_size) / 8
        return Scoreboard(
            mapping: try map(descriptor, count), wordCount: count,
            capacity: (count - headerCount) / (1 + subscriberCount), listeners: all)
    }

    private static func map(
        _ descriptor: CInt, _ count: Int
    ) throws(BenchmarkError) -> UnsafeMutableRawPointer {
        let mapping = mmap(nil, count * 8, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let mapping, mapping != MAP_FAILED else { throw .system("map the scoreboard") }
        return mapping
    }

    /// Notes that an event is about to be published.
    func noteSent(_ event: Int) {
        words[Scoreboard.headerCount + event].store(MonotonicClock.now(), ordering: .relaxed)
    }

    /// Notes what a subscriber was handed; what does not belong to the run is passed over.
    func noteReceived(_ payload: [UInt8], by subscriber: Int) {
        let time = MonotonicClock.now()
        guard payload.count >= 8 else { return }
        let event = payload.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        guard event != Scoreboard.greeting else {
            return words[subscriber].store(1, ordering: .releasing)
        }
        note(event, at: time, by: subscriber)
    }

    /// Notes when something happened to an event at a subscriber; only the first time counts.
    func note(_ event: UInt64, at time: UInt64, by subscriber: Int) {
        guard event < capacity else { return }
        let slot = (1 + subscriber) * capacity + Int(event) + Scoreboard.headerCount
        guard words[slot].load(ordering: .relaxed) == 0 else { return }
        words[slot].store(time, ordering: .relaxed)
        words[6 + subscriber].store(time, ordering: .relaxed)
        words[3 + subscriber].add(1, ordering: .releasing)
    }

    /// The next greeting is another one.
    func forgetGreetings() {
        for subscriber in listeners {
            words[subscriber].store(0, ordering: .releasing)
        }
    }

    /// Whether every subscriber of the run has heard a greeting.
    var isEverybodyReady: Bool {
        listeners.allSatisfy { words[$0].load(ordering: .acquiring) == 1 }
    }

    /// How many different events a subscriber has.
    func count(of subscriber: Int) -> Int { Int(words[3 + subscriber].load(ordering: .acquiring)) }

    /// When a subscriber was handed its latest event.
    func lastTime(of subscriber: Int) -> UInt64 { words[6 + subscriber].load(ordering: .relaxed) }

    /// When an event was sent.
    func sent(_ event: Int) -> UInt64 {
        words[Scoreboard.headerCount + event].load(ordering: .relaxed)
    }

    /// When a subscriber had an event; 0 where it has not.
    func received(_ event: Int, by subscriber: Int) -> UInt64 {
        words[Scoreboard.headerCount + (1 + subscriber) * capacity + event]
            .load(ordering: .relaxed)
    }

    /// How long nothing must come until what is missing counts as lost.
    ///
    /// Unit: milliseconds. Above the time after which a node asks for a gap again.
    private static let quiet: UInt64 = 8_000
    /// How many milliseconds lie between two looks at something else.
    private static let restfulness = 20

    /// Waits until all have `count` events, or nothing has come for long.
    ///
    /// - Parameter look: Called every 20 milliseconds, so that it costs the run little.
    func waitForAll(_ count: Int, meanwhile look: () -> Void = {}) {
        var last = 0
        var rests = 0
        var since = MonotonicClock.now()
        let end = since + 120_000_000_000
        while MonotonicClock.now() < end {
            let counts = listeners.map { self.count(of: $0) }
            if counts.allSatisfy({ $0 >= count }) { return }
            let sum = counts.reduce(0, +)
            if sum != last { (last, since) = (sum, MonotonicClock.now()) }
            if MonotonicClock.now() - since > Scoreboard.quiet * 1_000_000 { return }
            MonotonicClock.sleep(milliseconds: 1)
            rests += 1
            if rests.isMultiple(of: Scoreboard.restfulness) { look() }
        }
    }
}
