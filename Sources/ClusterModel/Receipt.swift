// SPDX-License-Identifier: Apache-2.0

/// A run of events of one log.
public struct EventRange: Hashable, Sendable, CustomStringConvertible {
    /// Which log.
    public let log: EpochID
    /// The first event of the run.
    public let first: SequenceNumber
    /// The last, itself included; not before the first.
    public let last: SequenceNumber

    /// The run between two positions, both included.
    public init(log: EpochID, first: SequenceNumber, last: SequenceNumber) {
        self.log = log
        self.first = first
        self.last = last
    }

    /// `NODE-EPOCH-FIRST`, and `..LAST` where there are several.
    public var description: String {
        first == last ? "\(log)-\(first)" : "\(log)-\(first)..\(last)"
    }

    /// Whether the run holds that event.
    public func contains(_ id: EventID) -> Bool {
        id.log == log && first <= id.sequence && id.sequence <= last
    }
}

/// What came of events on one node; itself published as an event of that node.
public struct Receipt: Hashable, Sendable {
    /// The events it speaks of.
    public let subject: EventRange
    /// What came of them.
    public let outcome: ApplyOutcome
    /// What was done, step by step; empty where nothing had to be.
    public let steps: [StepReceipt]
    /// How often it has been tried, from 1.
    public let attempt: Int

    /// States what came of events.
    public init(
        subject: EventRange, outcome: ApplyOutcome, steps: [StepReceipt] = [], attempt: Int = 1
    ) {
        self.subject = subject
        self.outcome = outcome
        self.steps = steps
        self.attempt = attempt
    }
}

/// What came of an event on a node.
public enum ApplyOutcome: Hashable, Sendable {
    /// It has its effect here.
    case applied
    /// Something that takes precedence made it moot.
    case superseded
    /// It could not be applied; it will be tried again.
    case failed(reason: String)
    /// It will not be tried again unless someone asks.
    case parked(reason: String)
    /// This node does not allow its signer to do that; definite.
    case refused(reason: String)

    /// Whether the event's promise holds on the node.
    public var isSuccess: Bool {
        switch self {
        case .applied, .superseded: true
        case .failed, .parked, .refused: false
        }
    }
}

/// One step of applying an event, with proof.
public struct StepReceipt: Hashable, Sendable {
    /// What was acted on, such as `php-fpm unix:/run/php/php8.2-fpm.sock`.
    public let target: String
    /// What was done, such as `opcode cache`.
    public let action: String
    /// `nil` where it worked; else why not.
    public let failure: String?
    /// The target's own counters before and after, by name.
    public let proof: [Proof]
    /// How long it took until the target said that it was done; a proof may come later.
    ///
    /// Unit: microseconds.
    public let microseconds: UInt64

    /// Describes a step that was taken.
    public init(
        target: String, action: String, failure: String?, proof: [Proof], microseconds: UInt64
    ) {
        self.target = target
        self.action = action
        self.failure = failure
        self.proof = proof
        self.microseconds = microseconds
    }
}

/// One counter of a cache, before and after a step.
public struct Proof: Hashable, Sendable {
    /// The counter's name, such as `scripts`.
    public let counter: String
    /// Its value before.
    public let before: UInt64
    /// Its value after.
    public let after: UInt64

    /// Joins two readings of a counter.
    public init(counter: String, before: UInt64, after: UInt64) {
        self.counter = counter
        self.before = before
        self.after = after
    }
}
