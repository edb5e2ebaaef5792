// SPDX-License-Identifier: Apache-2.0

// What `--json` prints, as its documentation has it, read without a look at the program's types.

struct ErrorReport: Decodable {
    var code: String
    var message: String
    var hint: String?
    var exitStatus: Int32
}

struct StatusReport: Decodable {
    var own: ServerReport
    var servers: [ServerReport]
    var problems: [String]
}

struct ServerReport: Decodable {
    var url: String?
    var error: String?
    var node: String?
    var isReady: Bool?
    var warnings: [String]
    var events: EventsReport?
    var database: DatabaseReport?
    var isLocked: Bool?
    var lock: LockReport.Lock?
    var plan: PlanReport?
}

struct LockReport: Decodable {
    struct Lock: Decodable, Equatable {
        var holder: String
        var since: UInt64
        var reason: String
        var expires: UInt64
    }

    var isLocked: Bool
    var lock: Lock?
    var previous: Lock?
}

struct DatabaseReport: Decodable {
    var version: String?
    var sizeBytes: UInt64?
    var problem: String?
}

struct PlanReport: Decodable {
    var steps: [PlanStepReport]
}

struct PlanStepReport: Decodable {
    var action: String
    var path: String
}

struct EventsReport: Decodable, Equatable {
    var stored: Int
    var missing: Int
    var waiting: Int
    var parked: Int
    var withheld: Int
    var refused: [String: UInt64]
}

struct EventReport: Decodable, Equatable {
    var id: String
    var kind: String
    var summary: String
    var user: String?
    var node: String
    var disposition: String
    var outcomes: [OutcomeReport]?
}

struct OutcomeReport: Decodable, Equatable {
    var node: String
    var outcome: String
    var reason: String?
    var steps: [StepReport]
}

struct StepReport: Decodable, Equatable {
    var target: String
    var failure: String?
}

struct Publication: Decodable {
    var id: String
    var isConfirmed: Bool
    var missing: [String]
}

struct SubscribedEvent: Decodable {
    var id: String
    var topic: String
    var payload: String?
    var payloadBase64: String?
}

/// An event's ID, taken apart: its log, and its place in it.
struct EventPlace: Hashable {
    var log: String
    var sequence: UInt64

    init?(_ id: String) {
        guard let dash = id.lastIndex(of: "-"), let sequence = UInt64(id[id.index(after: dash)...])
        else { return nil }
        log = String(id[..<dash])
        self.sequence = sequence
    }
}
