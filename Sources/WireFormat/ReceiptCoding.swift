// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import SwiftProtobuf

extension Receipt {
    private static let operation = "receipt"

    init(encoded bytes: [UInt8]) throws(WireError) {
        let wire = try Protobuf.fact(
            ProtoReceipt.self, from: bytes, upTo: WireLimits.body, Self.operation)
        try Bounds.check(
            wire.attempt, in: 1...UInt32(Int32.max), Self.operation, "attempt")
        var steps: [StepReceipt] = []
        steps.reserveCapacity(wire.steps.count)
        for step in wire.steps { steps.append(StepReceipt(wire: step)) }
        self.init(
            subject: EventRange(
                log: try EpochID(wire: wire.log, Self.operation),
                first: SequenceNumber(wire.first), last: SequenceNumber(wire.last)),
            outcome: try ApplyOutcome(wire: wire.outcome, reason: wire.reason),
            steps: steps, attempt: Int(wire.attempt))
        try check()
    }

    func encoded() throws(WireError) -> [UInt8] {
        try check()
        var wire = ProtoReceipt()
        wire.log = try subject.log.wire(Self.operation)
        wire.first = subject.first.value
        wire.last = subject.last.value
        (wire.outcome, wire.reason) = outcome.wire
        wire.steps = steps.map(\.wire)
        wire.attempt = UInt32(attempt)
        return try Protobuf.encode(wire, upTo: WireLimits.body, Self.operation)
    }

    private func check() throws(WireError) {
        try Bounds.check(subject.last, Self.operation, "last sequence number")
        try Bounds.check(
            subject.first.value, in: 1...subject.last.value, Self.operation,
            "first sequence number")
        try Bounds.check(attempt, in: 1...Int(Int32.max), Self.operation, "attempt")
        try Bounds.check(
            text: outcome.wire.reason, upTo: WireLimits.text, Self.operation, "reason")
        try Bounds.check(count: steps.count, upTo: WireLimits.steps, Self.operation, "steps")
        for step in steps { try step.check(Self.operation) }
    }
}

extension ApplyOutcome {
    fileprivate init(wire: ProtoOutcome, reason: String) throws(WireError) {
        switch wire {
        case .applied: self = .applied
        case .superseded: self = .superseded
        case .failed: self = .failed(reason: reason)
        case .parked: self = .parked(reason: reason)
        case .refused: self = .refused(reason: reason)
        case .unspecified, .UNRECOGNIZED:
            throw WireError(
                .outOfRange, "receipt", expected: "an outcome from 1 to 5",
                found: "\(wire.rawValue)")
        }
        guard self.wire.reason == reason else {
            throw WireError(
                .mismatch, "receipt", expected: "a reason with failures only",
                found: "one with outcome \(wire.rawValue)")
        }
    }

    fileprivate var wire: (outcome: ProtoOutcome, reason: String) {
        switch self {
        case .applied: (.applied, "")
        case .superseded: (.superseded, "")
        case .failed(let reason): (.failed, reason)
        case .parked(let reason): (.parked, reason)
        case .refused(let reason): (.refused, reason)
        }
    }
}

extension StepReceipt {
    fileprivate init(wire: ProtoStep) {
        self.init(
            target: wire.target, action: wire.action,
            failure: wire.hasFailure ? wire.failure : nil,
            proof: wire.proof.map {
                Proof(counter: $0.counter, before: $0.before, after: $0.after)
            },
            microseconds: wire.microseconds)
    }

    fileprivate var wire: ProtoStep {
        var wire = ProtoStep()
        wire.target = target
        wire.action = action
        if let failure { wire.failure = failure }
        wire.proof = proof.map { proof in
            var wire = ProtoProof()
            wire.counter = proof.counter
            wire.before = proof.before
            wire.after = proof.after
            return wire
        }
        wire.microseconds = microseconds
        return wire
    }

    fileprivate func check(_ operation: String) throws(WireError) {
        try Bounds.check(text: target, upTo: WireLimits.name, operation, "target")
        try Bounds.check(text: action, upTo: WireLimits.name, operation, "action")
        try Bounds.check(
            text: failure ?? "", upTo: WireLimits.text, operation, "failure")
        try Bounds.check(count: proof.count, upTo: WireLimits.proofs, operation, "proofs")
        for proof in proof {
            try Bounds.check(
                text: proof.counter, upTo: WireLimits.name, operation, "counter")
        }
    }
}
