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
    /// When it ends by itself; `nil` for never.
    public let expires: WallTime?

    /// Describes a lock that is held.
    public init(holder: String, since: WallTime, reason: String, expires: WallTime?) {
        self.holder = holder
        self.since = since
        self.reason = reason
        self.expires = expires
    }
}
