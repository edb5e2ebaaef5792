// SPDX-License-Identifier: Apache-2.0
internal import ClusterCore
internal import ClusterModel
internal import Dispatch
internal import NodeRuntime
internal import Synchronization

/// Publishes one event a call, with a bounded number that are not confirmed durable yet.
///
/// From one thread of its own, as an application would: no call waits unless the bound is reached.
final class Publisher: Sendable {
    /// Events that may be out; the same bound as the one of JetStream's client in the comparison.
    static let window = 4_096
    /// Publishing goes on when so many are left.
    private static let refillMark = window / 2

    private let node: Node
    private let outstanding = Atomic(0)
    private let isWaiting = Atomic(false)
    private let refused = Atomic(0)
    private let room = DispatchSemaphore(value: 0)

    init(_ node: Node) {
        self.node = node
    }

    /// How many calls did not end in a durable event.
    var refusals: Int { refused.load(ordering: .relaxed) }

    /// Publishes a payload; waits only where too many are out.
    func publish(_ payload: [UInt8]) {
        if outstanding.add(1, ordering: .relaxed).newValue > Publisher.window { waitForRoom() }
        let content = EventContent.application(
            ApplicationEvent(topic: "bench", payload: .inline(payload)))
        node.publish([content], level: .local, timeout: .seconds(60)) { [self] result in
            switch result {
            case .confirmed: break
            case .unconfirmed, .unknown, .refused: refused.add(1, ordering: .relaxed)
            }
            let left = outstanding.subtract(1, ordering: .acquiringAndReleasing).newValue
            if left <= Publisher.refillMark, isWaiting.exchange(false, ordering: .relaxed) {
                room.signal()
            }
        }
    }

    private func waitForRoom() {
        while outstanding.load(ordering: .acquiring) > Publisher.window {
            isWaiting.store(true, ordering: .releasing)
            // Looks again by itself, for the mark may have been passed before the store.
            _ = room.wait(timeout: .now() + .milliseconds(5))
        }
    }

    /// Waits until everything is durable here.
    func finish() {
        let end = MonotonicClock.now() + 60_000_000_000
        while outstanding.load(ordering: .acquiring) > 0, MonotonicClock.now() < end {
            MonotonicClock.sleep(milliseconds: 1)
        }
    }

    /// Publishes greetings until every subscriber hears them as they come.
    ///
    /// One that is heard may have been pulled, on a link that is not up yet: so all must hear one
    /// soon after it was sent, several times in a row.
    func waitForSubscribers(_ board: Scoreboard) throws(BenchmarkError) {
        let greeting = Payload.bytes(Scoreboard.greeting, count: 200)
        let end = MonotonicClock.now() + 30_000_000_000
        var inTime = 0
        while inTime < 3 {
            guard MonotonicClock.now() < end else {
                throw BenchmarkError(
                    operation: "wait for the subscribers", detail: "not all heard in time")
            }
            board.forgetGreetings()
            publish(greeting)
            MonotonicClock.sleep(milliseconds: 100)
            inTime = board.isEverybodyReady ? inTime + 1 : 0
        }
        MonotonicClock.sleep(milliseconds: 200)
        refused.store(0, ordering: .relaxed)
    }
}

extension Payload {
    /// A payload that begins with the event's number.
    static func bytes(_ number: UInt64, count: Int) -> [UInt8] {
        var bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ 7) }
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: number, as: UInt64.self) }
        return bytes
    }
}
