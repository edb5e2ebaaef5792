// SPDX-License-Identifier: Apache-2.0

import ClusterModel

/// Which keys of a shared store belong to the site's cache.
///
/// Law: nothing outside the selection is ever deleted, whatever a request or the server says;
/// sessions and queues live in the same stores.
public enum StoreSelection: Sendable, Hashable {
    /// The keys that begin with this text.
    case prefix(String)
    /// The keys that carry one of these tags.
    case tags([String])
    /// All keys of the database (Redis) or of the server (Memcached).
    case everything

    /// The longest prefix or tag.
    ///
    /// Unit: bytes.
    public static let maximumLength = 200

    /// Refuses a selection which would select everything by mistake.
    ///
    /// - Throws: `CacheTargetError` with `invalidRequest`.
    func check(_ target: String) throws(CacheTargetError) {
        let texts: [String] =
            switch self {
            case .prefix(let prefix): [prefix]
            case .tags(let tags): tags
            case .everything: ["all"]
            }
        let isUsable =
            !texts.isEmpty && texts.allSatisfy { (1...Self.maximumLength).contains($0.utf8.count) }
        guard !isUsable else { return }
        throw CacheTargetError(
            .invalidRequest, target: target, operation: "read selection",
            expected: "a prefix or tags of 1 to \(Self.maximumLength) bytes each",
            found: "something else", hint: "Everything is cleared only with flush: true.")
    }

    /// What is added to the server's name: two entries for one server are told apart by it.
    var label: String {
        switch self {
        case .prefix(let prefix): " prefix \(PrintableText.make(prefix))"
        case .tags(let tags): " tags \(PrintableText.make(tags.joined(separator: ",")))"
        case .everything: ""
        }
    }

    /// What every key of the selection begins with, as far as that is known.
    var prefix: [UInt8] {
        switch self {
        case .prefix(let prefix): Array(prefix.utf8)
        case .tags, .everything: []
        }
    }
}
