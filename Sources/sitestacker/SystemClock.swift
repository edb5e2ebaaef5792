// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import Foundation
internal import NodeRuntime

/// The clocks of this host.
struct SystemClock: HostClock {
    /// The zero of this process's instants: its first look at the clock.
    private static let zero = ContinuousClock.now

    func now() -> Moment {
        let age = SystemClock.zero.duration(to: .now)
        let wall = max(0, Date.now.timeIntervalSince1970 * 1_000)
        return Moment(
            instant: Instant(nanoseconds: age.nanoseconds),
            wall: WallTime(milliseconds: UInt64(wall)))
    }
}
