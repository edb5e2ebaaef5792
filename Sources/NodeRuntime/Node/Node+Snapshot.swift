// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import Logging
internal import WireFormat

/// What a node shows of itself at one moment.
struct NodeSnapshot: Sendable {
    let core: CoreStatus
    let authority: Authority
    let heads: [EpochHead]
    let listed: [ListedNode]
    let problems: [RosterProblem]
    let ownURL: String?
    let moment: Moment

    /// The URL of a node, or its short ID where the list does not name it.
    func name(of node: NodeID, own: NodeID) -> String {
        if node == own, let ownURL { return ownURL }
        return listed.first { $0.facts?.node == node }?.address.url ?? node.short
    }

    /// The name of the user whose grant that is, where it is known.
    func user(of grant: Digest) -> String? {
        authority.grants(at: moment.wall).first { $0.hash == grant }?.user
    }
}

extension Node {
    /// What there is to show now.
    func snapshot() -> NodeSnapshot {
        NodeSnapshot(
            core: core.status, authority: core.currentAuthority, heads: core.heads,
            listed: roster.listed, problems: roster.problems, ownURL: roster.ownURL,
            moment: ports.clock.now())
    }

    /// What came of an event, member by member.
    func outcomes(of id: EventID) -> [(node: NodeID, outcome: ApplyOutcome?)] {
        core.outcomes(of: id)
    }

    /// Has the observer called with everything new until it is removed.
    func addObserver(_ observer: @escaping @Sendable (NodeNews) -> Void) -> UInt64 {
        defer { nextObserver += 1 }
        observers[nextObserver] = observer
        return nextObserver
    }

    /// Ends an observation.
    func removeObserver(_ number: UInt64) { observers[number] = nil }
}
