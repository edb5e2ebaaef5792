// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Counts by name, from any thread: what was refused, dropped, repaired.
public final class Counters: Sendable {
    /// How many names there may be; what comes after is counted as `other`, so that a peer cannot
    /// fill the memory with reasons.
    private static let nameLimit = 256

    private let counts = Mutex<[String: UInt64]>([:])

    /// Nothing counted yet.
    public init() {}

    /// Counts one more, or several.
    public func count(_ name: String, by amount: UInt64 = 1) {
        counts.withLock { counts in
            let isKnown = counts[name] != nil || counts.count < Counters.nameLimit
            counts[isKnown ? name : "other", default: 0] += amount
        }
    }

    /// Every count by name.
    public var all: [String: UInt64] { counts.withLock { $0 } }

    /// The count of one name.
    public subscript(name: String) -> UInt64 { counts.withLock { $0[name] ?? 0 } }
}
