// SPDX-License-Identifier: Apache-2.0

internal import ClusterModel
internal import Synchronization

/// Writes the audit trail, and keeps refusals from filling it.
///
/// Law: what was done is always noted. Of refusals that are alike (event, address and reason) ten
/// a minute are, and the next one says how many were left out.
final class Auditor: Sendable {
    /// The address of whoever uses the local socket.
    static let local = "local"
    /// Refusals of a kind that are noted in each minute.
    static let refusalsPerMinute = 10
    /// Kinds that are told apart at once; beyond them all are alike.
    private static let kindLimit = 1_000

    private struct Kind: Hashable {
        let event: AuditEntry.Event
        let address: String?
        let reason: String?
    }

    private struct Tally {
        var began: Instant
        var noted = 0
        var suppressed = 0
    }

    private let trail: any AuditTrail
    private let clock: any HostClock
    private let tallies = Mutex<[Kind: Tally]>([:])

    init(trail: any AuditTrail, clock: any HostClock) {
        self.trail = trail
        self.clock = clock
    }

    /// Notes what was done.
    func done(
        _ event: AuditEntry.Event, user: String? = nil, address: String? = nil,
        subject: String? = nil, reason: String? = nil
    ) {
        trail.note(
            AuditEntry(
                wall: clock.now().wall, event: event, outcome: .done, user: user,
                address: address, subject: subject, reason: reason))
    }

    /// Notes what was refused, unless too many alike were.
    func refused(
        _ event: AuditEntry.Event, user: String? = nil, address: String? = nil,
        subject: String? = nil, reason: String
    ) {
        let now = clock.now()
        let kind = Kind(event: event, address: address, reason: reason)
        guard let suppressed = admit(kind, at: now.instant) else { return }
        trail.note(
            AuditEntry(
                wall: now.wall, event: event, outcome: .refused, user: user, address: address,
                subject: subject, reason: reason, suppressed: suppressed))
    }

    /// How many alike were left out before this one; `nil` where this one is left out too.
    private func admit(_ kind: Kind, at now: Instant) -> Int? {
        tallies.withLock { tallies in
            tallies = tallies.filter {
                let age = now.since($0.value.began)
                return age < .seconds(60) || $0.value.suppressed > 0 && age < .seconds(3_600)
            }
            let isRoom = tallies[kind] != nil || tallies.count < Auditor.kindLimit
            let kind = isRoom ? kind : Kind(event: kind.event, address: nil, reason: nil)
            var tally = tallies[kind] ?? Tally(began: now)
            let isOver = now.since(tally.began) >= .seconds(60)
            if isOver { tally = Tally(began: now, suppressed: tally.suppressed) }
            defer { tallies[kind] = tally }
            guard tally.noted < Auditor.refusalsPerMinute else {
                tally.suppressed += 1
                return nil
            }
            tally.noted += 1
            defer { tally.suppressed = 0 }
            return tally.suppressed
        }
    }
}
