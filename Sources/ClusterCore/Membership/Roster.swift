// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// Which listed URL is which node, what is wrong with the list, and which links follow from it.
///
/// Asks every door who is there: all at once at start, then those without a link every one to five
/// seconds and the others every thirty, because a machine may be cloned or replaced at any time.
/// Links go to members only. Laws: the position in the list decides nothing but the order in which
/// people see the URLs; a node that is silent keeps its link, which heals by itself.
public struct Roster: Sendable {
    /// The first and the longest wait before a door without a link is asked again.
    public static let backoff = Backoff(first: .seconds(1), longest: .seconds(5))
    /// How often a door with a link is asked.
    public static let settledInterval: Duration = .seconds(30)
    /// How long an answer may take before the door counts as silent.
    public static let patience: Duration = .seconds(10)

    /// One URL and how far the questions to it have come.
    struct Entry: Sendable {
        let address: NodeAddress
        var answer: ProbeAnswer?
        var facts: HelloFacts?
        var attempts = 0
        var askedAt: Instant?
        var due: Instant

        /// Whether the last question was answered by a node.
        var isAnswering: Bool {
            if case .hello = answer { true } else { false }
        }
        /// When something must happen for this URL.
        var deadline: Instant { askedAt.map { $0 + Roster.patience } ?? due }
    }

    let own: NodeID
    let instance: InstanceID
    private(set) var cluster: ClusterID?
    private(set) var entries: [Entry]
    /// The CURVE keys of the members: a door's answer, signed by the node, says which one is its.
    private(set) var memberKeys: [NodeID: Set<CurveKey>]
    private(set) var members: [Member]
    private(set) var linked: Set<NodeID> = []
    private var jitter: Jitter
    private var links: [PeerLink] = []
    private var heardClone: InstanceID?
    /// What is wrong with the list now, in the order of the list.
    public private(set) var problems: [RosterProblem] = []

    /// A roster that knows nobody yet; feed `deadline` at once.
    ///
    /// - Parameters:
    ///   - addresses: The list, with the own URL or without it.
    ///   - own: This node.
    ///   - instance: This run of it.
    ///   - cluster: Its cluster; `nil` before the first login, when nobody is linked.
    ///   - members: The nodes that live grants vouch for.
    ///   - seed: Random; all jitter comes from it.
    public init(
        addresses: [NodeAddress], own: NodeID, instance: InstanceID, cluster: ClusterID?,
        members: [Member], seed: UInt64
    ) {
        self.own = own
        self.instance = instance
        self.cluster = cluster
        self.members = members
        memberKeys = Self.keys(members)
        jitter = Jitter(seed: seed)
        entries = []
        list(addresses, at: Instant(nanoseconds: 0))
    }

    /// How many other nodes a list may name: all but one URL, which is the own one.
    public static func peerCount(of addresses: [NodeAddress]) -> Int {
        max(0, Set(addresses).count - 1)
    }

    /// Feeds one input and returns what the shells must now do, in order.
    public mutating func handle(_ input: RosterInput, at now: Instant) -> [RosterEffect] {
        switch input {
        case .deadline: break
        case .answered(let address, let answer): take(answer, from: address, at: now)
        case .listed(let addresses): list(addresses, at: now)
        case .joined(let cluster): self.cluster = cluster
        case .members(let members):
            self.members = members
            memberKeys = Self.keys(members)
        case .link(let node, let isUp): setLink(node, isUp: isUp, at: now)
        }
        giveUp(at: now)
        return cloneEffects() + linkEffects(at: now) + problemEffects() + probes(at: now)
    }

    /// When `RosterInput.deadline` must next be fed; `nil` where the list is empty.
    public var nextDeadline: Instant? { entries.map(\.deadline).min() }

    /// What is known of each URL, in the order of the list.
    public var listed: [ListedNode] {
        entries.map { entry in
            ListedNode(
                address: entry.address, answer: entry.answer, facts: entry.facts,
                isSelf: isSelf(entry),
                isLinked: entry.facts.map { linked.contains($0.node) } ?? false)
        }
    }

    /// This node's own URL, once it has found itself; of several the one with the lowest text.
    public var ownURL: String? { entries.filter { isSelf($0) }.map(\.address.url).min() }

    /// The URL of a node, once one has answered for it; of several the one with the lowest text.
    public func url(of node: NodeID) -> String? {
        if node == own { return ownURL }
        return entries.filter { $0.facts?.node == node }.map(\.address.url).min()
    }

    /// The members for whom no listed URL has answered; not this node.
    ///
    /// While a URL is silent since the start, one of these may be the node behind it.
    public var unlisted: [Member] {
        members.filter { $0.node != own && url(of: $0.node) == nil }
    }

    /// The listed URLs whose nodes nobody vouches for, in the order of the list.
    public var notLoggedIn: [String] {
        problems.filter { $0.code == .notLoggedIn || $0.code == .notMember }.flatMap(\.urls)
    }

    /// Whether the URL has been answered by this very process.
    func isSelf(_ entry: Entry) -> Bool {
        entry.facts.map { $0.node == own && $0.instance == instance } ?? false
    }

    private static func keys(_ members: [Member]) -> [NodeID: Set<CurveKey>] {
        Dictionary(members.map { ($0.node, $0.curveKeys) }, uniquingKeysWith: { $0.union($1) })
    }

    /// Takes a list; what is known of URLs that stay is kept, and every door is asked anew.
    ///
    /// Whoever changes a list wants to be told at once whether it is right.
    private mutating func list(_ addresses: [NodeAddress], at now: Instant) {
        var seen: Set<NodeAddress> = []
        entries = addresses.filter { seen.insert($0).inserted }.map { address in
            var entry =
                entries.first { $0.address == address } ?? Entry(address: address, due: now)
            entry.due = now
            return entry
        }
    }

    private mutating func take(
        _ answer: ProbeAnswer, from address: NodeAddress, at now: Instant
    ) {
        guard let index = entries.firstIndex(where: { $0.address == address }) else { return }
        entries[index].askedAt = nil
        entries[index].answer = answer
        if case .hello(let facts) = answer { entries[index].facts = facts }
        if case .refused = answer { entries[index].facts = nil }
        entries[index].attempts += 1
        let isSettled = isSettled(entries[index])
        if isSettled { entries[index].attempts = 0 }
        let wait =
            isSettled
            ? Self.settledInterval
            : Self.backoff.wait(afterFailures: entries[index].attempts)
        entries[index].due = now + jitter.around(wait)
    }

    /// Whether nothing is to be expected of asking again soon.
    private func isSettled(_ entry: Entry) -> Bool {
        guard case .hello(let facts) = entry.answer else { return false }
        return isSelf(entry) || linked.contains(facts.node) && facts.cluster == cluster
    }

    private mutating func setLink(_ node: NodeID, isUp: Bool, at now: Instant) {
        if isUp { linked.insert(node) } else { linked.remove(node) }
        for index in entries.indices where entries[index].facts?.node == node {
            entries[index].attempts = 0
            // A link that comes up under an answer that says otherwise: it has returned, ask again.
            let wait = isUp && isSettled(entries[index]) ? Self.settledInterval : .zero
            entries[index].due = now + (isUp ? jitter.around(wait) : Self.backoff.first)
        }
    }

    /// Counts doors as silent that took too long.
    private mutating func giveUp(at now: Instant) {
        for entry in entries {
            guard let askedAt = entry.askedAt, askedAt + Self.patience <= now else { continue }
            take(
                .unreachable("no answer within \(Self.patience.components.seconds) s"),
                from: entry.address, at: now)
        }
    }

    private mutating func probes(at now: Instant) -> [RosterEffect] {
        var effects: [RosterEffect] = []
        for index in entries.indices
        where entries[index].askedAt == nil && entries[index].due <= now {
            entries[index].askedAt = now
            effects.append(.probe(entries[index].address))
        }
        return effects
    }

    private mutating func cloneEffects() -> [RosterEffect] {
        let others = entries.compactMap(\.facts).filter {
            $0.node == own && $0.instance != instance
        }
        guard let clone = others.map(\.instance).min(), clone != heardClone else { return [] }
        heardClone = clone
        return [.cloneHeard(clone)]
    }

    private mutating func linkEffects(at now: Instant) -> [RosterEffect] {
        let wanted = wantedLinks
        guard wanted != links else { return [] }
        // What is made anew at another address is not up before it says so, and may never be:
        // its doors are asked again soon.
        for link in links where !wanted.contains(link) {
            setLink(link.node, isUp: false, at: now)
        }
        links = wanted
        return [.setLinks(wanted)]
    }

    private mutating func problemEffects() -> [RosterEffect] {
        let found = findProblems()
        guard found != problems else { return [] }
        problems = found
        return [.problems(found)]
    }

    /// One link to each member that has answered under its own key.
    ///
    /// A node that moved is linked where it answers now. Of clones the present link stays; else
    /// the lower instance is linked.
    private var wantedLinks: [PeerLink] {
        guard let cluster else { return [] }
        var byNode: [NodeID: [Entry]] = [:]
        for entry in entries {
            guard let facts = entry.facts, facts.node != own, facts.cluster == cluster,
                memberKeys[facts.node]?.contains(facts.curveKey) == true
            else { continue }
            byNode[facts.node, default: []].append(entry)
        }
        return byNode.keys.sorted().compactMap { node in
            let known = byNode[node] ?? []
            let answering = known.filter(\.isAnswering)
            let candidates = (answering.isEmpty ? known : answering).compactMap(\.facts)
                .sorted { ($0.instance, $0.host) < ($1.instance, $1.host) }
                .map(PeerLink.init)
            return links.first { candidates.contains($0) } ?? candidates.first
        }
    }
}

extension PeerLink {
    /// The sockets that a node names in its hello.
    init(_ facts: HelloFacts) {
        self.init(
            node: facts.node, curveKey: facts.curveKey, host: facts.host,
            publishPort: facts.publishPort, requestPort: facts.requestPort)
    }
}
