// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// Waits that double up to a longest one.
public struct Backoff: Hashable, Sendable {
    /// The first wait.
    public let first: Duration
    /// No wait is longer.
    public let longest: Duration

    /// Doubles from the first wait up to the longest.
    public init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
    }

    /// The wait after so many failures, counted from 1.
    public func wait(afterFailures failures: Int) -> Duration {
        min(longest, first * (1 << min(max(failures - 1, 0), 20)))
    }
}

/// Numbers that look random and come from a seed: jitter which a simulator can repeat.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014):
/// SplitMix64. Not for secrets.
public struct Jitter: Hashable, Sendable {
    private var state: UInt64

    /// Starts from a seed.
    public init(seed: UInt64) { state = seed }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }

    /// A duration between two others.
    public mutating func duration(from low: Duration, to high: Duration) -> Duration {
        let width = high.nanoseconds > low.nanoseconds ? high.nanoseconds - low.nanoseconds : 0
        guard width > 0 else { return low }
        return low + .nanoseconds(Int64(clamping: next() % width))
    }

    /// A duration within a fifth of another.
    public mutating func around(_ middle: Duration) -> Duration {
        duration(from: middle * 4 / 5, to: middle * 6 / 5)
    }

    /// Anything between nothing and the wait, but at least a tenth of it.
    public mutating func full(_ wait: Duration) -> Duration {
        duration(from: wait / 10, to: wait)
    }
}
