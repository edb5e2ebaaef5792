// SPDX-License-Identifier: Apache-2.0

import ClusterModel
import Testing

@testable import CacheTargets

@Suite("Orders to a store of keys", .enabled(if: RealRedis.isUsable), .timeLimit(.minutes(1)))
struct StoreOrdersTests {
    private static func order(_ change: (inout Invalidation) -> Void) -> Invalidation {
        var order = Invalidation()
        change(&order)
        return order
    }

    @Test("A store clears what an order names of its selection, with proof")
    func orders() async throws {
        let redis = try await RealRedis.started()
        try redis.ask(
            ["site:a", "site:b", "site:c", "other:a"].map { RESPCommand("SET", $0, "1") })
        let cache = try RedisCache(
            address: redis.address, selection: .prefix("site:"),
            pool: BlockingPool(name: "store", width: 1))
        #expect(await cache.clear(.plain, sparing: []).isEmpty)
        let key = await cache.clear(Self.order { $0.keys = ["a"] }, sparing: [])
        #expect(key.map(\.target) == [cache.name])
        #expect(key.map(\.failure) == [nil])
        #expect(key.first?.proof == [Proof(counter: "matching keys", before: 1, after: 0)])
        let everything = Self.order { $0.everything = true }
        #expect(await cache.clear(everything, sparing: [cache.name]).isEmpty)
        let whole = await cache.clear(everything, sparing: [])
        #expect(whole.first?.proof == [Proof(counter: "matching keys", before: 2, after: 0)])
        #expect(try redis.ask([RESPCommand("EXISTS", "other:a")]) == [.integer(1)])
        let wrong = await cache.clear(Self.order { $0.keyPatterns = ["("] }, sparing: [])
        #expect(wrong.map(\.failure) == [nil])
        #expect(wrong.first?.action.hasPrefix("nothing cleared: the pattern ( is no ") == true)
        try redis.store(["site:d"])
        let half = await cache.clear(
            Self.order {
                $0.keyPatterns = ["(", "d", ")"]
                $0.keys = ["none"]
            }, sparing: [])
        #expect(half.map(\.failure) == [nil, nil])
        #expect(half.first?.proof == [Proof(counter: "matching keys", before: 1, after: 0)])
        #expect(half.last?.action.contains("( and 1 others is no") == true, "\(half)")
        let many = await cache.clear(
            Self.order { $0.keyPatterns = (0..<65).map { "\($0)" } }, sparing: [])
        #expect(many.map(\.failure) == [nil])
        #expect(many.first?.action.hasPrefix("nothing cleared: at most 64") == true)
    }
}
