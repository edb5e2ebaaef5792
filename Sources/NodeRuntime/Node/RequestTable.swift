// SPDX-License-Identifier: Apache-2.0

internal import ClusterModel
internal import WireFormat

/// The requests of this node that wait for a reply.
///
/// Law: each ends exactly once: by the reply of the peer that was asked, or by its deadline. Late
/// replies, and replies of others, are nobody's.
struct RequestTable {
    /// How long a peer may take.
    static let patience: Duration = .seconds(5)

    /// A request that was sent.
    struct Entry: Sendable {
        let id: RequestID
        let request: Request
        let peer: NodeID
        let deadline: Instant
        /// Whoever waits outside the core; `nil` where the core does.
        let completion: ReplyCompletion?
    }

    private(set) var entries: [RequestID: Entry] = [:]

    /// Remembers a request.
    mutating func insert(_ entry: Entry) { entries[entry.id] = entry }

    /// Takes the request that a peer's reply answers; `nil` where it answers none.
    mutating func take(_ id: RequestID, from peer: NodeID) -> Entry? {
        guard let entry = entries[id], entry.peer == peer else { return nil }
        entries[id] = nil
        return entry
    }

    /// Takes every request whose time is over, the oldest first.
    mutating func expire(at now: Instant) -> [Entry] {
        guard let nextDeadline, nextDeadline <= now else { return [] }
        let expired = entries.values.filter { $0.deadline <= now }
        for entry in expired { entries[entry.id] = nil }
        return expired.sorted { $0.deadline < $1.deadline }
    }

    /// Takes every request, as the node stops.
    mutating func takeAll() -> [Entry] {
        defer { entries = [:] }
        return Array(entries.values)
    }

    /// When the next one's time is over.
    var nextDeadline: Instant? { entries.values.map(\.deadline).min() }
}

/// What came back, or why nothing did; with the ID of the request that was signed over.
typealias ReplyCompletion = @Sendable (Result<(RequestID, Reply), RequestFailure>) -> Void

/// Why a request has no reply.
enum RequestFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// No link to the peer, or its queue is full.
    case notSent
    /// No reply in time.
    case silent
    /// A reply that cannot be used.
    case unusable(String)
    /// The peer refused.
    case refused(WireFormat.Refusal)

    /// What happened, for people.
    var description: String {
        switch self {
        case .notSent: "no link to the node"
        case .silent: "no answer within \(RequestTable.patience)"
        case .unusable(let why): "an answer that cannot be used: \(why)"
        case .refused(let refusal): "refused: expected \(refusal.expected), found \(refusal.found)"
        }
    }
}
