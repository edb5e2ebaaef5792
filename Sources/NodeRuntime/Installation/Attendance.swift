// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
internal import ClusterModel

/// Who should answer, and by which names people know them.
///
/// A member whose door never answered has no URL of its own, and a listed URL that never answered
/// has no member: they may be the same server. Law: no server is named twice, and none that stayed
/// silent is left out.
struct Attendance: Sendable {
    /// The other members of the cluster, in order.
    var members: [NodeID]
    /// The URLs of those whose doors have answered.
    var urls: [NodeID: String]
    /// The listed URLs behind which a server answered that is no member.
    var strangers: [String]
    /// The listed URLs that never answered.
    var unanswered: [String]
    /// The listed URLs behind which a server answered that nobody is logged in on.
    var loggedOut: [String] = []

    /// The names of those that are missing where these members are silent: URLs, or short IDs.
    ///
    /// Listed servers that nobody is logged in on are always missing: silence is failure.
    func absent(silent: Set<NodeID>) -> [String] {
        let nameless = members.filter { urls[$0] == nil }
        let silentNameless = nameless.filter(silent.contains)
        var names = members.compactMap { silent.contains($0) ? urls[$0] : nil } + strangers
        // Members that did answer are behind the URLs that did not, as far as there are enough.
        if !silentNameless.isEmpty || nameless.count < unanswered.count { names += unanswered }
        if silentNameless.count > unanswered.count { names += silentNameless.map(\.short) }
        return names
    }

    /// Of the names of those that are missing, the servers that nobody is logged in on.
    ///
    /// Where every member is behind a URL of its own, nobody is behind a URL that never answered.
    func notLoggedIn(of names: [String]) -> [String] {
        let isEachKnown = members.allSatisfy { urls[$0] != nil }
        return names.filter { name in
            (strangers.contains(name) && loggedOut.contains(name))
                || (isEachKnown && unanswered.contains(name))
        }
    }
}

extension NodeSnapshot {
    /// The nodes in the order of the list of URLs; those behind none of them last, by ID.
    func inListOrder(_ nodes: some Sequence<NodeID>, own: NodeID) -> [NodeID] {
        var places: [NodeID: Int] = [:]
        for (place, entry) in listed.enumerated() {
            guard let node = entry.isSelf ? own : entry.facts?.node else { continue }
            if places[node] == nil { places[node] = place }
        }
        let last = listed.count
        return nodes.sorted { (places[$0] ?? last, $0) < (places[$1] ?? last, $1) }
    }

    /// Who should answer besides this node.
    func attendance(own: NodeID) -> Attendance {
        let others = listed.filter { !$0.isSelf }
        var urls: [NodeID: String] = [:]
        for entry in others {
            if let node = entry.facts?.node, urls[node] == nil { urls[node] = entry.address.url }
        }
        return Attendance(
            members: authority.members.map(\.node).filter { $0 != own }, urls: urls,
            strangers: others.filter { $0.facts.map { !authority.isMember($0.node) } ?? false }
                .map(\.address.url),
            unanswered: others.filter { $0.facts == nil }.map(\.address.url),
            loggedOut: problems.filter { $0.code == .notLoggedIn }.flatMap(\.urls))
    }
}
