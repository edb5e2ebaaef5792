// SPDX-License-Identifier: Apache-2.0

/// How long an exchange may take, and how much may come back.
public struct FastCGIDeadlines: Sendable, Equatable {
    /// Until the connection stands.
    public var connect: Duration
    /// Until everything is done, connecting included.
    public var total: Duration
    /// The most bytes of one reply.
    public var replyLimit: Int

    /// Limits which suit a server on the same machine.
    public init(
        connect: Duration = .seconds(2), total: Duration = .seconds(10),
        replyLimit: Int = 1_024 * 1_024
    ) {
        self.connect = connect
        self.total = total
        self.replyLimit = replyLimit
    }
}

/// An instant by which something must have happened.
struct Deadline: Sendable {
    let instant: ContinuousClock.Instant

    static func after(_ duration: Duration) -> Deadline {
        Deadline(instant: ContinuousClock.now + duration)
    }

    func earlier(of other: Deadline) -> Deadline {
        Deadline(instant: min(instant, other.instant))
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
