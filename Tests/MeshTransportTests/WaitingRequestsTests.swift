// SPDX-License-Identifier: Apache-2.0
import Testing
import ZeroMQ

@testable import MeshTransport

@Suite("Requests that wait for their connection")
struct WaitingRequestsTests {
    private let start = ContinuousClock.now

    private func sizes(_ waiting: inout WaitingRequests) -> [Int] {
        var sizes: [Int] = []
        waiting.take {
            sizes.append($0.frames[0].count)
            return true
        }
        return sizes
    }

    private func message(_ size: Int) -> Message { Message([[UInt8](repeating: 0, count: size)]) }

    @Test("a thousand acknowledgements do not crowd out what is asked before or after them")
    func crowd() {
        var waiting = WaitingRequests()
        waiting.add(message(1), at: start)
        for _ in 0..<1_000 { waiting.add(message(200), at: start) }
        waiting.add(message(2), at: start)
        let sizes = sizes(&waiting)
        #expect(sizes.count == 1_002)
        #expect(sizes.first == 1 && sizes.last == 2)
        #expect(waiting.isEmpty)
    }

    @Test("beyond the limit of bytes the oldest is forgotten")
    func bound() {
        var waiting = WaitingRequests()
        for size in 1...12 { waiting.add(message(size * 32_768), at: start) }
        let kept = sizes(&waiting)
        #expect(kept.last == 12 * 32_768)
        #expect(kept == [11, 12].map { $0 * 32_768 })
        for _ in 0..<100_000 { waiting.add(message(1), at: start) }
        #expect(sizes(&waiting).count == WaitingRequests.byteLimit / 129)
    }

    @Test(
        "what has waited for too long is forgotten; the rest goes in its order, as far as it goes")
    func patience() {
        var waiting = WaitingRequests()
        waiting.add(message(1), at: start)
        for size in 2...4 { waiting.add(message(size), at: start + .seconds(1)) }
        waiting.expire(at: start + WaitingRequests.patience)
        var sent: [Int] = []
        waiting.take {
            guard sent.count < 2 else { return false }
            sent.append($0.frames[0].count)
            return true
        }
        #expect(sent == [2, 3])
        #expect(sizes(&waiting) == [4])
    }
}
