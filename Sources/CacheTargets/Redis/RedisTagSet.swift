// SPDX-License-Identifier: Apache-2.0

/// The set that names the keys which carry a tag.
///
/// Three names are looked at, each below the configured prefix: `tag:TAG`, a set, our own
/// convention; `tag:TAG:entries`, a sorted set, that of Laravel 10 and later; and `tags` between
/// two bytes 1, a set, that of Symfony's `RedisTagAwareAdapter`.
struct RedisTagSet: Sendable {
    let name: [UInt8]
    private let isSorted: Bool

    /// Where the set of a tag may be.
    static func names(of tag: String, prefix: [UInt8]) -> [[UInt8]] {
        ["tag:\(tag)", "tag:\(tag):entries", "\u{1}tags\u{1}\(tag)"].map { prefix + Array($0.utf8) }
    }

    /// Nothing where there is no such set.
    init?(name: [UInt8], type: [UInt8]) {
        switch String(decoding: type, as: UTF8.self) {
        case "set": isSorted = false
        case "zset": isSorted = true
        case _: return nil
        }
        self.name = name
    }

    /// The key that a member names: the whole key, or what follows the prefix.
    ///
    /// Law: it lies below the prefix, whatever the member is.
    func key(of member: [UInt8], prefix: [UInt8]) -> [UInt8] {
        member.starts(with: prefix) ? member : prefix + member
    }

    /// Asks for the members from a cursor on.
    func page(from cursor: [UInt8], count: Int) -> RESPCommand {
        RESPCommand(
            isSorted ? "ZSCAN" : "SSCAN",
            [name, cursor, Array("COUNT".utf8), Array("\(count)".utf8)])
    }

    /// The members of a page; a sorted set gives a score after each.
    func members(_ items: [[UInt8]]) -> [[UInt8]] {
        guard isSorted else { return items }
        return stride(from: 0, to: items.count, by: 2).map { items[$0] }
    }

    /// Takes members out; the set is gone with the last of them.
    ///
    /// Not the set as a whole: a member that was added meanwhile stays.
    func removal(of members: [[UInt8]]) -> RESPCommand {
        RESPCommand(isSorted ? "ZREM" : "SREM", [name] + members)
    }
}
