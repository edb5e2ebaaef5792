// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import AdminHTTP

@Suite("The door's gate")
struct AddressGateTests {
    private let start = ContinuousClock.now

    @Test("An address gets its burst, then its rate, and others are not affected")
    func rate() {
        let gate = AddressGate(.init(connections: 9, burst: 3, rate: 2, addresses: 9))
        #expect(gate.connect("a", now: start) && gate.connect("b", now: start))
        #expect((0..<4).map { _ in gate.admit("a", now: start) } == [true, true, true, false])
        #expect(gate.admit("b", now: start))
        let later = start + .milliseconds(1000)
        #expect((0..<3).map { _ in gate.admit("a", now: later) } == [true, true, false])
        let muchLater = start + .seconds(3600)
        #expect(
            (0..<4).map { _ in gate.admit("a", now: muchLater) } == [true, true, true, false])
    }

    @Test("Connections of one address are bounded and given back")
    func connections() {
        let gate = AddressGate(.init(connections: 2, burst: 1, rate: 1, addresses: 9))
        #expect((0..<3).map { _ in gate.connect("a", now: start) } == [true, true, false])
        #expect(gate.connect("b", now: start))
        gate.disconnect("a")
        #expect(gate.connect("a", now: start))
    }

    @Test("Who leaves and comes back has not got a new burst")
    func reconnecting() {
        let gate = AddressGate(.init(connections: 1, burst: 1, rate: 1, addresses: 1))
        #expect(gate.connect("a", now: start))
        #expect(gate.admit("a", now: start))
        gate.disconnect("a")
        #expect(gate.connect("a", now: start))
        #expect(!gate.admit("a", now: start))
    }

    @Test("The table is bounded: busy addresses are kept, idle ones forgotten")
    func table() {
        let gate = AddressGate(.init(connections: 1, burst: 1, rate: 1, addresses: 2))
        #expect(gate.connect("a", now: start) && gate.connect("b", now: start))
        #expect(!gate.connect("c", now: start))
        gate.disconnect("a")
        #expect(gate.connect("c", now: start))
        #expect(!gate.admit("a", now: start))
    }
}
