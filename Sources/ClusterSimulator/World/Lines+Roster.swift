// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

// One line of a transcript for everything that goes into a roster or comes out of it.

extension RosterInput {
    /// What happened, in a line.
    var line: String {
        switch self {
        case .deadline: "roster deadline"
        case .answered(let address, let answer): "\(address.host) answered \(answer.line)"
        case .listed(let addresses): "list " + addresses.map(\.host).joined(separator: " ")
        case .joined(let cluster): "joined \(cluster?.short ?? "nothing")"
        case .members(let members): "members " + members.map(\.node.short).joined(separator: " ")
        case .link(let peer, let isUp): "roster link \(peer.short) \(isUp ? "up" : "down")"
        }
    }
}

extension RosterEffect {
    /// What is to be done, in a line.
    var line: String {
        switch self {
        case .probe(let address): "probe \(address.host)"
        case .setLinks(let links):
            "links " + links.map { "\($0.node.short)@\($0.host)" }.joined(separator: " ")
        case .problems(let problems):
            "problems "
                + problems.map { "\($0.code.rawValue): \($0.urls.joined(separator: " "))" }
                .joined(separator: "; ")
        case .cloneHeard(let other): "clone \(other) heard at a door"
        }
    }
}

extension ProbeAnswer {
    fileprivate var line: String {
        switch self {
        case .hello(let facts): "\(facts.node.short) \(facts.instance) at \(facts.host)"
        case .unreachable(let why): "nothing: \(why)"
        case .refused(let status, let why): "\(status): \(why)"
        }
    }
}
