// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Bounds what one address may ask of the door.
///
/// A bucket of requests that refills, and a number of connections at once, for each address. The
/// table itself is bounded: where it is full of addresses that are busy, a new one is refused.
final class AddressGate: Sendable {
    /// The bounds.
    struct Limits: Sendable, Hashable {
        /// Connections at once from one address.
        var connections = 32
        /// Requests at once from one address, after a pause.
        var burst = 60.0
        /// Requests in the long run from one address.
        ///
        /// Unit: per second.
        var rate = 20.0
        /// Addresses that are remembered.
        var addresses = 4096
    }

    private struct Entry {
        var connections: Int
        var tokens: Double
        var refilled: ContinuousClock.Instant
    }

    private let limits: Limits
    private let entries = Mutex<[String: Entry]>([:])

    init(_ limits: Limits) {
        self.limits = limits
    }

    /// Whether one more connection may stand; every `true` needs a ``disconnect(_:)``.
    func connect(_ address: String, now: ContinuousClock.Instant) -> Bool {
        entries.withLock { entries in
            if entries[address] == nil, entries.count >= limits.addresses {
                entries = entries.filter { !isForgettable($0.value, now) }
                guard entries.count < limits.addresses else { return false }
            }
            var entry =
                entries[address] ?? Entry(connections: 0, tokens: limits.burst, refilled: now)
            guard entry.connections < limits.connections else { return false }
            entry.connections += 1
            entries[address] = entry
            return true
        }
    }

    /// Gives a connection back.
    func disconnect(_ address: String) {
        entries.withLock { $0[address]?.connections -= 1 }
    }

    /// Whether one more request is answered.
    func admit(_ address: String, now: ContinuousClock.Instant) -> Bool {
        entries.withLock { entries in
            guard var entry = entries[address] else { return false }
            entry.tokens = refilled(entry, now)
            entry.refilled = now
            let isAdmitted = entry.tokens >= 1
            if isAdmitted { entry.tokens -= 1 }
            entries[address] = entry
            return isAdmitted
        }
    }

    private func refilled(_ entry: Entry, _ now: ContinuousClock.Instant) -> Double {
        let seconds = (now - entry.refilled) / .seconds(1)
        return min(limits.burst, entry.tokens + max(0, seconds) * limits.rate)
    }

    /// Whether forgetting an address changes nothing for it.
    private func isForgettable(_ entry: Entry, _ now: ContinuousClock.Instant) -> Bool {
        entry.connections == 0 && refilled(entry, now) >= limits.burst
    }
}
