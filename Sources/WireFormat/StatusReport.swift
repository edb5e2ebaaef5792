// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// What a node says of itself and of the others, for people.
public struct StatusReport: Hashable, Sendable {
    /// Who says it.
    public var node: NodeID
    /// Its own URL.
    public var url: String
    /// The name of its host.
    public var hostName: String
    /// The root of the installation.
    public var path: String
    /// The program's version.
    public var version: String
    /// Who it is logged in as; empty where it is not.
    public var userName: String
    /// As people call him.
    public var fullName: String
    /// His address.
    public var email: String
    /// The node's wall clock.
    public var wall: WallTime
    /// Whether it is caught up and serves.
    public var isReady: Bool
    /// What it says of the other nodes.
    public var members: [MemberReport]
    /// Counts of its events.
    public var events: EventCounts
    /// What it refused from outside since its start, by reason.
    public var refused: [RefusalCount]
    /// What keeps it from being ready, and everything else worth a warning, in sentences.
    public var warnings: [String]
    /// What is wrong with its users file, in sentences.
    public var userProblems: [String]
    /// The caches it clears, as far as it has met them.
    public var caches: [CacheReport]
    /// The site's database; `nil` where none is configured.
    public var database: DatabaseState?
    /// Who keeps others from updating; `nil` where nobody does.
    public var lock: LockState?
    /// The site's repositories, in the order of their paths.
    public var repositories: [RepositoryState]
    /// Why repositories are missing; `nil` where none are.
    public var repositoriesProblem: String?
    /// What this version does not define.
    public var extensions: [StatusExtension]

    /// A report of a node with everything else empty; set what there is to say.
    public init(node: NodeID, wall: WallTime) {
        self.node = node
        self.wall = wall
        url = ""
        hostName = ""
        path = ""
        version = ""
        userName = ""
        fullName = ""
        email = ""
        isReady = false
        members = []
        events = EventCounts()
        refused = []
        warnings = []
        userProblems = []
        caches = []
        repositories = []
        extensions = []
    }
}

/// What a node says of another one.
public struct MemberReport: Hashable, Sendable {
    /// Whether it answers.
    public enum State: UInt8, CaseIterable, Sendable {
        /// It does.
        case alive = 1
        /// It has been silent for a while.
        case suspect = 2
        /// It has been silent for long.
        case dead = 3
        /// It answers at its door, and belongs to no cluster.
        case notLoggedIn = 4
    }

    /// Its ID; `nil` where it has never been heard.
    public var node: NodeID?
    /// Its URL.
    public var url: String
    /// Whether it answers.
    public var state: State
    /// Its clock minus the reporter's.
    ///
    /// Unit: milliseconds.
    public var skewMilliseconds: Int64
    /// Events that the reporter holds and the member has not got.
    public var lag: UInt64

    /// Makes a report from its fields.
    public init(
        node: NodeID?, url: String, state: State, skewMilliseconds: Int64 = 0, lag: UInt64 = 0
    ) {
        self.node = node
        self.url = url
        self.state = state
        self.skewMilliseconds = skewMilliseconds
        self.lag = lag
    }
}

/// How many events a node holds, and in what state they are.
public struct EventCounts: Hashable, Sendable {
    /// On its disk.
    public var stored: UInt64
    /// Applied, or superseded.
    public var applied: UInt64
    /// Known to exist, and not on its disk yet.
    public var missing: UInt64
    /// On its disk, and not applied yet.
    public var waiting: UInt64
    /// Parked: not tried again unless somebody asks.
    public var parked: UInt64
    /// Of users whom it does not allow.
    public var withheld: UInt64

    /// Counts, all of them 0 unless stated.
    public init(
        stored: UInt64 = 0, applied: UInt64 = 0, missing: UInt64 = 0, waiting: UInt64 = 0,
        parked: UInt64 = 0, withheld: UInt64 = 0
    ) {
        self.stored = stored
        self.applied = applied
        self.missing = missing
        self.waiting = waiting
        self.parked = parked
        self.withheld = withheld
    }
}

/// How often a node refused something from outside.
public struct RefusalCount: Hashable, Sendable {
    /// Why, as its counters name it.
    public let reason: String
    /// How often since its start.
    public let count: UInt64

    /// Joins reason and count.
    public init(reason: String, count: UInt64) {
        self.reason = reason
        self.count = count
    }
}

/// A cache that a node clears.
public struct CacheReport: Hashable, Sendable {
    /// Which, as receipts name it.
    public let target: String
    /// Why it could not be cleared the last time; `nil` where it could.
    public let problem: String?

    /// Joins target and problem.
    public init(target: String, problem: String?) {
        self.target = target
        self.problem = problem
    }
}

/// Something in a status report that this layer does not look into.
public struct StatusExtension: Hashable, Sendable {
    /// Its name.
    public let name: String
    /// Its bytes.
    public let value: [UInt8]

    /// Joins name and bytes.
    public init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}
