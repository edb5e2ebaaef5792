// SPDX-License-Identifier: Apache-2.0

/// What the site's database answered.
public struct DatabaseDocument: Codable, Sendable, Hashable {
    /// The version of its server.
    public var version: String?
    /// How much the site's database holds.
    ///
    /// Unit: bytes.
    public var sizeBytes: UInt64?
    /// Why one of them is absent.
    public var problem: String?

    /// Makes the document from its fields.
    public init(version: String?, sizeBytes: UInt64?, problem: String? = nil) {
        self.version = version
        self.sizeBytes = sizeBytes
        self.problem = problem
    }
}

/// Who keeps others from updating.
public struct LockDocument: Codable, Sendable, Hashable {
    /// The user's name.
    public var holder: String
    /// Unit: milliseconds since 1970.
    public var since: UInt64
    /// What he gave as the reason; empty where he gave none.
    public var reason: String
    /// When it ends by itself.
    ///
    /// Unit: milliseconds since 1970.
    public var expires: UInt64

    /// Makes the document from its fields.
    public init(holder: String, since: UInt64, reason: String, expires: UInt64) {
        self.holder = holder
        self.since = since
        self.reason = reason
        self.expires = expires
    }
}

/// A cache that a server clears.
public struct CacheDocument: Codable, Sendable, Hashable {
    /// Which, as receipts name it.
    public var target: String
    /// Why it could not be cleared the last time; absent where it could.
    public var problem: String?

    /// Makes the document from its fields.
    public init(target: String, problem: String?) {
        self.target = target
        self.problem = problem
    }
}

/// One git repository of an installation.
public struct RepositoryDocument: Codable, Sendable, Hashable {
    /// Its path in the installation; `.` is the root.
    public var path: String
    /// HEAD as people read it; empty where there is no commit.
    public var head: String
    /// The full commit of HEAD.
    public var commit: String?
    /// The refs that point at it.
    public var names: [String]
    /// Whether HEAD names a commit instead of a branch.
    public var isDetached: Bool
    /// Whether tracked files differ from the commit.
    public var isModified: Bool
    /// When the last update brought it to this commit.
    ///
    /// Unit: milliseconds since 1970.
    public var updatedOn: UInt64?
    /// Who performed that update.
    public var updatedBy: String?
    /// Where it came from, without credentials.
    public var origin: String?
    /// What is wrong with it.
    public var problem: String?

    /// A repository of which everything else is absent or not so.
    public init(path: String, head: String, commit: String?) {
        self.path = path
        self.head = head
        self.commit = commit
        names = []
        isDetached = false
        isModified = false
    }
}

/// What would make another server equal to this one.
public struct PlanDocument: Codable, Sendable, Hashable {
    /// One step a repository.
    public var steps: [PlanStepDocument]
    /// Why this server is behind that one, in sentences; empty where it is not known to be.
    public var behind: [String]

    /// Makes the document from its fields.
    public init(steps: [PlanStepDocument], behind: [String]) {
        self.steps = steps
        self.behind = behind
    }
}

/// What would be done with one repository.
public struct PlanStepDocument: Codable, Sendable, Hashable {
    /// `ok`, `clone`, `checkout`, `extra` or `skip`.
    public var action: String
    /// The repository's path.
    public var path: String
    /// The commit that is there now: of `checkout`.
    public var from: String?
    /// The commit that shall be there: of `clone` and `checkout`.
    public var to: String?
    /// Why nothing can be done: of `skip`.
    public var reason: String?

    /// Makes the document from its fields.
    public init(
        action: String, path: String, from: String? = nil, to: String? = nil,
        reason: String? = nil
    ) {
        self.action = action
        self.path = path
        self.from = from
        self.to = to
        self.reason = reason
    }
}
