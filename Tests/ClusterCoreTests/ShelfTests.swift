// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Testing

@testable import ClusterCore

@Suite("Events to look at again")
struct ShelfTests {
    private static func range(_ position: UInt64) -> EventRange {
        let log = EpochID(origin: NodeID(.zero), epoch: LogEpoch(counter: 1, nonce: 1))
        return EventRange(
            log: log, first: SequenceNumber(position), last: SequenceNumber(position))
    }

    @Test("Who asks for a user's events while they are looked at anyway is not forgotten")
    func claimed() {
        var shelf = Shelf()
        for position in [1, 3] as [UInt64] { shelf.add(Self.range(position), .refused) }
        shelf.revisit([.refused, .unfinished])
        #expect(shelf.next() == Self.range(1))
        shelf.revisit([.refused], user: "alice")
        #expect(shelf.current?.user == "alice")
        shelf.advance(through: 1)
        #expect(shelf.next() == Self.range(3))
        #expect(shelf.current?.user == "alice")
        shelf.advance(through: 3)
        #expect(shelf.isIdle)
    }
}
