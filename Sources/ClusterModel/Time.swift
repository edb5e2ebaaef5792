// SPDX-License-Identifier: Apache-2.0

/// A point on the monotonic clock of one process.
///
/// The core never reads a clock: every input carries the instant at which it happened.
/// Unit: nanoseconds since an arbitrary zero.
public struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the zero of this process's clock.
    public let nanoseconds: UInt64
    /// Wraps a reading.
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// Compares readings.
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The instant a duration later; the far end of time where that would overflow.
    public static func + (instant: Instant, duration: Duration) -> Instant {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration.nanoseconds)
        return Instant(nanoseconds: overflow ? .max : sum)
    }

    /// The time from an earlier instant to this one; zero where it is not earlier.
    public func since(_ earlier: Instant) -> Duration {
        nanoseconds > earlier.nanoseconds
            ? .nanoseconds(Int64(clamping: nanoseconds - earlier.nanoseconds)) : .zero
    }
}

extension Duration {
    /// Whole nanoseconds, at least 0 and at most what fits.
    public var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : whole &+ UInt64(attoseconds / 1_000_000_000)
    }

    /// Whole milliseconds, at least 0.
    public var wholeMilliseconds: UInt64 { nanoseconds / 1_000_000 }
}

/// What the wall clock of a node shows.
///
/// Never decides anything but what people are shown.
///
/// Unit: milliseconds since 1970-01-01 00:00 UTC.
public struct WallTime: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Milliseconds since 1970.
    public let milliseconds: UInt64
    /// Wraps a reading.
    public init(milliseconds: UInt64) { self.milliseconds = milliseconds }
    /// Compares readings.
    public static func < (left: WallTime, right: WallTime) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// `2026-11-23 11:20:33Z`, in UTC; the number itself beyond the year 9999.
    ///
    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    public var description: String {
        let seconds = milliseconds / 1000
        guard seconds < 253_402_300_800 else { return "\(milliseconds) ms" }
        let days = Int(seconds / 86_400) + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let time = Int(seconds % 86_400)
        func padded(_ number: Int, _ width: Int = 2) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(padded(year, 4))-\(padded(month))-\(padded(day)) "
            + "\(padded(time / 3600)):\(padded(time / 60 % 60)):\(padded(time % 60))Z"
    }
}

/// Both clocks, read together, as every input to the core carries them.
public struct Moment: Hashable, Sendable {
    /// The monotonic clock: deadlines and ages.
    public let instant: Instant
    /// The wall clock: stamps and skew.
    public let wall: WallTime

    /// Joins two readings.
    public init(instant: Instant, wall: WallTime) {
        self.instant = instant
        self.wall = wall
    }
}

/// A stamp of the hybrid logical clock: 48 bits of milliseconds and a 16-bit counter.
///
/// Law: what happened before (by messages) has the smaller stamp; near the wall clock where clocks
/// agree. Source: Kulkarni et al., "Logical Physical Clocks" (2014), section 3.
public struct HybridTimestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Milliseconds in the upper 48 bits, the counter in the lower 16.
    public let raw: UInt64
    /// Wraps a stamp as it stands on the wire.
    public init(raw: UInt64) { self.raw = raw }
    /// Joins milliseconds and counter; milliseconds beyond 48 bits become the largest.
    public init(milliseconds: UInt64, counter: UInt16) {
        raw = min(milliseconds, (1 << 48) - 1) << 16 | UInt64(counter)
    }
    /// Before every stamp.
    public static let zero = HybridTimestamp(raw: 0)
    /// The milliseconds.
    public var milliseconds: UInt64 { raw >> 16 }
    /// The counter.
    public var counter: UInt16 { UInt16(truncatingIfNeeded: raw) }
    /// `milliseconds.counter`.
    public var description: String { "\(milliseconds).\(counter)" }
    /// Compares milliseconds, then counters.
    public static func < (left: HybridTimestamp, right: HybridTimestamp) -> Bool {
        left.raw < right.raw
    }
}
