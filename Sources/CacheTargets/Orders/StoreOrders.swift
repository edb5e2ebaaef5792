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
    ///
    /// What can never be carried out is said so in a step of its own, beside the rest.
    static func steps(
        _ order: Invalidation, _ name: String,
        clear: (KeyedClearRequest) async -> [CacheClearReport]
    ) async -> [StepReceipt] {
        guard !order.parts.isDisjoint(with: abilities) else { return [] }
        var order = order
        var steps: [StepReceipt] = []
        if !order.everything, let reason = removeUnusable(&order.keyPatterns) {
            steps.append(.refused(name, reason))
            guard !order.parts.isDisjoint(with: abilities) else { return steps }
        }
        do throws(CacheTargetError) {
            let request =
                order.everything
                ? KeyedClearRequest.whole
                : try KeyedClearRequest(
                    keys: order.keys, keyPrefixes: order.keyPrefixes,
                    keyPatterns: order.keyPatterns, tags: order.tags)
            return await clear(request).map { StepReceipt($0, target: name) } + steps
        } catch {
            return steps + [.refused(name, "\(error)")]
        }
    }

    /// Takes the patterns out that cannot be tried on keys, and tells why.
    private static func removeUnusable(_ patterns: inout [String]) -> String? {
        guard !patterns.contains("*") else { return nil }
        guard patterns.count <= KeyedClearRequest.maximumPatterns else {
            defer { patterns = [] }
            return "at most \(KeyedClearRequest.maximumPatterns) patterns are tried, not "
                + "\(patterns.count)"
        }
        let unusable = patterns.filter { KeyPattern($0) == nil }
        guard let first = unusable.first else { return nil }
        patterns.removeAll(where: unusable.contains)
        let others = unusable.count > 1 ? " and \(unusable.count - 1) others" : ""
        return "the pattern \(CacheTargetError.printable(first))\(others) is no regular expression "
            + "of at most \(KeyPattern.maximumText) bytes that is understood here"
    }
}

extension StepReceipt {
    /// A step that can never do what was asked.
    fileprivate static func refused(_ target: String, _ reason: String) -> StepReceipt {
        StepReceipt(
            target: target, action: refused(reason), failure: nil, proof: [], microseconds: 0)
    }
}
