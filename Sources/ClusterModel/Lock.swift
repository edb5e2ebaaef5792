// SPDX-License-Identifier: Apache-2.0

/// Who keeps others from updating the site, and why.
///
/// Advisory: correctness rests on the register of revisions, never on the lock.
public struct LockState: Hashable, Sendable {
    /// The name of the user who holds it.
    public let holder: String
    /// When he took it, by the clock of the node he took it on.
    public let since: WallTime
    /// What he gave as the reason; empty where he gave none.
    public let reason: String
    /// When it ends by itself, by whichever clock one looks at.
    public let expires: WallTime

    /// Describes a lock that is held.
    public init(holder: String, since: WallTime, reason: String, expires: WallTime) {
        self.holder = holder
        self.since = since
        self.reason = reason
        self.expires = expires
    }
}

/// A word about the update lock, which takes the place of those of lower generations.
public struct LockChange: Hashable, Sendable {
    /// One more than that of the change which its publisher knew as the last; from 1.
    public let generation: UInt64
    /// The lock from now on; `nil`: there is none.
    public let claim: LockClaim?

    /// A word that takes the place of the one before it.
    public init(generation: UInt64, claim: LockClaim?) {
        self.generation = generation
        self.claim = claim
    }
}

/// What its publisher wants of the update lock; he himself is known by the batch.
public struct LockClaim: Hashable, Sendable {
    /// Since when he has held it, where this renews it; `nil`: since the event's stamp.
    public let since: WallTime?
    /// Why; empty where he gave no reason.
    ///
    /// Limit: 512 bytes of UTF-8 without control characters.
    public let reason: String
    /// How long after the event's stamp the lock ends by itself.
    ///
    /// Unit: milliseconds. Limit: a second to 30 days.
    public let ttl: UInt64

    /// A claim on the lock.
    public init(since: WallTime? = nil, reason: String, ttl: UInt64) {
        self.since = since
        self.reason = reason
        self.ttl = ttl
    }
}
