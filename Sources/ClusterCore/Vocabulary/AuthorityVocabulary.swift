// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

// Until the folder Authority/ has the fold: the least that the Replicator needs to know of it.

/// What one member may do, as this node sees it: decides about each event before it is applied.
public enum AuthorityInput: Hashable, Sendable {
    /// Records came, from a peer or a local door; their signatures hold.
    case recordsReceived([VerifiedRecord], from: NodeID?)
}

/// What the containment of authority asks of its shells.
public enum AuthorityEffect: Hashable, Sendable {
    /// Make records durable.
    case storeRecords([VerifiedRecord])
}
