// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel

extension Roster {
    /// Everything that is wrong with the list, in its order; what concerns the whole list first.
    func findProblems() -> [RosterProblem] {
        selfProblems() + duplicateProblems() + entries.compactMap(problem)
    }

    private func selfProblems() -> [RosterProblem] {
        let found = entries.filter(isSelf).map(\.address.url)
        let clones = entries.filter { $0.facts?.node == own && !isSelf($0) }.map(\.address.url)
        var problems = clones.map { RosterProblem.clone([$0]) }
        if found.count > 1 { problems.insert(.selfTwice(found), at: 0) }
        let isComplete = entries.allSatisfy { $0.answer != nil }
        if found.isEmpty, clones.isEmpty, isComplete, !entries.isEmpty {
            let silent = entries.filter { entry in
                if case .unreachable = entry.answer { entry.facts == nil } else { false }
            }
            problems.append(
                .selfMissing(entries.map(\.address.url), silent: silent.map(\.address.url)))
        }
        return problems
    }

    /// Other nodes that answer at several URLs.
    private func duplicateProblems() -> [RosterProblem] {
        var seen: Set<NodeID> = [own]
        let answering = entries.filter(\.isAnswering)
        return answering.compactMap { entry in
            guard let node = entry.facts?.node, seen.insert(node).inserted else { return nil }
            let same = answering.filter { $0.facts?.node == node }
            guard same.count > 1 else { return nil }
            let urls = same.map(\.address.url)
            let instances = Set(same.compactMap(\.facts?.instance))
            return instances.count == 1 ? .sameNode(urls, node) : .clonedPeer(urls, node)
        }
    }

    private func problem(of entry: Entry) -> RosterProblem? {
        let url = entry.address.url
        switch entry.answer {
        case nil: return nil
        case .unreachable(let reason): return .unreachable(url, reason)
        case .refused(let status, let detail):
            return .refused(url, status: status, detail)
        case .hello(let facts):
            guard facts.node != own else { return nil }
            guard let theirs = facts.cluster else { return .notLoggedIn(url) }
            guard let cluster else { return nil }
            guard theirs == cluster else { return .wrongCluster(url, theirs) }
            guard let keys = memberKeys[facts.node] else {
                return facts.grant == nil ? .notLoggedIn(url) : .notMember(url, facts.node)
            }
            return keys.contains(facts.curveKey) ? nil : .wrongKey(url, facts.node)
        }
    }
}
