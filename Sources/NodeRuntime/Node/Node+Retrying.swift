// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
internal import ClusterModel

extension Node {
    /// Tries a parked event again; `false` where it is not parked here.
    func retryParked(_ reference: EventReference) -> Bool {
        let events = core.heads.map { EventID(log: $0.log, sequence: reference.sequence) }
        guard let event = events.first(where: reference.matches), core.isParked(event) else {
            return false
        }
        feed(.parkedRetryRequested(event))
        return true
    }

    /// Tries all parked events again; returns how many there are.
    func retryParked() -> UInt64 {
        let count = core.status.parkedEvents
        feed(.parkedRetryRequested(nil))
        return count
    }
}
