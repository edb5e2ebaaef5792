// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An instant by which something must have happened.
package struct Deadline: Sendable {
    let instant: ContinuousClock.Instant

    package static func after(_ duration: Duration) -> Deadline {
        Deadline(instant: ContinuousClock.now + duration)
    }

    func earlier(of other: Deadline) -> Deadline {
        Deadline(instant: min(instant, other.instant))
    }

    /// The middle of the time that is left.
    var half: Deadline {
        let now = ContinuousClock.now
        return Deadline(instant: now + max(.zero, instant - now) / 2)
    }

    /// Blocks the calling thread for so long, never beyond the deadline.
    func pause(_ duration: Duration) {
        _ = poll(nil, 0, earlier(of: .after(duration)).pollMilliseconds)
    }

    var hasPassed: Bool { ContinuousClock.now >= instant }

    /// What poll(2) takes: milliseconds, rounded up so that it never spins, 0 once passed.
    var pollMilliseconds: Int32 {
        let rest = instant - ContinuousClock.now
        guard rest > .zero else { return 0 }
        let (seconds, attoseconds) = rest.components
        guard seconds < 3_600 else { return 3_600_000 }
        return Int32(seconds * 1_000 + attoseconds / 1_000_000_000_000_000 + 1)
    }
}
