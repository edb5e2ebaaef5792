// SPDX-License-Identifier: Apache-2.0

/// Asks for the update lock, or to hold it longer.
public struct LockRequestDocument: Codable, Sendable, Hashable {
    /// Why; absent: no reason, or the one given before where this renews the lock.
    ///
    /// Limit: 512 bytes of printable characters.
    public var reason: String?
    /// How long from now on the lock lasts.
    ///
    /// Unit: milliseconds. Limit: a second to 30 days.
    public var ttlMilliseconds: UInt64
    /// `local`, `one` or `all`; absent: `one`, or `local` in a cluster of one.
    public var confirm: String?
    /// How long to wait for the level.
    ///
    /// Unit: milliseconds.
    public var timeoutMilliseconds: UInt64

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case reason, ttlMilliseconds, confirm, timeoutMilliseconds
    }

    /// Makes the document from its fields.
    public init(
        reason: String?, ttlMilliseconds: UInt64, confirm: String?, timeoutMilliseconds: UInt64
    ) {
        self.reason = reason
        self.ttlMilliseconds = ttlMilliseconds
        self.confirm = confirm
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    /// Reads the document.
    ///
    /// - Throws: `ErrorDocument` for a key that it does not have, `DecodingError` for anything else
    ///   that is not the document.
    public init(from decoder: any Decoder) throws {
        try refuseOtherKeys(than: CodingKeys.self, in: decoder)
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        reason = try fields.decodeIfPresent(String.self, forKey: .reason)
        ttlMilliseconds = try fields.decode(UInt64.self, forKey: .ttlMilliseconds)
        confirm = try fields.decodeIfPresent(String.self, forKey: .confirm)
        timeoutMilliseconds = try fields.decode(UInt64.self, forKey: .timeoutMilliseconds)
    }
}

/// Asks to end the update lock.
public struct UnlockRequestDocument: Codable, Sendable, Hashable {
    /// Whether to end it where another user holds it, too.
    public var force: Bool
    /// `local`, `one` or `all`; absent: `one`, or `local` in a cluster of one.
    public var confirm: String?
    /// How long to wait for the level.
    ///
    /// Unit: milliseconds.
    public var timeoutMilliseconds: UInt64

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case force, confirm, timeoutMilliseconds
    }

    /// Makes the document from its fields.
    public init(force: Bool, confirm: String?, timeoutMilliseconds: UInt64) {
        self.force = force
        self.confirm = confirm
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    /// Reads the document.
    ///
    /// - Throws: `ErrorDocument` for a key that it does not have, `DecodingError` for anything else
    ///   that is not the document.
    public init(from decoder: any Decoder) throws {
        try refuseOtherKeys(than: CodingKeys.self, in: decoder)
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        force = try fields.decodeIfPresent(Bool.self, forKey: .force) ?? false
        confirm = try fields.decodeIfPresent(String.self, forKey: .confirm)
        timeoutMilliseconds = try fields.decode(UInt64.self, forKey: .timeoutMilliseconds)
    }
}

/// What came of a wish about the update lock.
public struct LockAnswer: Codable, Sendable, Hashable {
    /// Whether updates are locked now, as this node knows.
    public var isLocked: Bool
    /// The lock; absent where there is none.
    public var lock: LockDocument?
    /// The lock before: the one that was renewed or ended; absent where there was none.
    public var previous: LockDocument?
    /// The event that says so; absent where there was nothing to say.
    public var event: PublishAnswer?

    /// Makes the document from its fields.
    public init(lock: LockDocument?, previous: LockDocument?, event: PublishAnswer?) {
        isLocked = lock != nil
        self.lock = lock
        self.previous = previous
        self.event = event
    }
}
