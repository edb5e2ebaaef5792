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
    /// The host's name.
    public var hostname: String?
    /// The root of the installation.
    public var path: String?
    /// The node's short ID, or `not logged in`.
    public var node: String?
    /// Who it is logged in as.
    public var user: UserDocument?
    /// Members as this server sees them.
    public var members: MembersDocument?
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

    /// Makes the document from its fields.
    public init(
        url: String?, error: String? = nil, hostname: String? = nil, path: String? = nil,
        node: String? = nil, user: UserDocument? = nil, members: MembersDocument? = nil,
        events: EventsStatusDocument? = nil, clockSkewMilliseconds: Int64? = nil,
        isReady: Bool? = nil, warnings: [String] = []
    ) {
        self.url = url
        self.error = error
        self.hostname = hostname
        self.path = path
        self.node = node
        self.user = user
        self.members = members
        self.events = events
        self.clockSkewMilliseconds = clockSkewMilliseconds
        self.isReady = isReady
        self.warnings = warnings
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
    /// `self`, `alive`, `suspect`, `dead`, `not logged in` or `not in the list`.
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
