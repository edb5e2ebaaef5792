// SPDX-License-Identifier: Apache-2.0

public import ClusterModel

/// A cache of the configuration, as orders see it.
public protocol CacheTarget: Sendable {
    /// Which parts of an order mean anything to it.
    var abilities: Set<OrderPart> { get }

    /// Clears what the order names in it, and proves it.
    ///
    /// Law: ends within the cache's own deadline. All steps of a cache have the same target, which
    /// is stable; what is spared by that name is left alone without a step. An order that names
    /// nothing the cache knows gives no step.
    func clear(_ order: Invalidation, sparing spared: Set<String>) async -> [StepReceipt]

    /// What of the order it could never carry out, told without asking the cache.
    ///
    /// Law: nothing is cleared in it for what it objects to.
    func objections(to order: Invalidation) -> [Objection]
}

extension CacheTarget {
    /// None: it takes every name.
    public func objections(to order: Invalidation) -> [Objection] { [] }
}

/// Something in an order that a cache can never carry out.
public struct Objection: Sendable, Hashable {
    /// The part of the order that it belongs to.
    public let part: OrderPart
    /// What it is, such as `the pattern (`.
    public let subject: String
    /// Why not, such as `is no regular expression`.
    public let reason: String

    /// States what cannot be carried out; the subject is text from outside behind a word for it.
    init(_ part: OrderPart, _ word: String, _ name: String, _ reason: String) {
        self.part = part
        subject = "the \(word) \(PrintableText.make(name, limit: 100))"
        self.reason = reason
    }
}

/// What an order can be about.
public enum OrderPart: String, Sendable, Hashable, CaseIterable {
    /// Everything in every cache.
    case all
    /// The whole opcode cache.
    case opcode
    /// The whole user cache.
    case user
    /// Some files' opcodes.
    case path
    /// Entries by key, prefix or pattern.
    case key
    /// Pages by URL.
    case url
    /// Pages and entries by tag.
    case tag

    /// Why nobody can clear it, in the words of a step.
    var absence: String {
        switch self {
        case .all: "no cache is configured"
        case .opcode: "no configured cache is an opcode cache"
        case .user: "no configured cache is a user cache"
        case .path: "no configured cache knows files"
        case .key: "no configured cache knows keys"
        case .url: "no configured cache knows URLs"
        case .tag: "no configured cache knows tags"
        }
    }
}

extension Invalidation {
    /// What the order is about; everything covers all that stands beside it.
    public var parts: Set<OrderPart> {
        guard !everything else { return [.all] }
        var parts: Set<OrderPart> = []
        if opcodeCache { parts.insert(.opcode) }
        if userCache { parts.insert(.user) }
        if !paths.isEmpty { parts.insert(.path) }
        if !(keys.isEmpty && keyPrefixes.isEmpty && keyPatterns.isEmpty) { parts.insert(.key) }
        if !urls.isEmpty { parts.insert(.url) }
        if !tags.isEmpty { parts.insert(.tag) }
        return parts
    }
}

/// All caches of a configuration, cleared side by side.
///
/// Law: each part of an order either gives a step of every cache that knows it, or one step which
/// says that none does: silence is never success.
public struct CacheSet: Sendable {
    /// What such a step names as its target.
    public static let name = "caches"

    let targets: [any CacheTarget]

    /// Takes the caches in the order of the configuration.
    public init(_ targets: [any CacheTarget]) {
        self.targets = targets
    }

    /// Clears what the order names in all caches but those that are spared.
    public func clear(
        _ order: Invalidation, sparing spared: Set<String> = []
    ) async -> [StepReceipt] {
        let steps = await sideBySide(order, sparing: spared)
        return steps + unknown(order)
    }

    /// Why the order should not be given at all: no cache here can carry it out.
    ///
    /// That is so where none knows any part of it, or where every cache which knows some part can
    /// never carry out a name of it. One cache that takes a name is enough. Without any cache
    /// nothing is judged: the caches are elsewhere.
    public func refusal(of order: Invalidation) -> CacheRefusal? {
        guard !targets.isEmpty else { return nil }
        let parts = order.parts
        let known = targets.reduce(into: Set<OrderPart>()) { $0.formUnion($1.abilities) }
        guard !parts.isDisjoint(with: known) else {
            let absences = OrderPart.allCases.filter(parts.contains).map(\.absence)
            return .unknown(absences.joined(separator: ", and "))
        }
        let objections = targets.flatMap { Set($0.objections(to: order)) }
        let counts = objections.reduce(into: [:]) { $0[$1.key, default: 0] += 1 }
        let fatal = objections.filter { objection in
            counts[objection.key] == targets.count { $0.abilities.contains(objection.part) }
        }
        guard let first = fatal.min(by: { $0.subject < $1.subject }) else { return nil }
        let others = Set(fatal.map(\.key)).count - 1
        let rest = others > 0 ? ", and \(others) more cannot be carried out" : ""
        return .unusable("\(first.subject) \(first.reason)\(rest)")
    }

    private func sideBySide(
        _ order: Invalidation, sparing spared: Set<String>
    ) async -> [StepReceipt] {
        // Without the hop to another task where there is nothing to do side by side.
        if targets.count == 1 { return await targets[0].clear(order, sparing: spared) }
        return await withTaskGroup(of: (Int, [StepReceipt]).self) { group in
            for (index, target) in targets.enumerated() {
                group.addTask { (index, await target.clear(order, sparing: spared)) }
            }
            var steps: [Int: [StepReceipt]] = [:]
            for await (index, found) in group { steps[index] = found }
            return targets.indices.flatMap { steps[$0] ?? [] }
        }
    }

    func unknown(_ order: Invalidation) -> [StepReceipt] {
        let known = targets.reduce(into: Set<OrderPart>()) { $0.formUnion($1.abilities) }
        let missing = order.parts.subtracting(known)
        return OrderPart.allCases.filter(missing.contains).map { part in
            StepReceipt(
                target: CacheSet.name,
                action: StepReceipt.nothing(part.absence), failure: nil, proof: [],
                microseconds: 0)
        }
    }
}

/// Why no cache of a server can carry out an order.
public enum CacheRefusal: Sendable, Hashable {
    /// None of its caches knows any part of it; those of other servers may.
    case unknown(String)
    /// Something in it cannot be used by any cache that knows such things.
    case unusable(String)
}

extension Objection {
    /// What two caches object to alike.
    fileprivate struct Key: Hashable {
        let part: OrderPart
        let subject: String
    }

    fileprivate var key: Key { Key(part: part, subject: subject) }
}

extension StepReceipt {
    /// The action of a step that found nothing to do, and why.
    static func nothing(_ reason: String) -> String { "nothing to clear: \(reason)" }

    /// The action of a step that can never do what was asked, and why.
    ///
    /// It has no `failure`: those are tried again, and this would come to the same end each time.
    /// Whoever shows the receipt tells it by these words, and shows it as a failure.
    /// Source: docs/specification/wire.md, section 3.3.
    static func refused(_ reason: String) -> String { "nothing cleared: \(reason)" }
}
