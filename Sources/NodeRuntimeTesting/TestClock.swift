// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
internal import Foundation
public import NodeRuntime

/// The host's own clocks.
public struct TestClock: HostClock {
    private static let zero = ContinuousClock.now

    /// Reads the host's clocks.
    public init() {}

    /// Reads both.
    public func now() -> Moment {
        Moment(
            instant: Instant(nanoseconds: TestClock.zero.duration(to: .now).nanoseconds),
            wall: WallTime(milliseconds: UInt64(Date.now.timeIntervalSince1970 * 1_000)))
    }
}
