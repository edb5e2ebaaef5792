// SPDX-License-Identifier: Apache-2.0

public import ClusterModel

extension RedisCache: CacheTarget {
    /// The selection whole, and by key and tag.
    public var abilities: Set<OrderPart> { StoreOrder.abilities }

    /// What its steps are called.
    public var name: String { "redis \(target)" }

    /// Clears what the order names of the selection.
    public func clear(
        _ order: Invalidation, sparing spared: Set<String>
    ) async -> [StepReceipt] {
        guard !spared.contains(name) else { return [] }
        return await StoreOrder.steps(order, name) { await self.clear($0) }
    }
}

extension MemcachedCache: CacheTarget {
    /// The selection whole, and by key and tag.
    public var abilities: Set<OrderPart> { StoreOrder.abilities }

    /// What its steps are called.
    public var name: String { "memcached \(target)" }

    /// Clears what the order names of the selection.
    public func clear(
        _ order: Invalidation, sparing spared: Set<String>
    ) async -> [StepReceipt] {
        guard !spared.contains(name) else { return [] }
        return await StoreOrder.steps(order, name) { await self.clear($0) }
    }
}

/// What an order means to a store of keys.
enum StoreOrder {
    static let abilities: Set<OrderPart> = [.all, .key, .tag]

    /// Clears, where the order means anything.
    static func steps(
        _ order: Invalidation, _ name: String,
        clear: (KeyedClearRequest) async -> [CacheClearReport]
    ) async -> [StepReceipt] {
        guard !order.parts.isDisjoint(with: abilities) else { return [] }
        do throws(CacheTargetError) {
            let request =
                order.everything
                ? KeyedClearRequest.whole
                : try KeyedClearRequest(
                    keys: order.keys, keyPrefixes: order.keyPrefixes,
                    keyPatterns: order.keyPatterns, tags: order.tags)
            return await clear(request).map { StepReceipt($0, target: name) }
        } catch {
            return [
                StepReceipt(
                    target: name, action: "clear", failure: "\(error)", proof: [], microseconds: 0)
            ]
        }
    }
}
