// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import Glibc
internal import NodeRuntime

/// The clock of every figure: one for all processes of a host.
///
/// Source: clock_gettime(2), `CLOCK_MONOTONIC`.
enum MonotonicClock {
    /// Unit: nanoseconds.
    static func now() -> UInt64 { read(CLOCK_MONOTONIC) }

    /// Waits until that time; at once where it has passed.
    static func sleep(until time: UInt64) {
        var target = timespec(
            tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000))
        while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &target, nil) == EINTR {}
    }

    /// Waits for some milliseconds.
    static func sleep(milliseconds: UInt64) { sleep(until: now() + milliseconds * 1_000_000) }

    static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// The clocks that a measured node runs on.
struct HostClocks: HostClock {
    func now() -> Moment {
        Moment(
            instant: Instant(nanoseconds: MonotonicClock.now()),
            wall: WallTime(milliseconds: MonotonicClock.read(CLOCK_REALTIME) / 1_000_000))
    }
}
