// SPDX-License-Identifier: Apache-2.0
import ClusterCore
@_spi(Verification) import ClusterModel
import Testing

/// A roster of node web1 and the doors that it asks, with a clock of its own.
struct RosterRig {
    static let instance = InstanceID(high: 1, low: 1)
    var roster: Roster
    var now = Instant(nanoseconds: 0)
    var doors: [String: ProbeAnswer] = [:]
    var links: [PeerLink] = []
    var probed: [String] = []
    var clones: [InstanceID] = []

    init(
        _ urls: [String], members: [String] = ["web1", "web2", "web3"], seed: UInt64 = 1,
        cluster: ClusterID? = Notary.cluster
    ) {
        roster = Roster(
            addresses: urls.map(RosterRig.address), own: Notary.node("web1"),
            instance: Self.instance, cluster: cluster, members: RosterRig.members(members),
            seed: seed)
    }

    static func address(_ url: String) -> NodeAddress {
        NodeAddress(url: url, host: url, port: 5570)
    }

    static func members(_ names: [String]) -> [Member] {
        Notary.authority(
            Notary.first + names.map { Notary.grant($0, by: Notary.root) }
        ).members.filter { member in names.contains { Notary.node($0) == member.node } }
    }

    /// What a node's door says; this node in its own run unless told otherwise.
    static func hello(
        _ name: String, instance: UInt64? = nil, cluster: ClusterID? = Notary.cluster,
        curve: String? = nil, port: UInt16 = 5571
    ) -> ProbeAnswer {
        let run = instance.map { InstanceID(high: $0, low: 9) }
        return .hello(
            HelloFacts(
                cluster: cluster, node: Notary.node(name),
                instance: run ?? (name == "web1" ? Self.instance : InstanceID(high: 7, low: 7)),
                curveKey: Notary.curve(curve ?? name), grant: cluster.map { _ in .none },
                host: "10.0.0.1", publishPort: port + 1, requestPort: port))
    }

    /// Feeds an input and answers every probe that comes of it at once.
    mutating func feed(_ input: RosterInput) {
        var inputs = [input]
        while !inputs.isEmpty {
            for effect in roster.handle(inputs.removeFirst(), at: now) {
                switch effect {
                case .probe(let address):
                    probed.append(address.url)
                    if let answer = doors[address.url] { inputs.append(.answered(address, answer)) }
                case .setLinks(let links): self.links = links
                case .problems: break
                case .cloneHeard(let instance): clones.append(instance)
                }
            }
        }
    }

    /// Lets time pass, deadline by deadline.
    mutating func run(for duration: Duration) {
        let end = now + duration
        while let next = roster.nextDeadline, next <= end {
            now = max(now, next)
            feed(.deadline)
        }
        now = end
    }

    var codes: [String] { roster.problems.map(\.code.rawValue) }
    var messages: [String] { roster.problems.map(\.message) }
    var linkedNodes: [NodeID] { links.map(\.node) }
}

@Suite struct RosterTests {
    private static let web1 = Notary.node("web1")
    private static let web2 = Notary.node("web2")

    private static var healthy: RosterRig {
        var rig = RosterRig(["web1", "web2", "web3"])
        for name in ["web1", "web2", "web3"] { rig.doors[name] = RosterRig.hello(name) }
        return rig
    }

    @Test("All doors are asked at once; the node finds itself and links the others")
    func start() {
        var rig = Self.healthy
        rig.feed(.deadline)
        #expect(rig.probed == ["web1", "web2", "web3"])
        #expect(rig.codes.isEmpty)
        #expect(rig.roster.ownURL == "web1")
        #expect(rig.linkedNodes == [Self.web2, Notary.node("web3")].sorted())
    }

    @Test("The position in the list decides nothing", arguments: 0..<6)
    func order(seed: UInt64) {
        var jitter = Jitter(seed: seed)
        var rig = RosterRig(shuffled(["web1", "web2", "web3", "web9"], &jitter))
        rig.doors = Self.healthy.doors
        rig.doors["web9"] = RosterRig.hello("web2", instance: 5)
        rig.feed(.deadline)
        #expect(rig.roster.ownURL == "web1")
        #expect(rig.linkedNodes == [Self.web2, Notary.node("web3")].sorted())
        #expect(rig.codes == ["cloned-peer"])
    }

    /// What is wrong, what the doors say, and the words that come of it.
    struct Trouble: Sendable, CustomTestStringConvertible {
        let name: String
        let doors: [String: ProbeAnswer]
        let messages: [String]
        var links = 0
        var testDescription: String { name }
    }

    private static let id2 = web2.short

    static let troubles: [Trouble] = [
        Trouble(
            name: "a list without this node",
            doors: ["a": RosterRig.hello("web2"), "b": RosterRig.hello("web3")],
            messages: [
                "none of the listed URLs is this node: a and b; add this server's own URL to "
                    + "\"urls\""
            ], links: 2),
        Trouble(
            name: "a list without this node, as far as can be told",
            doors: ["a": RosterRig.hello("web2"), "b": .unreachable("connection refused")],
            messages: [
                "none of the listed URLs is this node: a and b; b did not answer and may be it; "
                    + "add this server's own URL to \"urls\"",
                "b does not answer: connection refused",
            ], links: 1),
        Trouble(
            name: "this node twice",
            doors: [
                "a": RosterRig.hello("web1"), "b": RosterRig.hello("web2"),
                "c": RosterRig.hello("web1"),
            ], messages: ["a and c are all this node; list it once"], links: 1),
        Trouble(
            name: "a clone of this node",
            doors: ["a": RosterRig.hello("web1"), "b": RosterRig.hello("web1", instance: 5)],
            messages: [
                "b answers with this node's identity but is another process: a cloned machine; "
                    + "log one of the two in again with a new key"
            ]),
        Trouble(
            name: "two URLs of one node",
            doors: [
                "a": RosterRig.hello("web1"), "b": RosterRig.hello("web2"),
                "c": RosterRig.hello("web2"),
            ], messages: ["b and c are one node, \(id2); list it once"], links: 1),
        Trouble(
            name: "two clones of another node",
            doors: [
                "a": RosterRig.hello("web1"), "b": RosterRig.hello("web2"),
                "c": RosterRig.hello("web2", instance: 5),
            ],
            messages: [
                "b and c answer with one identity, \(id2), but are several processes: cloned "
                    + "machines; log all but one in again with a new key"
            ], links: 1),
        Trouble(
            name: "another cluster",
            doors: [
                "a": RosterRig.hello("web1"),
                "b": RosterRig.hello("web2", cluster: ClusterID(Notary.bytes32(99))),
            ],
            messages: ["b belongs to another cluster, \(ClusterID(Notary.bytes32(99)).short)"]),
        Trouble(
            name: "a node that is not logged in",
            doors: ["a": RosterRig.hello("web1"), "b": RosterRig.hello("web2", cluster: nil)],
            messages: ["b is not logged in"]),
        Trouble(
            name: "a node without a grant that counts",
            doors: ["a": RosterRig.hello("web1"), "b": RosterRig.hello("web8")],
            messages: [
                "b (node \(Notary.node("web8").short)) has no grant that counts here: it was "
                    + "removed, or its records have not arrived yet"
            ]),
        Trouble(
            name: "another CURVE key than the granted one",
            doors: ["a": RosterRig.hello("web1"), "b": RosterRig.hello("web2", curve: "evil")],
            messages: [
                "b (node \(id2)) has another CURVE key than its grant names; log it in again"
            ]),
        Trouble(
            name: "a server that does not know the host name",
            doors: ["a": RosterRig.hello("web1"), "b": .refused(status: 421, "no such site")],
            messages: [
                "b reaches a server that does not serve it (421: no such site); check the host "
                    + "name and what it resolves to"
            ]),
        Trouble(
            name: "another program, with terminal escapes",
            doors: ["a": RosterRig.hello("web1"), "b": .refused(status: 404, "\u{1b}[2Jgone")],
            messages: ["b is not the door of a node (404: \\u{1b}[2Jgone)"]),
    ]

    @Test("Each trouble with the list is told by its URLs", arguments: troubles)
    func trouble(_ trouble: Trouble) {
        var rig = RosterRig(trouble.doors.keys.sorted())
        rig.doors = trouble.doors
        rig.feed(.deadline)
        #expect(rig.messages == trouble.messages)
        #expect(rig.links.count == trouble.links)
    }

    @Test("A clone of this node is reported once, so that it signs nothing more")
    func clone() {
        var rig = Self.healthy
        rig.doors["web3"] = RosterRig.hello("web1", instance: 5)
        rig.feed(.deadline)
        rig.run(for: .seconds(60))
        #expect(rig.clones == [InstanceID(high: 5, low: 9)])
    }

    @Test("Before the first login nobody is linked; after it everybody is")
    func login() {
        var rig = RosterRig(["web1", "web2"], members: [], cluster: nil)
        rig.doors = Self.healthy.doors
        rig.doors["web1"] = RosterRig.hello("web1", cluster: nil)
        rig.feed(.deadline)
        #expect(rig.links.isEmpty)
        #expect(rig.codes.isEmpty)
        rig.feed(.members(RosterRig.members(["web1", "web2"])))
        rig.feed(.joined(Notary.cluster))
        #expect(rig.linkedNodes == [Self.web2])
    }

    @Test("A node that is ended or leaves the list is unlinked; one that comes is linked")
    func changes() {
        var rig = Self.healthy
        rig.feed(.deadline)
        rig.feed(.members(RosterRig.members(["web1", "web2"])))
        #expect(rig.linkedNodes == [Self.web2])
        #expect(rig.codes == ["not-member"])
        rig.feed(.listed(["web1"].map(RosterRig.address)))
        #expect(rig.links.isEmpty)
        #expect(rig.roster.unlisted.map(\.node) == [Self.web2])
        rig.feed(.listed(["web1", "web2"].map(RosterRig.address)))
        #expect(rig.linkedNodes == [Self.web2])
        #expect(rig.codes.isEmpty)
    }

    @Test("A changed endpoint makes the link anew; silence does not end it")
    func endpoints() {
        var rig = Self.healthy
        rig.feed(.deadline)
        rig.doors["web2"] = RosterRig.hello("web2", port: 6000)
        rig.run(for: .seconds(6))
        #expect(rig.links.first { $0.node == Self.web2 }?.requestPort == 6000)
        rig.doors["web2"] = .unreachable("timeout")
        rig.run(for: .seconds(60))
        #expect(rig.links.first { $0.node == Self.web2 }?.requestPort == 6000)
        #expect(rig.messages == ["web2 does not answer: timeout"])
    }

    @Test("A new list has every door asked at once, also those that answered just now")
    func listedAnew() {
        var rig = Self.healthy
        rig.feed(.deadline)
        rig.doors["web2"] = RosterRig.hello("web1")
        rig.probed = []
        rig.feed(.listed(["web3", "web2"].map(RosterRig.address)))
        #expect(rig.probed == ["web3", "web2"])
        #expect(rig.codes.isEmpty)
        #expect(rig.roster.ownURL == "web2")
    }

    @Test("A link to another address counts as down until it is up: its door is asked soon")
    func movedBack() {
        var rig = Self.healthy
        rig.feed(.deadline)
        for node in rig.linkedNodes { rig.feed(.link(node, isUp: true)) }
        rig.doors["web2"] = RosterRig.hello("web2", port: 6000)
        rig.run(for: .seconds(40))
        #expect(rig.links.first { $0.node == Self.web2 }?.requestPort == 6000)
        #expect(rig.roster.listed.map(\.isLinked) == [false, false, true])
        rig.doors["web2"] = RosterRig.hello("web2")
        rig.run(for: .seconds(6))
        #expect(rig.links.first { $0.node == Self.web2 }?.requestPort == 5571)
    }

    @Test(
        "All but one URL of a list may be other nodes",
        arguments: [([], 0), (["a"], 0), (["a", "b"], 1), (["a", "b", "a"], 1)])
    func peerCount(_ urls: [String], _ count: Int) {
        #expect(Roster.peerCount(of: urls.map(RosterRig.address)) == count)
    }

    @Test("A node that moved to another URL is linked there, without an alarm")
    func moved() {
        var rig = RosterRig(["web1", "web2", "web3"])
        rig.doors = ["web1": RosterRig.hello("web1"), "web2": RosterRig.hello("web2")]
        rig.doors["web3"] = .unreachable("timeout")
        rig.feed(.deadline)
        rig.doors["web2"] = .unreachable("timeout")
        rig.doors["web3"] = RosterRig.hello("web2", instance: 8, port: 6000)
        rig.run(for: .seconds(12))
        #expect(rig.links.map(\.requestPort) == [6000])
        #expect(rig.codes == ["unreachable"])
    }

    @Test("Doors without a link are asked every one to five seconds, others every thirty")
    func schedule() {
        var rig = Self.healthy
        rig.doors["web3"] = .unreachable("timeout")
        rig.feed(.deadline)
        rig.feed(.link(Self.web2, isUp: true))
        rig.probed = []
        rig.run(for: .seconds(300))
        let counts = ["web1", "web2", "web3"].map { url in rig.probed.count { $0 == url } }
        #expect((8...13).contains(counts[0]))
        #expect((8...13).contains(counts[1]))
        #expect((50...80).contains(counts[2]))
        rig.probed = []
        rig.feed(.link(Self.web2, isUp: false))
        rig.run(for: .milliseconds(1_200))
        #expect(rig.probed.contains("web2"))
    }

    @Test("A door that never answers is given up and asked again")
    func patience() {
        var rig = Self.healthy
        rig.doors["web3"] = nil
        rig.feed(.deadline)
        rig.run(for: .seconds(10))
        #expect(rig.messages == ["web3 does not answer: no answer within 10 s"])
        rig.doors["web3"] = RosterRig.hello("web3")
        rig.run(for: .seconds(2))
        #expect(rig.codes.isEmpty)
        #expect(rig.links.count == 2)
    }

    @Test("Nothing is said of a missing self before every door has had its time")
    func early() {
        var rig = Self.healthy
        rig.doors["web1"] = nil
        rig.feed(.deadline)
        #expect(rig.codes.isEmpty)
        rig.run(for: .seconds(10))
        #expect(rig.codes == ["self-missing", "unreachable"])
    }

    @Test("A door that was settled is asked soon again when it fails")
    func settledFails() {
        var rig = Self.healthy
        rig.feed(.deadline)
        rig.run(for: .seconds(600))
        rig.doors["web1"] = .unreachable("timeout")
        while rig.codes.isEmpty { rig.run(for: .milliseconds(500)) }
        rig.probed = []
        rig.run(for: .milliseconds(1_300))
        #expect(rig.probed.contains("web1"))
    }

    @Test("An answer from a URL that has left the list changes nothing")
    func strayAnswer() {
        var rig = Self.healthy
        rig.feed(.deadline)
        rig.feed(.answered(RosterRig.address("web9"), RosterRig.hello("web1", instance: 5)))
        #expect(rig.codes.isEmpty)
        #expect(rig.clones.isEmpty)
    }

    @Test("Equal seeds give equal effects", arguments: 0..<5)
    func determinism(seed: UInt64) {
        let runs = (0..<2).map { _ in
            var rig = RosterRig(["web1", "web2", "web3"], seed: seed)
            rig.doors = ["web1": RosterRig.hello("web1"), "web2": .unreachable("x")]
            rig.feed(.deadline)
            rig.run(for: .seconds(100))
            return rig.probed + ["\(rig.roster.nextDeadline?.nanoseconds ?? 0)"]
        }
        #expect(runs[0] == runs[1])
        #expect(runs[0].count > 30)
    }
}
