// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// What this node makes of an event, from the records it holds and its own users file.
public enum Judgement: Hashable, Sendable {
    /// The event may have its effect here; the name of the user in whose name it came.
    case allowed(user: String)
    /// Whether it may cannot be said yet: stored, judged again when the standing changes.
    case held(Refusal)
    /// It may not, for as long as records and users file stay as they are: a definite failure.
    case refused(Refusal)
}

/// Why an event may not have its effect here, or not yet.
public struct Refusal: Hashable, Sendable, CustomStringConvertible {
    /// The kinds of reasons, for counters and tests.
    public enum Code: String, CaseIterable, Hashable, Sendable {
        /// The grant it names has not arrived, or nobody known has signed it.
        case unknownGrant = "unknown-grant"
        /// The grant is another node's.
        case wrongNode = "wrong-node"
        /// The grant has ended, and what ended it does not cover this batch.
        case revoked
        /// The grant's user was removed from the cluster.
        case removedUser = "removed-user"
        /// The grant's key was replaced, and the new one does not vouch for the node.
        case retiredKey = "retired-key"
        /// First seen after the grant's end, and nothing proves that it is older.
        case undated
        /// The grant is over; only for the own node, which must be logged in again.
        case expired
        /// The grant or the account does not include the scope.
        case missingScope = "missing-scope"
        /// The users file does not name the user.
        case unlistedUser = "unlisted-user"
        /// The users file names him, but not with this scope.
        case unlistedScope = "unlisted-scope"
        /// The users file names him, but he has another key than the pinned one.
        case unpinnedKey = "unpinned-key"
        /// The users file names him, but it is not clear which of several keys is meant.
        case ambiguousKey = "ambiguous-key"
        /// This node has no grant.
        case notLoggedIn = "not-logged-in"
    }

    /// The kind of reason.
    public let code: Code
    /// The whole reason, naming user, node and file, with what to do about it.
    public let message: String

    /// Joins a kind and the words for it.
    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}

/// What a change of authority asks of whoever contains it.
public enum AuthorityChange: Hashable, Sendable {
    /// Make these records durable, new or with the credential that they lacked, and offer them to
    /// peers.
    case store([VerifiedRecord])
    /// Make a pin durable.
    case pin(PinnedUser)
    /// Other CURVE keys are admitted now, or other nodes are members.
    case members
    /// Events may be judged otherwise now: judge again what was withheld, and what was applied.
    case standing
    /// Records were not kept: the set is full.
    case dropped(count: Int)
}

/// What has become of a record in the fold.
public enum RecordStanding: Hashable, Sendable {
    /// It was never seen, or was dropped.
    case unknown
    /// Nobody known signed it: kept in memory until its signer is known.
    case waiting
    /// It is kept and exchanged, but something overrides it, or its signer had no right to it.
    case ineffective
    /// It counts.
    case effective
}
