// SPDX-License-Identifier: Apache-2.0

public import ClusterModel

/// Where is kept who did what to the authority of this node or to the update lock, and who was
/// refused what.
///
/// Law: noting never fails and never waits for a disk longer than one short write takes; what
/// cannot be kept is said in the daemon's log, and nothing that was noted is changed by it.
/// Source: docs/reference/audit.md.
public protocol AuditTrail: Sendable {
    /// Notes one thing.
    func note(_ entry: AuditEntry)
}

/// One thing that happened, in the words of docs/reference/audit.md.
///
/// Texts that come from outside are bounded and printable: the trail is read at terminals.
public struct AuditEntry: Sendable, Hashable {
    /// What was done or tried.
    public enum Event: String, Sendable, Hashable, CaseIterable {
        /// Somebody proved a password at this node's door, or failed to.
        case login
        /// A grant was signed and brought to this node.
        case grant
        /// This node joined the mesh.
        case join
        /// This node left the mesh.
        case logout
        /// A name of the users file was pinned to a key.
        case pin
        /// Withheld events of a user were asked to be applied.
        case replay
        /// The update lock was taken or renewed.
        case lock
        /// The update lock was ended.
        case unlock
        /// An account was made.
        case userAdded = "user-added"
        /// An account has another key, or other rights.
        case userChanged = "user-changed"
        /// An account was ended.
        case userRemoved = "user-removed"
        /// A user's key was ended.
        case keyRevoked = "key-revoked"
        /// A grant was ended.
        case grantRevoked = "grant-revoked"
        /// A node was ended.
        case nodeRemoved = "node-removed"
        /// A client's key was made.
        case clientAdded = "client-added"
        /// A client's key was ended.
        case clientRemoved = "client-removed"
        /// An event was declared void.
        case eventVoided = "event-voided"
        /// Records were submitted that cannot be used.
        case records
        /// This node was to publish what it may not.
        case publish
        /// Events of another node were to have an effect here.
        case events
        /// A message of another node was to be believed.
        case message
        /// Another process spoke with this node's identity.
        case clone
        /// What answers at a URL of the list is none of the cluster's nodes.
        case server
    }

    /// What came of it.
    public enum Outcome: String, Sendable, Hashable, CaseIterable {
        /// It was done.
        case done
        /// It was not, and nothing has changed.
        case refused
    }

    /// When, by this host's clock.
    public let wall: WallTime
    /// What was done or tried.
    public let event: Event
    /// What came of it.
    public let outcome: Outcome
    /// Who did it: a user name as far as it is known, or what was typed for one.
    public let user: String?
    /// From where: a numeric address, `local` for the local socket, or a node's ID.
    public let address: String?
    /// What it was done to: a user, a node, a client, a record.
    public let subject: String?
    /// Why it was refused, or how it was done.
    public let reason: String?
    /// How many alike were left out since the last one that was noted.
    public let suppressed: Int

    /// Makes an entry; texts are cut and made printable.
    public init(
        wall: WallTime, event: Event, outcome: Outcome, user: String? = nil,
        address: String? = nil, subject: String? = nil, reason: String? = nil,
        suppressed: Int = 0
    ) {
        self.wall = wall
        self.event = event
        self.outcome = outcome
        self.user = user.map { PrintableText.make($0, limit: AuditEntry.textLimit) }
        self.address = address.map { PrintableText.make($0, limit: AuditEntry.textLimit) }
        self.subject = subject.map { PrintableText.make($0, limit: AuditEntry.textLimit) }
        self.reason = reason.map { PrintableText.make($0, limit: AuditEntry.textLimit) }
        self.suppressed = suppressed
    }

    /// The longest text.
    ///
    /// Unit: characters, before escaping; what is cut is marked by an ellipsis.
    public static let textLimit = 128
}
