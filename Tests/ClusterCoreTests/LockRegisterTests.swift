// SPDX-License-Identifier: Apache-2.0

import ClusterModel
import Testing

@testable import ClusterCore

/// The update lock as a register, by itself.
@Suite struct LockRegisterTests {
    private static func entry(
        _ node: Int, _ sequence: UInt64, generation: UInt64, at: UInt64, isHeld: Bool = true
    ) -> LockEntry {
        LockEntry(
            id: EventID(
                log: EpochID(origin: Forge.node(node), epoch: LogEpoch(counter: 1, nonce: 1)),
                sequence: SequenceNumber(sequence)),
            timestamp: HybridTimestamp(milliseconds: at, counter: 0), grant: .none,
            change: LockChange(
                generation: generation,
                claim: isHeld ? LockClaim(reason: "r\(sequence)", ttl: 60_000) : nil))
    }

    /// Every pair differs in what decides between the two.
    private static let changes = [
        entry(0, 1, generation: 1, at: 10),
        entry(1, 1, generation: 1, at: 99),
        entry(0, 2, generation: 2, at: 20, isHeld: false),
        entry(2, 1, generation: 2, at: 20),
        entry(2, 2, generation: 1, at: 500),
    ]

    private static func orders(_ count: Int) -> [[Int]] {
        guard count > 0 else { return [[]] }
        return orders(count - 1).flatMap { order in
            (0...order.count).map { index in
                var next = order
                next.insert(count - 1, at: index)
                return next
            }
        }
    }

    @Test(arguments: LockRegisterTests.orders(5))
    func `every order, also merged and repeated, makes the same register`(order: [Int]) {
        var one = LockRegister()
        var left = LockRegister()
        var right = LockRegister()
        for (position, index) in order.enumerated() {
            _ = one.add(Self.changes[index])
            if position < 3 {
                _ = left.add(Self.changes[index])
            } else {
                _ = right.add(Self.changes[index])
            }
        }
        var merged = left
        merged.merge(right)
        merged.merge(merged)
        var other = right
        other.merge(left)
        var expected = LockRegister()
        for change in Self.changes { _ = expected.add(change) }
        for register in [one, merged, other] {
            #expect(register.entries == expected.entries)
            #expect(register.current == Self.changes[3])
        }
    }

    @Test(
        arguments: [
            (0, 1, 1), (0, 2, 2), (1, 4, 4), (2, 3, 3), (1, 2, 2), (3, 4, 3),
        ] as [(Int, Int, Int)])
    func `generation decides, then the stamp, then the node`(left: Int, right: Int, wins: Int) {
        var register = LockRegister()
        _ = register.add(Self.changes[left])
        _ = register.add(Self.changes[right])
        #expect(register.current == Self.changes[wins])
    }

    @Test func `nobody's changes push out another's, and the last ones of each are kept`() {
        let many = (1...UInt64(Limits.locksOfNode + 4)).map {
            Self.entry(0, $0, generation: $0 + 100, at: $0)
        }
        let modest = Self.entry(1, 1, generation: 1, at: 1)
        for list in [many + [modest], (many + [modest]).reversed()] {
            var register = LockRegister()
            let forgotten = list.compactMap { register.add($0) }
            #expect(Set(forgotten) == Set(many.prefix(4).map(\.id)))
            #expect(register.entries.count == Limits.locksOfNode + 1)
            #expect(register.current == many.last)
            // Whoever floods it is taken out whole, and leaves what the others said.
            register.remove { $0.log == many[0].id.log }
            #expect(register.current == modest)
            register.remove { _ in true }
            #expect(register.current == nil && register.entries.isEmpty)
        }
    }

    @Test func `what is shown is bounded by the stamp`() {
        func shown(since: UInt64?, ttl: UInt64, at: UInt64) -> CoreStatus.Lock {
            CoreStatus.Lock(
                LockEntry(
                    id: Self.changes[0].id,
                    timestamp: HybridTimestamp(milliseconds: at, counter: 0), grant: .none,
                    change: LockChange(
                        generation: 1,
                        claim: LockClaim(
                            since: since.map { WallTime(milliseconds: $0) }, reason: "",
                            ttl: ttl))))
        }
        #expect(shown(since: nil, ttl: 5, at: 10).since == WallTime(milliseconds: 10))
        #expect(shown(since: 7, ttl: 5, at: 10).since == WallTime(milliseconds: 7))
        #expect(shown(since: 11, ttl: 5, at: 10).since == WallTime(milliseconds: 10))
        #expect(shown(since: nil, ttl: 5, at: 10).expires == WallTime(milliseconds: 15))
        let last = (UInt64(1) << 48) - 1
        #expect(shown(since: nil, ttl: 5, at: last).expires.milliseconds == last)
        #expect(shown(since: nil, ttl: .max, at: 10).expires.milliseconds == last)
        let lock = shown(since: nil, ttl: 5, at: 10)
        #expect(lock.isHeld(at: WallTime(milliseconds: 14)))
        #expect(!lock.isHeld(at: WallTime(milliseconds: 15)))
        #expect(!CoreStatus.Lock(Self.changes[2]).isHeld(at: WallTime(milliseconds: 0)))
    }
}
