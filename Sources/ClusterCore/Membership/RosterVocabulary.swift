// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

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
    /// The link to a peer went up or down.
    case link(NodeID, isUp: Bool)
}

/// What the roster asks of its shells.
public enum RosterEffect: Hashable, Sendable {
    /// Ask that door who is there; completed by `answered`.
    case probe(NodeAddress)
    /// These are all the links there should be, in the order of the nodes; what is missing goes,
    /// and what differs is made anew.
    case setLinks([PeerLink])
    /// These are all the problems now, where they differ from those before.
    case problems([RosterProblem])
    /// A process with this node's identity runs elsewhere: nothing may be signed any more.
    case cloneHeard(InstanceID)
}

/// What is known of one listed URL.
public struct ListedNode: Hashable, Sendable {
    /// The entry of the list.
    public let address: NodeAddress
    /// Its last answer; `nil` where it has not answered yet.
    public let answer: ProbeAnswer?
    /// What it last said of itself, even if it is silent now.
    public let facts: HelloFacts?
    /// Whether it is this process.
    public let isSelf: Bool
    /// Whether a link to it is up.
    public let isLinked: Bool
}
