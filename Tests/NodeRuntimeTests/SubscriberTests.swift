// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import NodeRuntimeTesting
import Testing

@testable import NodeRuntime

@Suite("A subscriber's queue") struct SubscriberTests {
    private func event(_ number: Int, size: Int = 0) throws -> DeliveredEvent {
        let bytes = [UInt8](repeating: 1, count: 32)
        let log = EpochID(
            origin: try #require(NodeID(bytes: bytes)), epoch: LogEpoch(counter: 1, nonce: 1))
        return DeliveredEvent(
            id: EventID(log: log, sequence: SequenceNumber(UInt64(number))),
            timestamp: HybridTimestamp(raw: 1), grant: try #require(Digest(bytes: bytes)),
            event: ApplicationEvent(
                topic: "t", payload: .inline([UInt8](repeating: 0, count: size))))
    }

    private func numbers(_ arrival: Subscriber.Arrival) -> String {
        switch arrival {
        case .events(let events): "events \(events.map(\.id.sequence.value))"
        case .released(let events): "released \(events.map(\.id.sequence.value))"
        case .overflow: "overflow"
        case .overwhelmed: "overwhelmed"
        case .ended: "ended"
        }
    }

    @Test("Released events come after what was queued, and once")
    func released() async throws {
        let subscriber = Subscriber(patterns: [])
        subscriber.offer([try event(2)], late: true)
        subscriber.offer([try event(9)])
        subscriber.offer([try event(3)], late: true)
        subscriber.forgetReleased(try event(3).id)
        #expect(numbers(await subscriber.next()) == "events [9]")
        #expect(numbers(await subscriber.next()) == "released [2]")
        subscriber.end()
        #expect(numbers(await subscriber.next()) == "ended")
    }

    @Test("A queue that is full loses no released event")
    func overflow() async throws {
        let subscriber = Subscriber(patterns: [])
        for number in 0...Subscriber.queueLimit { subscriber.offer([try event(number + 10)]) }
        subscriber.offer([try event(2)], late: true)
        #expect(numbers(await subscriber.next()) == "overflow")
        #expect(numbers(await subscriber.next()) == "released [2]")
    }

    @Test("A queue is bounded by weight as well")
    func weight() async throws {
        let subscriber = Subscriber(patterns: [])
        let most = Subscriber.queueBytes / 100_000
        for number in 1...most { subscriber.offer([try event(number, size: 99_000)]) }
        #expect(numbers(await subscriber.next()) == "events \(Array(1...most))")
        for number in 1...most + 1 { subscriber.offer([try event(number, size: 99_000)]) }
        #expect(numbers(await subscriber.next()) == "overflow")
        for number in 1...most + 1 {
            subscriber.offer([try event(number, size: 99_000)], late: true)
        }
        #expect(numbers(await subscriber.next()) == "overwhelmed")
    }

    @Test("More released events than may wait end the subscription, loudly")
    func overwhelmed() async throws {
        let subscriber = Subscriber(patterns: [])
        for number in 0...Subscriber.queueLimit {
            subscriber.offer([try event(number)], late: true)
        }
        #expect(numbers(await subscriber.next()) == "overwhelmed")
    }
}
