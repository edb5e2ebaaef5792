// SPDX-License-Identifier: Apache-2.0

/// What `status` shows: this server, then every other server of the list, in its order.
public struct StatusDocument: Codable, Sendable, Hashable {
    /// This server, first.
    public var own: ServerDocument
    /// The others.
    public var servers: [ServerDocument]
    /// What is wrong with the list itself, in sentences.
    public var problems: [String]

    /// Makes the document from its fields.
    public init(own: ServerDocument, servers: [ServerDocument], problems: [String]) {
        self.own = own
        self.servers = servers
        self.problems = problems
    }
}

/// One server, as the process at its URL describes itself.
public struct ServerDocument: Codable, Sendable, Hashable {
    /// Its URL as the list has it; for the own server this is the cluster URL.
    public var url: String?
    /// What happened where it did not answer; then the rest is absent.
    public var error: String?
    /// The kind of the error, such as `silent`, `not-logged-in` or `wrong-cluster`.
    public var errorCode: String?
    /// The host's name.
    public var hostname: String?
    /// The root of the installation.
    public var path: String?
    /// The program's version.
    public var version: String?
    /// The site's database; absent where none is configured.
    public var database: DatabaseDocument?
    /// Whether updates are locked.
    public var isLocked: Bool?
    /// Who locked them.
    public var lock: LockDocument?
    /// The node's short ID, or `not logged in`.
    public var node: String?
    /// Who it is logged in as.
    public var user: UserDocument?
    /// Members as this server sees them.
    public var members: MembersDocument?
    /// What is wrong with its users file, in sentences.
    public var userProblems: [String]?
    /// The caches it clears, as far as it has met them.
    public var caches: [CacheDocument]?
    /// Its log.
    public var events: EventsStatusDocument?
    /// How far its clock is ahead of the asking server's; negative where it is behind.
    ///
    /// Unit: milliseconds.
    public var clockSkewMilliseconds: Int64?
    /// Whether it is caught up and fit to serve.
    public var isReady: Bool?
    /// What keeps it from being ready, and everything else worth a warning, in sentences.
    public var warnings: [String]
    /// The repositories of the installation, the root first.
    public var repositories: [RepositoryDocument]?
    /// Why repositories are missing.
    public var repositoriesProblem: String?
    /// What would make that server equal to the asking one; absent for the own server.
    public var plan: PlanDocument?

    /// What stands for the node where nobody is logged in.
    public static let notLoggedIn = "not logged in"
    /// The kind of error of a server that did not answer.
    public static let silent = "silent"

    /// A document of which everything but these is absent; set what there is to say.
    public init(url: String?, warnings: [String] = []) {
        self.url = url
        self.warnings = warnings
    }

    /// A server that has no more to say than what is wrong with it.
    public init(url: String?, error: String, code: String) {
        self.init(url: url)
        self.error = error
        errorCode = code
    }
}

/// The members of the cluster as one node sees them.
public struct MembersDocument: Codable, Sendable, Hashable {
    /// The members, in the order of the list, those outside it last.
    public var members: [MemberDocument]
    /// Makes the document from its fields.
    public init(members: [MemberDocument]) { self.members = members }
}

/// One member of the cluster.
public struct MemberDocument: Codable, Sendable, Hashable {
    /// The full node ID; absent where the URL's node is not logged in.
    public var node: String?
    /// Its URL; absent where the list does not name it.
    public var url: String?
    /// `self`, `alive`, `suspect`, `dead`, `never heard` or `not logged in`.
    public var state: String
    /// Who it is logged in as.
    public var user: String?
    /// The time since it was last heard.
    ///
    /// Unit: milliseconds.
    public var silentMilliseconds: UInt64?

    /// Makes the document from its fields.
    public init(
        node: String?, url: String?, state: String, user: String?, silentMilliseconds: UInt64?
    ) {
        self.node = node
        self.url = url
        self.state = state
        self.user = user
        self.silentMilliseconds = silentMilliseconds
    }
}

/// A node's log in figures.
public struct EventsStatusDocument: Codable, Sendable, Hashable {
    /// Events of all origins on disk.
    public var stored: Int
    /// Events known to exist that are not here yet.
    public var missing: Int
    /// Events here that have not been applied yet.
    public var waiting: Int
    /// Events that were parked.
    public var parked: Int
    /// Events of users that this node does not allow.
    public var withheld: Int
    /// What was refused from outside, by reason, as counted since the start.
    public var refused: [String: UInt64]

    /// Makes the document from its fields.
    public init(
        stored: Int, missing: Int, waiting: Int, parked: Int, withheld: Int,
        refused: [String: UInt64]
    ) {
        self.stored = stored
        self.missing = missing
        self.waiting = waiting
        self.parked = parked
        self.withheld = withheld
        self.refused = refused
    }
}
