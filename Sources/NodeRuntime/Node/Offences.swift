// SPDX-License-Identifier: Apache-2.0

internal import ClusterModel

/// Who sends what cannot be believed, and who is cut for it.
///
/// Law: a peer that sends `limit` such things in a row is not listened to for `pause`; then it may
/// try again. Nobody is cut for good here: that takes a revocation.
struct Offences {
    /// Offences in a row after which a peer is cut.
    static let limit = 64
    /// How long it is cut.
    static let pause: Duration = .seconds(10)
    /// Quiet after which earlier offences are forgotten.
    private static let memory: Duration = .seconds(60)

    private var counts: [NodeID: (count: Int, last: Instant)] = [:]
    private var cut: [NodeID: Instant] = [:]

    /// Counts one more; returns how many there were in a row.
    mutating func note(_ peer: NodeID, at now: Instant) -> Int {
        let earlier = counts[peer]
        let isRow = earlier.map { now.since($0.last) < Offences.memory } ?? false
        let count = (isRow ? earlier?.count ?? 0 : 0) + 1
        counts[peer] = (count, now)
        return count
    }

    /// Whether the peer's last offence was one too many: it is cut from now on.
    mutating func isDue(_ peer: NodeID) -> Bool {
        guard let entry = counts[peer], entry.count >= Offences.limit else { return false }
        counts[peer] = nil
        cut[peer] = entry.last + Offences.pause
        return true
    }

    /// Whether the peer is not listened to.
    func isCut(_ peer: NodeID) -> Bool { cut[peer] != nil }

    /// Lets those return whose time is over; whether there was one.
    mutating func release(at now: Instant) -> Bool {
        let count = cut.count
        cut = cut.filter { $0.value > now }
        return cut.count < count
    }

    /// When the next one may return.
    var nextDeadline: Instant? { cut.values.min() }
}
