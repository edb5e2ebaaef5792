// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// What stands between a start and the first `ready`.
struct ReadinessState: Sendable {
    /// Whether the start is over: from then on being behind does not unready a node.
    fileprivate(set) var hasStarted = false
    fileprivate(set) var told: Readiness?
    fileprivate(set) var patience: Instant?
    /// What members showed first in this run.
    fileprivate(set) var target = VersionVector()
    fileprivate(set) var fresh: [NodeID] = []
    /// Whether this start has led to a full clear already, which covers what silent members know.
    fileprivate(set) var hasOwedClear: Bool

    init(owesClear: Bool) { hasOwedClear = owesClear }

    var isReady: Bool { told?.isReady == true }

    mutating func begin(now: Instant) { patience = now + Limits.startPatience }

    mutating func hear(_ beacon: Beacon) {
        fresh.append(beacon.sender)
        guard !hasStarted else { return }
        for head in beacon.heads { target.raise(head.log, to: head.last) }
    }

    /// When those who have not answered are waited for no longer.
    var nextDeadline: Instant? { hasStarted ? nil : patience }

    /// Whether those who have not answered are still waited for.
    fileprivate mutating func isPatient(now: Instant) -> Bool {
        if let end = patience, now >= end { patience = nil }
        return patience != nil
    }
}

extension Replicator {
    mutating func updateReadiness() {
        let present = Readiness(obstacles: obstacles())
        if !readiness.hasStarted, present.isReady { readiness.hasStarted = true }
        guard present != readiness.told else { return }
        readiness.told = present
        emit(.readiness(present))
    }

    private mutating func obstacles() -> [Readiness.Obstacle] {
        var result: [Readiness.Obstacle] = []
        if authority.ownGrant == nil { result.append(.notLoggedIn) }
        if start.isCloned { result.append(.cloned) }
        if !readiness.hasStarted { result += startObstacles() }
        if clears.owesFull || !readiness.hasStarted && clears.owesCode {
            result.append(.awaitingClear)
        }
        if let wanted = register.current, code.isBehind(wanted) {
            result.append(.behindRevision(wanted.id))
        }
        return result
    }

    private mutating func startObstacles() -> [Readiness.Obstacle] {
        let isPatient = readiness.isPatient(now: now.instant)
        switch start.stage {
        case .fresh, .asking: return [.awaitingOwnHeads]
        case .persisting, .refused: return [.awaitingEpoch]
        case .signing: break
        }
        var result: [Readiness.Obstacle] = []
        if configuration.surveysCode, !code.isSurveyed { result.append(.awaitingSurvey) }
        let silent = others.filter { !readiness.fresh.contains($0) }
        if !silent.isEmpty {
            if isPatient {
                return result + silent.map { .awaitingBeacon($0) }
            }
            if !readiness.hasOwedClear {
                readiness.hasOwedClear = true
                oweFullClear(.noFreshAnswers(silent))
            }
        }
        for (log, shown) in readiness.target.entries
        where book[log]?.isQuarantined != true {
            // What was shown and is held by nobody any more is not waited for.
            let position = min(shown, max(book[log]?.known ?? 0, book.durable(log).last))
            if book.durable(log).last < position {
                result.append(.behind(log))
            } else if appliers[log]?.applied ?? 0 < position {
                result.append(.applying(log))
            }
        }
        // Whoever has it may be away for long: he is not waited for.
        for log in snapshots.keys where snapshots[log]?.isHopeless == false {
            result.append(.behind(log))
        }
        for log in restless.keys.prefix(1) where result.isEmpty { result.append(.applying(log)) }
        return result
    }
}
