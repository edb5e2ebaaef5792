// SPDX-License-Identifier: Apache-2.0

import ClusterModel

/// What to clear in a store of keys: Redis or Memcached.
///
/// Keys, prefixes and patterns speak of what follows the configured prefix.
/// Invariant: within all limits, and every pattern is one.
public struct KeyedClearRequest: Sendable, Equatable {
    /// The most keys, prefixes, patterns and tags of one request.
    public static let maximumItems = 20_000
    /// The most patterns of one request: each is tried on each key.
    public static let maximumPatterns = 64
    /// The most bytes of all of them.
    ///
    /// Unit: bytes.
    public static let maximumBytes = 1_024 * 1_024

    /// Whether the whole configured selection goes.
    public let isWhole: Bool
    /// These keys.
    public let keys: [String]
    /// Every key that begins with one of these.
    public let keyPrefixes: [String]
    /// Every key that carries one of these tags.
    public let tags: [String]
    let patterns: [KeyPattern]

    /// The whole configured selection.
    public static let whole = KeyedClearRequest()

    private init() {
        isWhole = true
        (keys, keyPrefixes, tags, patterns) = ([], [], [], [])
    }

    private init(keys: [String], prefixes: [String], patterns: [KeyPattern], tags: [String]) {
        isWhole = false
        (self.keys, keyPrefixes, self.patterns, self.tags) = (keys, prefixes, patterns, tags)
    }

    /// Names what is to be cleared of the selection.
    ///
    /// - Parameter keyPatterns: Perl regular expressions without delimiters; `*` alone is the
    ///   whole selection.
    /// - Throws: `CacheTargetError` with `invalidRequest` for nothing to do, something empty, a
    ///   pattern that is none, or too much at once.
    public init(
        keys: [String] = [], keyPrefixes: [String] = [], keyPatterns: [String] = [],
        tags: [String] = []
    ) throws(CacheTargetError) {
        let items = keys + keyPrefixes + keyPatterns + tags
        guard !items.isEmpty else { throw Self.refusal("something to clear", found: "nothing") }
        guard items.count <= Self.maximumItems else {
            throw Self.refusal("at most \(Self.maximumItems) items", found: "\(items.count)")
        }
        guard items.allSatisfy({ !$0.isEmpty }) else {
            throw Self.refusal("items that are not empty", found: "an empty one")
        }
        let size = items.reduce(0) { $0 + $1.utf8.count }
        guard size <= Self.maximumBytes else {
            throw Self.refusal("at most \(Self.maximumBytes) bytes", found: "\(size)")
        }
        guard keyPatterns.count <= Self.maximumPatterns else {
            throw Self.refusal(
                "at most \(Self.maximumPatterns) patterns", found: "\(keyPatterns.count)")
        }
        if keyPatterns.contains("*") {
            self.init()
            return
        }
        var patterns: [KeyPattern] = []
        for text in keyPatterns {
            guard let pattern = KeyPattern(text) else {
                throw Self.refusal(
                    "a regular expression of at most \(KeyPattern.maximumText) bytes", found: text)
            }
            patterns.append(pattern)
        }
        self.init(keys: keys, prefixes: keyPrefixes, patterns: patterns, tags: tags)
    }

    private static func refusal(_ expected: String, found: String) -> CacheTargetError {
        CacheTargetError(
            .invalidRequest, target: "store of keys", operation: "read clear request",
            expected: expected, found: found,
            hint: "Correct the request, or clear the whole cache.")
    }

    /// What the request does, for people.
    var action: String {
        guard !isWhole else { return "clear everything selected" }
        func part(_ items: [String], _ one: String, _ many: String) -> String? {
            switch items.count {
            case 0: nil
            case 1: "\(one) \(PrintableText.make(items[0]))"
            case let count: "\(count) \(many)"
            }
        }
        let parts = [
            part(keys, "key", "keys"), part(keyPrefixes, "prefix", "prefixes"),
            part(patterns.map(\.text), "pattern", "patterns"), part(tags, "tag", "tags"),
        ]
        return "delete " + parts.compactMap(\.self).joined(separator: ", ")
    }

    /// Whether keys have to be looked through, because they cannot be named.
    var needsLook: Bool { !keyPrefixes.isEmpty || !patterns.isEmpty }

    /// Whether nothing but patterns says which keys go.
    var hasOnlyPatterns: Bool { keys.isEmpty && keyPrefixes.isEmpty && tags.isEmpty }
}
