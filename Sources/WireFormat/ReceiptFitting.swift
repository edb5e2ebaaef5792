// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

// What appliers report comes from other programs and may be of any length. It is made to fit
// before it enters the core, since a receipt that cannot be encoded could never be published.

extension ApplyOutcome {
    /// The same outcome with a reason that fits.
    public func fitted() -> ApplyOutcome {
        switch self {
        case .applied, .superseded: self
        case .failed(let reason): .failed(reason: WireLimits.clip(reason))
        case .parked(let reason): .parked(reason: WireLimits.clip(reason))
        case .refused(let reason): .refused(reason: WireLimits.clip(reason))
        }
    }
}

extension StepReceipt {
    /// The same step with texts that fit and as many proofs as may be.
    public func fitted() -> StepReceipt {
        StepReceipt(
            target: WireLimits.clip(target, to: WireLimits.name),
            action: WireLimits.clip(action, to: WireLimits.name),
            failure: failure.map { WireLimits.clip($0) },
            proof: proof.prefix(WireLimits.proofs).map {
                Proof(
                    counter: WireLimits.clip($0.counter, to: WireLimits.name),
                    before: $0.before, after: $0.after)
            },
            microseconds: microseconds)
    }

    /// Never less than its length on the wire.
    fileprivate var byteCount: Int {
        64 + target.utf8.count + action.utf8.count + (failure?.utf8.count ?? 0)
            + proof.reduce(0) { $0 + 40 + $1.counter.utf8.count }
    }
}

extension [StepReceipt] {
    /// The steps, fitted; where there are too many, some of them and one that counts the rest.
    ///
    /// Law: a step that worked is among them only if every step that failed is. So whoever reads
    /// them never takes a target for done of which a failed step was left out.
    public func fitted() -> [StepReceipt] {
        let steps = map { $0.fitted() }
        var room = WireLimits.stepBytes
        var chosen: [Int] = []
        let failed = steps.indices.filter { steps[$0].failure != nil }
        for index in failed + steps.indices.filter({ steps[$0].failure == nil }) {
            room -= steps[index].byteCount
            guard room >= 0, chosen.count < WireLimits.steps - 1 else { break }
            chosen.append(index)
        }
        guard chosen.count < count else { return steps }
        chosen.sort()
        let rest = steps.indices.filter { !chosen.contains($0) }
        let failures = rest.count { steps[$0].failure != nil }
        let counted = StepReceipt(
            target: "\(rest.count) more steps", action: "not listed",
            failure: failures == 0 ? nil : "\(failures) of them failed", proof: [],
            microseconds: rest.reduce(0) { $0 &+ steps[$1].microseconds })
        return chosen.map { steps[$0] } + [counted]
    }
}
