// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// What a door answered.
public enum ProbeAnswer: Hashable, Sendable {
    /// A node, whose signature holds.
    case hello(HelloFacts)
    /// Nobody answered in time.
    case unreachable(String)
    /// Something answered that is not this installation's door; 421: its host name is unknown there.
    case refused(status: Int, String)
}

/// What can happen to the roster.
public enum RosterInput: Hashable, Sendable {
    /// The instant named by `nextDeadline` has come; fed once at start as well.
    case deadline
    /// Completion of `probe`.
    case answered(NodeAddress, ProbeAnswer)
    /// The list of URLs was read anew.
    case listed([NodeAddress])
    /// This node belongs to another cluster now, or to none.
    case joined(ClusterID?)
    /// The members changed.
    case members([Member])
    /// The link to a peer is up or down.
    case link(NodeID, isUp: Bool)
}

/// What the roster asks of its shells.
public enum RosterEffect: Hashable, Sendable {
    /// Ask that door who is there; completed by `answered`.
    case probe(NodeAddress)
    /// These are all the links there should be; those that changed are made anew.
    case setLinks([PeerLink])
    /// What is wrong with the list changed.
    case problems([RosterProblem])
    /// A process with this node's identity runs elsewhere.
    case cloneHeard(InstanceID, NodeAddress)
}

/// Which listed URL is which node, what is wrong with the list, and which links follow from it.
public struct Roster: Sendable {
    public init(
        addresses: [NodeAddress], own: NodeID, instance: InstanceID, cluster: ClusterID?,
        members: [Member], seed: UInt64
    ) {}
    public mutating func handle(_ input: RosterInput, at now: Instant) -> [RosterEffect] { [] }
    public private(set) var nextDeadline: Instant?
    public var problems: [RosterProblem] { [] }
}

/// Something that is wrong with the list of URLs, or with what answers there.
public enum RosterProblem: Hashable, Sendable {
    case placeholder
}
