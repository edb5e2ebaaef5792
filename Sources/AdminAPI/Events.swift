// SPDX-License-Identifier: Apache-2.0

/// Asks to publish an application event.
public struct PublishRequestDocument: Codable, Sendable, Hashable {
    /// The topic.
    public var topic: String
    /// The payload as text; exclusive with `payloadBase64`.
    public var payload: String?
    /// The payload as Base64.
    public var payloadBase64: String?
    /// `local`, `one` or `all`; absent: `one`, or `local` in a cluster of one.
    public var confirm: String?
    /// How long to wait for the level.
    ///
    /// Unit: milliseconds.
    public var timeoutMilliseconds: UInt64

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case topic, payload, payloadBase64, confirm, timeoutMilliseconds
    }

    /// Makes the document from its fields.
    public init(
        topic: String, payload: String?, payloadBase64: String?, confirm: String?,
        timeoutMilliseconds: UInt64
    ) {
        self.topic = topic
        self.payload = payload
        self.payloadBase64 = payloadBase64
        self.confirm = confirm
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    /// Reads the document.
    ///
    /// - Throws: `ErrorDocument` for a key that it does not have, `DecodingError` for anything else
    ///   that is not the document.
    public init(from decoder: any Decoder) throws {
        try refuseOtherKeys(than: CodingKeys.self, in: decoder)
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        topic = try fields.decode(String.self, forKey: .topic)
        payload = try fields.decodeIfPresent(String.self, forKey: .payload)
        payloadBase64 = try fields.decodeIfPresent(String.self, forKey: .payloadBase64)
        confirm = try fields.decodeIfPresent(String.self, forKey: .confirm)
        timeoutMilliseconds = try fields.decode(UInt64.self, forKey: .timeoutMilliseconds)
    }
}

/// What became of a published event.
public struct PublishAnswer: Codable, Sendable, Hashable {
    /// The event's ID; it has been kept even where the level was not reached.
    public var id: String
    /// The level that was asked for.
    public var level: String
    /// Whether it was reached in time.
    public var isConfirmed: Bool
    /// The nodes, by URL, that have it on disk.
    public var confirmedBy: [String]
    /// The nodes, by URL, that were waited for in vain.
    public var missing: [String]

    /// Makes the document from its fields.
    public init(
        id: String, level: String, isConfirmed: Bool, confirmedBy: [String], missing: [String]
    ) {
        self.id = id
        self.level = level
        self.isConfirmed = isConfirmed
        self.confirmedBy = confirmedBy
        self.missing = missing
    }
}

/// One application event, as `subscribe` prints it.
public struct ApplicationEventDocument: Codable, Sendable, Hashable {
    /// The event's ID.
    public var id: String
    /// The topic.
    public var topic: String
    /// Who published it, by name where it is known.
    public var user: String?
    /// The URL of the node that published it, or its short ID.
    public var node: String
    /// When, by the origin's clock.
    ///
    /// Unit: milliseconds since 1970.
    public var time: UInt64
    /// The payload where it is text.
    public var payload: String?
    /// The payload where it is not.
    public var payloadBase64: String?

    /// Makes the document from its fields.
    public init(
        id: String, topic: String, user: String?, node: String, time: UInt64, payload: String?,
        payloadBase64: String?
    ) {
        self.id = id
        self.topic = topic
        self.user = user
        self.node = node
        self.time = time
        self.payload = payload
        self.payloadBase64 = payloadBase64
    }
}

/// One event of the log, as `events` and `events show` print it.
public struct EventDocument: Codable, Sendable, Hashable {
    /// The event's ID.
    public var id: String
    /// `application`, `invalidation`, `revision`, `lock`, `receipt`, `checkpoint` or `unknown`.
    public var kind: String
    /// One line for people.
    public var summary: String
    /// Who published it, by name where it is known.
    public var user: String?
    /// The URL of the node that published it, or its short ID.
    public var node: String
    /// When, by the origin's clock.
    ///
    /// Unit: milliseconds since 1970.
    public var time: UInt64
    /// `accepted`, `withheld` or `held` on this node.
    public var disposition: String
    /// What came of it, node by node; only in `events show`.
    public var outcomes: [OutcomeDocument]?

    /// Makes the document from its fields.
    public init(
        id: String, kind: String, summary: String, user: String?, node: String, time: UInt64,
        disposition: String, outcomes: [OutcomeDocument]?
    ) {
        self.id = id
        self.kind = kind
        self.summary = summary
        self.user = user
        self.node = node
        self.time = time
        self.disposition = disposition
        self.outcomes = outcomes
    }
}

/// What came of an event on one node.
public struct OutcomeDocument: Codable, Sendable, Hashable {
    /// The node by its URL, or its short ID.
    public var node: String
    /// `applied`, `superseded`, `failed`, `parked`, `refused` or `pending`.
    public var outcome: String
    /// Why, where it is not a success.
    public var reason: String?
    /// What was done, with proof.
    public var steps: [StepDocument]

    /// Makes the document from its fields.
    public init(node: String, outcome: String, reason: String?, steps: [StepDocument]) {
        self.node = node
        self.outcome = outcome
        self.reason = reason
        self.steps = steps
    }
}

/// One step of applying an event, with proof.
public struct StepDocument: Codable, Sendable, Hashable {
    /// What was acted on.
    public var target: String
    /// What was done.
    public var action: String
    /// Why it failed; absent where it worked.
    public var failure: String?
    /// How long it took.
    ///
    /// Unit: microseconds.
    public var microseconds: UInt64
    /// The target's own counters before and after.
    public var proof: [ProofDocument]

    /// Makes the document from its fields.
    public init(
        target: String, action: String, failure: String?, microseconds: UInt64,
        proof: [ProofDocument]
    ) {
        self.target = target
        self.action = action
        self.failure = failure
        self.microseconds = microseconds
        self.proof = proof
    }
}

/// One counter before and after a step.
public struct ProofDocument: Codable, Sendable, Hashable {
    /// The counter's name.
    public var counter: String
    /// Its value before.
    public var before: UInt64
    /// Its value after.
    public var after: UInt64

    /// Makes the document from its fields.
    public init(counter: String, before: UInt64, after: UInt64) {
        self.counter = counter
        self.before = before
        self.after = after
    }
}
