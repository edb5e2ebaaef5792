// SPDX-License-Identifier: Apache-2.0

/// What a user may do, or a node in a user's name.
///
/// Every receiver checks the signer's scopes for the kind of event itself.
public struct Scopes: OptionSet, Hashable, Sendable, CustomStringConvertible {
    /// The bits, as they stand on the wire.
    public let rawValue: UInt32
    /// Wraps bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Switch code, and everything that belongs to it.
    public static let update = Scopes(rawValue: 1 << 0)
    /// Clear caches.
    public static let invalidate = Scopes(rawValue: 1 << 1)
    /// Announce, change and delete data files.
    public static let files = Scopes(rawValue: 1 << 2)
    /// Publish application events.
    public static let publish = Scopes(rawValue: 1 << 3)
    /// Ask questions.
    public static let query = Scopes(rawValue: 1 << 4)
    /// Change accounts, grants and members.
    public static let admin = Scopes(rawValue: 1 << 5)

    /// Every scope, as a bare name in the users file has them.
    public static let all: Scopes = [.update, .invalidate, .files, .publish, .query, .admin]

    /// Each scope with its name in files and commands, in the order in which they are shown.
    public static let named: [(name: String, scope: Scopes)] = [
        ("update", .update), ("invalidate", .invalidate), ("files", .files),
        ("publish", .publish), ("query", .query), ("admin", .admin),
    ]

    /// The scope of a name; `nil` where no scope has it.
    public init?(name: some StringProtocol) {
        guard let match = Scopes.named.first(where: { $0.name == name }) else { return nil }
        self = match.scope
    }

    /// The names, joined by commas.
    public var description: String {
        Scopes.named.filter { contains($0.scope) }.map(\.name).joined(separator: ",")
    }
}
