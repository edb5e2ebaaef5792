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
    /// What this version does not define, such as repositories and databases.
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
    /// In its log.
    public var logged: UInt64
    /// Applied, or superseded.
    public var applied: UInt64
    /// Waiting for authority, time or an earlier event.
    public var held: UInt64
    /// Failed, parked or refused.
    public var failed: UInt64

    /// Counts, all of them 0 unless stated.
    public init(
        logged: UInt64 = 0, applied: UInt64 = 0, held: UInt64 = 0, failed: UInt64 = 0
    ) {
        self.logged = logged
        self.applied = applied
        self.held = held
        self.failed = failed
    }
}

/// Something in a status report that this layer does not look into.
public struct StatusExtension: Hashable, Sendable {
    /// Its name, such as `repositories`.
    public let name: String
    /// Its bytes.
    public let value: [UInt8]

    /// Joins name and bytes.
    public init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}
