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

    /// Patterns that are none, and tags that it is not configured for.
    public func objections(to order: Invalidation) -> [Objection] {
        StoreOrder.objections(to: order, selection)
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

    /// Patterns that are none, tags that it is not configured for, and keys that it cannot hold.
    public func objections(to order: Invalidation) -> [Objection] {
        let isByTag = if case .tags = selection { true } else { false }
        let prefix = selection.prefix
        let keys = order.keys.filter {
            isByTag || !MemcachedKey.isNameable(prefix + Array($0.utf8))
        }
        let reason =
            isByTag
            ? "cannot be cleared by key: this Memcached is cleared by tags only"
            : "is longer than a key of Memcached can be"
        let names =
            isByTag
            ? order.keyPrefixes.map { Objection(.key, "prefix", $0, reason) }
                + order.keyPatterns.map { Objection(.key, "pattern", $0, reason) } : []
        return StoreOrder.objections(to: order, selection, hasKeys: !isByTag) + names
            + keys.map { Objection(.key, "key", $0, reason) }
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

    /// What of an order no store of that selection can carry out.
    static func objections(
        to order: Invalidation, _ selection: StoreSelection, hasKeys: Bool = true
    ) -> [Objection] {
        guard !order.everything else { return [] }
        var objections: [Objection] = []
        if hasKeys, !order.keyPatterns.contains("*") {
            let isTooMuch = order.keyPatterns.count > KeyedClearRequest.maximumPatterns
            let unusable = order.keyPatterns.filter { isTooMuch || KeyPattern($0) == nil }
            let reason =
                isTooMuch
                ? "is one of \(order.keyPatterns.count), and at most "
                    + "\(KeyedClearRequest.maximumPatterns) patterns are tried" : notUnderstood
            objections += unusable.map { Objection(.key, "pattern", $0, reason) }
        }
        if case .tags(let configured) = selection {
            objections += order.tags.filter { !configured.contains($0) }.map {
                Objection(.tag, "tag", $0, "is none of the tags: of that store in sitestacker.yml")
            }
        }
        return objections
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
        return "the pattern \(PrintableText.make(first))\(others) \(notUnderstood)"
    }

    private static let notUnderstood =
        "is no regular expression of at most \(KeyPattern.maximumText) bytes that is understood "
        + "here"
}

extension StepReceipt {
    /// A step that can never do what was asked.
    fileprivate static func refused(_ target: String, _ reason: String) -> StepReceipt {
        StepReceipt(
            target: target, action: refused(reason), failure: nil, proof: [], microseconds: 0)
    }
}
