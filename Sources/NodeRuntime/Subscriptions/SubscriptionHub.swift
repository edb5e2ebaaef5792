// SPDX-License-Identifier: Apache-2.0

public import ClusterModel
internal import Synchronization

/// One application event on its way to local subscribers.
public struct DeliveredEvent: Sendable, Hashable {
    /// Its ID.
    public let id: EventID
    /// Its stamp.
    public let timestamp: HybridTimestamp
    /// The grant its origin spoke under.
    public let grant: Digest
    /// Topic and payload.
    public let event: ApplicationEvent

    /// What an event without topic and payload weighs in memory, about.
    ///
    /// Unit: bytes.
    static let overhead = 256

    /// What it weighs while it waits; a blob waits on disk.
    ///
    /// Unit: bytes.
    var weight: Int {
        let bytes =
            switch event.payload {
            case .inline(let bytes): bytes.count
            case .blob: 0
            }
        return bytes + event.topic.utf8.count + DeliveredEvent.overhead
    }

    /// Joins what a subscriber is told.
    public init(
        id: EventID, timestamp: HybridTimestamp, grant: Digest, event: ApplicationEvent
    ) {
        self.id = id
        self.timestamp = timestamp
        self.grant = grant
        self.event = event
    }
}

/// Hands durable application events to local subscribers, none of which can hold up another.
///
/// Law: every subscriber sees the accepted events of one origin in their order, each once, without
/// a hole: those after its `since` from the log first, then live ones. A subscriber whose queue is
/// full is set back to the log and goes on from there by itself. Events that were withheld come
/// when they are released, whatever their place.
public final class SubscriptionHub: Sendable {
    private struct State {
        var subscribers: [UInt64: Subscriber] = [:]
        var observers: [@Sendable ([DeliveredEvent]) -> Void] = []
        var nextNumber: UInt64 = 1
    }

    private let state = Mutex(State())

    /// A hub without subscribers.
    public init() {}

    /// How many subscribe or observe.
    public var count: Int { state.withLock { $0.subscribers.count + $0.observers.count } }

    /// Has a part of this process called with every run of events, for as long as the hub lives.
    ///
    /// On the node's executor, so it must not block; it sees what comes while the node runs, and
    /// nothing of the log's past.
    public func observe(_ observer: @escaping @Sendable ([DeliveredEvent]) -> Void) {
        state.withLock { $0.observers.append(observer) }
    }

    /// Hands over events that are durable and allowed here.
    ///
    /// From the node's executor; never blocks.
    ///
    /// - Parameter late: They were withheld, and others of their log were delivered since.
    public func deliver(_ events: [DeliveredEvent], late: Bool = false) {
        let (subscribers, observers) = state.withLock { state in
            (Array(state.subscribers.values), state.observers)
        }
        for observer in observers { observer(events) }
        for subscriber in subscribers { subscriber.offer(events, late: late) }
    }

    /// Adds a subscriber of topics; it is gone when the value it gets goes.
    func add(_ patterns: [String]) -> (subscriber: Subscriber, number: UInt64) {
        let subscriber = Subscriber(patterns: patterns)
        let number = state.withLock { state in
            defer { state.nextNumber += 1 }
            state.subscribers[state.nextNumber] = subscriber
            return state.nextNumber
        }
        return (subscriber, number)
    }

    /// Removes a subscriber, and wakes whoever waits for its next events.
    func remove(_ number: UInt64) {
        let subscriber = state.withLock { $0.subscribers.removeValue(forKey: number) }
        subscriber?.end()
    }

    /// Ends every subscription, as the daemon stops.
    public func endAll() {
        let subscribers = state.withLock { state in
            defer { state.subscribers = [:] }
            return Array(state.subscribers.values)
        }
        for subscriber in subscribers { subscriber.end() }
    }
}

/// One subscriber's bounded queue.
final class Subscriber: Sendable {
    /// How many events may wait for a subscriber before it is set back to the log.
    static let queueLimit = 4_096

    /// What they may weigh, overhead included; the log holds the rest.
    ///
    /// Unit: bytes.
    static let queueBytes = 1 << 20

    /// What waits for a subscriber.
    enum Arrival: Sendable {
        /// Live events, in order.
        case events([DeliveredEvent])
        /// Events that were withheld until now, in order.
        case released([DeliveredEvent])
        /// More came than the queue holds: read the log from where you are.
        case overflow
        /// More was released than may wait, and the log cannot be read backwards.
        case overwhelmed
        /// There will be no more.
        case ended
    }

    /// Events that wait, and what they weigh.
    private struct Queue {
        var events: [DeliveredEvent] = []
        var weight = 0

        /// Adds events; `false` where they are too many or too heavy together.
        mutating func add(_ more: [DeliveredEvent]) -> Bool {
            let weight = more.reduce(weight) { $0 + $1.weight }
            guard events.count + more.count <= queueLimit, weight <= queueBytes else {
                return false
            }
            events += more
            self.weight = weight
            return true
        }

        mutating func remove(_ id: EventID) {
            guard let index = events.firstIndex(where: { $0.id == id }) else { return }
            weight -= events.remove(at: index).weight
        }

        mutating func takeAll() -> [DeliveredEvent] {
            defer { self = Queue() }
            return events
        }
    }

    private struct State {
        var queue = Queue()
        var released = Queue()
        var hasOverflowed = false
        var isOverwhelmed = false
        var hasEnded = false
        var waiter: CheckedContinuation<Arrival, Never>?

        /// The next of what waits.
        mutating func takeArrival() -> Arrival? {
            if isOverwhelmed { return .overwhelmed }
            if hasOverflowed {
                hasOverflowed = false
                return .overflow
            }
            if !queue.events.isEmpty { return .events(queue.takeAll()) }
            if !released.events.isEmpty { return .released(released.takeAll()) }
            return nil
        }
    }

    private let patterns: [String]
    private let state = Mutex(State())

    init(patterns: [String]) {
        self.patterns = patterns
    }

    /// Whether the subscriber asked for the topic; without patterns it asked for every one.
    func wants(_ topic: String) -> Bool {
        patterns.isEmpty || patterns.contains { Subscriber.matches(topic, pattern: $0) }
    }

    /// A pattern is a topic, or the start of topics with `*` behind.
    static func matches(_ topic: String, pattern: String) -> Bool {
        pattern.utf8.last == UInt8(ascii: "*")
            ? topic.utf8.starts(with: pattern.utf8.dropLast()) : topic == pattern
    }

    func offer(_ events: [DeliveredEvent], late: Bool = false) {
        let wanted = events.filter { wants($0.event.topic) }
        guard !wanted.isEmpty else { return }
        let waiter = state.withLock { state -> CheckedContinuation<Arrival, Never>? in
            guard !state.hasEnded, late || !state.hasOverflowed else { return nil }
            if let waiter = state.waiter {
                state.waiter = nil
                return waiter
            }
            if late {
                // A subscriber that is set back to the log finds only what lies before it there.
                if !state.isOverwhelmed, !state.released.add(wanted) {
                    state.released = Queue()
                    state.isOverwhelmed = true
                }
            } else if !state.queue.add(wanted) {
                state.queue = Queue()
                state.hasOverflowed = true
            }
            return nil
        }
        waiter?.resume(returning: late ? .released(wanted) : .events(wanted))
    }

    /// An event was found in the log: it need not be handed out as one that was released.
    func forgetReleased(_ id: EventID) {
        state.withLock { $0.released.remove(id) }
    }

    /// What came since the last call; waits where nothing did.
    ///
    /// Released events come last, when everything before them has been handed out. One caller at a
    /// time.
    func next() async -> Arrival {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let arrival = state.withLock { state -> Arrival? in
                    if let arrival = state.takeArrival() { return arrival }
                    if state.hasEnded { return .ended }
                    state.waiter = continuation
                    return nil
                }
                if let arrival { continuation.resume(returning: arrival) }
            }
        } onCancel: {
            end()
        }
    }

    func end() {
        let waiter = state.withLock { state in
            state.hasEnded = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: .ended)
    }
}
