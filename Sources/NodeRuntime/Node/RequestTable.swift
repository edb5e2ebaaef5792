// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
internal import ClusterModel
internal import WireFormat

/// Sixteen random bytes which tie a reply to its request.
typealias RequestID = InstanceID

/// The requests of this node that wait for a reply.
///
/// Law: each ends exactly once: by the reply of the peer that was asked, or by its deadline. Late
/// replies, and replies of others, are nobody's.
struct RequestTable {
    /// How long a peer may take.
    static let patience: Duration = .seconds(5)

    /// A request that was sent.
    struct Entry: Sendable {
        let request: Request
        let peer: NodeID
        let deadline: Instant
        /// Whoever waits outside the core; `nil` where the core does.
        let completion: (@Sendable (Result<Reply, RequestFailure>) -> Void)?
    }

    private var entries: [RequestID: Entry] = [:]

    /// Remembers a request.
    mutating func insert(_ id: RequestID, _ entry: Entry) { entries[id] = entry }

    /// Takes the request that a peer's reply answers; `nil` where it answers none.
    mutating func take(_ id: RequestID, from peer: NodeID) -> Entry? {
        guard let entry = entries[id], entry.peer == peer else { return nil }
        entries[id] = nil
        return entry
    }

    /// Takes every request whose time is over.
    mutating func expire(at now: Instant) -> [Entry] {
        guard let nextDeadline, nextDeadline <= now else { return [] }
        let expired = entries.filter { $0.value.deadline <= now }.sorted { $0.key < $1.key }
        for (id, _) in expired { entries[id] = nil }
        return expired.map(\.value)
    }

    /// When the next one's time is over.
    var nextDeadline: Instant? { entries.values.map(\.deadline).min() }
}

/// Why a request has no reply.
enum RequestFailure: Error, Sendable, Hashable {
    /// No link to the peer, or its queue is full.
    case notSent
    /// No reply in time.
    case silent
    /// A reply that cannot be used.
    case unusable(String)
    /// The peer refused.
    case refused(String)
}
