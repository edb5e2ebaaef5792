// SPDX-License-Identifier: Apache-2.0

internal import ClusterModel

extension StepReceipt {
    /// What a report proves.
    init(_ report: CacheClearReport, target: String) {
        var action = report.action
        var failure: String?
        switch report.outcome {
        case .cleared: break
        case .restartPending:
            action += " (old code is ignored; memory is freed when running requests end)"
        case .nothingToClear(let reason): action = Self.nothing(reason)
        case .refused(let reason): action = Self.refused(reason)
        case .failed(let error): failure = error.message(beside: target)
        }
        if failure == nil, !report.notes.isEmpty {
            action += " (\(report.notes.joined(separator: "; ")))"
        }
        self.init(
            target: target, action: action, failure: failure,
            proof: report.counters.map(Proof.all) ?? [],
            microseconds: UInt64(max(0, report.milliseconds * 1_000)))
    }
}

extension Proof {
    /// The counters of a cache that show whether it was cleared.
    fileprivate static func all(of counters: CacheClearReport.Counters) -> [Proof] {
        switch counters {
        case .opcode(let before, let after):
            [
                Proof(
                    counter: "scripts", before: UInt64(clamping: before.scripts),
                    after: UInt64(clamping: after.scripts)),
                Proof(
                    counter: "restarts", before: UInt64(clamping: before.manualRestarts),
                    after: UInt64(clamping: after.manualRestarts)),
            ]
        case .user(let before, let after):
            [
                Proof(
                    counter: "entries", before: UInt64(clamping: before.entries),
                    after: UInt64(clamping: after.entries))
            ]
        case .keys(let before, let after):
            [
                Proof(
                    counter: "matching keys", before: UInt64(clamping: before.matching),
                    after: UInt64(clamping: after.matching))
            ]
        }
    }
}
