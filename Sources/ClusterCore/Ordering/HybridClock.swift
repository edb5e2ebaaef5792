// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// Stamps own events, later than everything seen and never far from the wall clock by itself.
struct HybridClock: Sendable {
    /// The newest stamp given or seen.
    private(set) var newest: HybridTimestamp

    init(newest: HybridTimestamp) { self.newest = newest }

    /// A stamp above all before it.
    mutating func stamp(at wall: WallTime) -> HybridTimestamp {
        let present = HybridTimestamp(milliseconds: wall.milliseconds, counter: 0)
        newest = max(HybridTimestamp(raw: newest.raw == .max ? .max : newest.raw + 1), present)
        return newest
    }

    /// Learns of another's stamp; one from the far future does not raise the clock.
    mutating func observe(_ other: HybridTimestamp, reference: WallTime) {
        guard !HybridClock.isFarFuture(other, reference: reference) else { return }
        newest = max(newest, other)
    }

    static func isFarFuture(_ stamp: HybridTimestamp, reference: WallTime) -> Bool {
        stamp.milliseconds > reference.milliseconds.addingCapped(Limits.farFuture)
    }
}

extension UInt64 {
    /// The sum, or the largest number where it would overflow.
    func addingCapped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
