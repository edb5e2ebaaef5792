// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// The clocks of one host, as wrong as the seed wants them.
struct HostClock {
    /// Midnight of 2026-01-01, from where all wall clocks start.
    private static let start: UInt64 = 1_767_225_600_000

    /// Ticks for every thousand of the true clock.
    var rate: UInt64 = 1_000
    /// How far the wall clock is off.
    ///
    /// Unit: milliseconds.
    var offset: Int64 = 0
    /// What the wall clock has stopped at.
    var frozen: UInt64?
    /// The monotonic clock's reading at the beginning of the run.
    let zero: UInt64

    /// Both clocks at a virtual time.
    func moment(at time: VirtualTime) -> Moment {
        Moment(
            instant: Instant(nanoseconds: zero + time / 1_000 * rate + time % 1_000),
            wall: WallTime(milliseconds: frozen ?? wall(at: time)))
    }

    /// When the monotonic clock will show an instant.
    func time(of instant: Instant) -> VirtualTime {
        guard instant.nanoseconds > zero else { return 0 }
        let ticks = min(instant.nanoseconds - zero, 1 << 50)
        return (ticks + rate - 1) / rate * 1_000
    }

    /// Stops the wall clock where it is.
    mutating func freeze(at time: VirtualTime) { frozen = wall(at: time) }

    /// A good clock again.
    mutating func heal() {
        offset = 0
        frozen = nil
    }

    private func wall(at time: VirtualTime) -> UInt64 {
        UInt64(clamping: Int64(Self.start + time / 1_000_000) + offset)
    }
}
