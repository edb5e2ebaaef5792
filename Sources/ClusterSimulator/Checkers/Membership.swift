// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// Members are the nodes with a grant that nobody has ended, whatever the list of URLs says; the
/// list says which of them are linked, and what is wrong with it is told at once.
final class Membership: Checker {
    /// What a process was told.
    private struct Knowledge {
        var records: [Digest: AuthorityRecord] = [:]
        var list: [NodeAddress] = []
        /// What each listed URL answered last.
        var answers: [NodeAddress: ProbeAnswer] = [:]
        /// Whether the core was told that this node runs elsewhere.
        var hasHeardClone = false
    }

    private unowned let simulation: Simulation
    private var knowledge: [InstanceID: Knowledge] = [:]

    init(_ simulation: Simulation) { self.simulation = simulation }

    func started(_ process: NodeProcess) {
        var fresh = Knowledge()
        for record in process.host.disk.image.recordList {
            fresh.records[record.hash] = record.record
        }
        fresh.list = process.host.list
        knowledge[process.instance] = fresh
        checkMembers(of: process)
    }

    func ended(_ process: NodeProcess) { knowledge[process.instance] = nil }

    func input(_ input: Input, to process: NodeProcess) {
        guard case .authority(.recordsReceived(let records)) = input else { return }
        for record in records {
            knowledge[process.instance]?.records[record.hash] = record.record
        }
    }

    func effect(_ effect: Effect, of process: NodeProcess) {
        if case .authority(.members) = effect { checkMembers(of: process) }
    }

    func rosterInput(_ input: RosterInput, to process: NodeProcess) {
        switch input {
        case .answered(let address, let answer):
            guard knowledge[process.instance]?.list.contains(address) == true else { return }
            knowledge[process.instance]?.answers[address] = answer
        case .listed(let list):
            let kept = knowledge[process.instance]?.answers.filter { list.contains($0.key) }
            knowledge[process.instance]?.list = list
            knowledge[process.instance]?.answers = kept ?? [:]
        case .deadline, .joined, .members, .link: return
        }
    }

    func rosterEffect(_ effect: RosterEffect, of process: NodeProcess) {
        guard case .cloneHeard = effect else { return }
        knowledge[process.instance]?.hasHeardClone = true
    }

    func rosterSettled(_ process: NodeProcess) {
        guard let known = knowledge[process.instance] else { return }
        checkLinks(of: process, known)
        checkProblems(of: process, known)
    }

    /// The nodes that a process must take for members: those with a grant, but for the ended ones.
    func members(of process: NodeProcess) -> Set<NodeID> {
        var granted: Set<NodeID> = []
        var ended: Set<NodeID> = []
        for record in (knowledge[process.instance]?.records ?? [:]).values {
            switch record {
            case .grant(let grant): granted.insert(grant.node)
            case .revocation(let revocation):
                if case .node(let node) = revocation.subject { ended.insert(node) }
            case .account, .void, .client: continue
            }
        }
        return granted.subtracting(ended)
    }

    /// What stays valid of a node by each removal of it that a process was told of.
    func endings(of node: NodeID, toldTo process: NodeProcess) -> [[EpochHead]] {
        (knowledge[process.instance]?.records ?? [:]).values.compactMap { record in
            guard case .revocation(let revocation) = record, revocation.subject == .node(node)
            else { return nil }
            return revocation.covers
        }
    }

    private func checkMembers(of process: NodeProcess) {
        let expected = members(of: process)
        let found = Set(process.authority.members.map(\.node))
        guard expected != found else { return }
        let difference = expected.symmetricDifference(found).sorted().map(\.short)
        fail("wrong about the membership of \(difference.joined(separator: " "))", process)
    }

    /// Every member that answers at a listed URL is linked; nobody else is, and it not itself.
    private func checkLinks(of process: NodeProcess, _ known: Knowledge) {
        let members = members(of: process)
        let linked = Set(process.links.map(\.node))
        if let stranger = linked.subtracting(members).min() {
            return fail("linked to \(stranger.short), which is no member", process)
        }
        if linked.contains(process.host.node) { return fail("linked to itself", process) }
        for address in known.list {
            guard case .hello(let facts) = known.answers[address],
                facts.node != process.host.node, facts.cluster == simulation.seals.cluster,
                members.contains(facts.node), !linked.contains(facts.node)
            else { continue }
            return fail("not linked to the member \(facts.node.short), which answers", process)
        }
    }

    /// What is wrong with the own URL is told at once.
    private func checkProblems(of process: NodeProcess, _ known: Knowledge) {
        let problems = process.roster.roster.problems
        var mine: [String] = []
        for address in known.list {
            guard case .hello(let facts) = known.answers[address],
                facts.node == process.host.node
            else { continue }
            if facts.instance == process.instance {
                mine.append(address.url)
            } else if !known.hasHeardClone {
                return fail("its clone at \(address.url) is not told of", process)
            }
        }
        let told = problems.first { $0.code == .selfTwice }?.urls ?? []
        guard mine.count < 2 || Set(told).isSuperset(of: mine) else {
            return fail("listed twice, as \(mine), and says nothing", process)
        }
        let saysMissing = problems.contains { $0.code == .selfMissing }
        if saysMissing, !mine.isEmpty { return fail("says that \(mine) is not itself", process) }
        let isKnown = known.list.allSatisfy { address in
            switch known.answers[address] {
            case .hello(let facts): facts.node != process.host.node
            case .refused: true
            case .unreachable, nil: false
            }
        }
        if isKnown, !known.list.isEmpty, !saysMissing {
            fail("none of its URLs is itself, and it says nothing", process)
        }
    }

    private func fail(_ text: String, _ process: NodeProcess) {
        simulation.fail(.correctness, "roster", "host \(process.host.number): \(text)")
    }
}

extension Simulation {
    /// What the roster of a process does not know yet, where all lists are right.
    func strangeness(to process: NodeProcess) -> String? {
        let host = process.host
        let roster = process.roster.roster
        if let problem = roster.problems.first { return "host \(host.number): \(problem)" }
        guard roster.ownURL == Directory.address(host.name).url else {
            return "host \(host.number) has not found itself"
        }
        let others = Set(members.map(\.node)).subtracting([host.node])
        guard Set(process.authority.members.map(\.node)).subtracting([host.node]) == others,
            roster.unlisted.isEmpty
        else { return "host \(host.number) does not see all members" }
        for other in members where other !== host {
            guard roster.url(of: other.node) == Directory.address(other.name).url else {
                return "host \(host.number) does not know the URL of host \(other.number)"
            }
        }
        return nil
    }
}
