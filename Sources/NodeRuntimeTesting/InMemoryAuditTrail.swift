// SPDX-License-Identifier: Apache-2.0
public import NodeRuntime
internal import Synchronization

/// The audit trail's twin for tests: keeps what was noted.
public final class InMemoryAuditTrail: AuditTrail {
    private let noted = Mutex<[AuditEntry]>([])

    /// A trail on which nothing is noted yet.
    public init() {}

    /// Notes one thing.
    public func note(_ entry: AuditEntry) { noted.withLock { $0.append(entry) } }

    /// Everything that was noted, in its order.
    public var entries: [AuditEntry] { noted.withLock { $0 } }

    /// What was noted of one event with one outcome.
    public func entries(
        of event: AuditEntry.Event, _ outcome: AuditEntry.Outcome
    ) -> [AuditEntry] {
        entries.filter { $0.event == event && $0.outcome == outcome }
    }
}
