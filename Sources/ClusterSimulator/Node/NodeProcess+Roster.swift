// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel
import ClusterSigning
import WireFormat

// Who answers at which URL: what a daemon does with its roster.
extension NodeProcess {
    /// Feeds the roster and does what it says.
    func feed(roster input: RosterInput) {
        guard !isEnded, simulation.failure == nil else { return }
        simulation.write(host, "<-", input.line)
        simulation.checkers.forEach { $0.rosterInput(input, to: self) }
        for effect in roster.handle(input, at: moment.instant) {
            guard !isEnded else { return }
            simulation.write(host, "->", effect.line)
            simulation.checkers.forEach { $0.rosterEffect(effect, of: self) }
            perform(effect)
        }
        simulation.checkers.forEach { $0.rosterSettled(self) }
        setAlarm()
    }

    /// Reads the host's list of URLs anew.
    func readList() {
        feed(roster: .listed(host.list))
        feed(.configurationChanged(simulation.configuration(of: host)))
    }

    private func perform(_ effect: RosterEffect) {
        switch effect {
        case .probe(let address): probe(address)
        case .setLinks(let wanted): setLinks(wanted)
        case .problems(let problems):
            for problem in problems { simulation.count("roster.\(problem.code.rawValue)") }
        case .cloneHeard(let instance): feed(.cloneHeard(instance))
        }
    }

    private func probe(_ address: NodeAddress) {
        let question = HelloQuestion(
            nonce: Bytes32(simulation.random.bytes(32)) ?? .zero,
            cluster: simulation.seals.cluster)
        do {
            let request = try question.encoded()
            simulation.knock(request, at: address, by: self) { [self] reply in
                take(reply, to: question, from: address)
            }
        } catch {
            simulation.fail(.crash, "codec", "a hello cannot be asked for: \(error)")
        }
    }

    private func take(_ reply: DoorReply, to question: HelloQuestion, from address: NodeAddress) {
        switch reply {
        case .unreachable(let why): feed(roster: .answered(address, .unreachable(why)))
        case .refused(let status):
            feed(roster: .answered(address, .refused(status: status, "no door")))
        case .body(let body, address: let numeric):
            switch question.read(body) {
            case .failure(let refusal):
                simulation.count(refusal.name)
                feed(roster: .answered(address, refusal.answer))
            case .success(let hello):
                if let grant = hello.grant { receive(records: [grant]) }
                feed(roster: .answered(address, .hello(HelloFacts(hello, address: numeric))))
            }
        }
    }

    /// What the door of this host answers; `nil` where the request cannot be read.
    func hello(_ request: [UInt8]) -> [UInt8]? {
        let introduction = Introduction(
            identity: host.identity, instance: instance, endpoints: Host.endpoints,
            version: "simulated")
        let authority = authority
        do {
            let sealed = try introduction.answer(
                try HelloCodec.decodeRequest(request), cluster: simulation.seals.cluster,
                grant: authority.ownGrant.flatMap { authority.records([$0]).first },
                isReady: isReady, wall: moment.wall)
            return try HelloCodec.encode(sealed)
        } catch {
            simulation.count("door.hello-refused")
            return nil
        }
    }

    /// Makes the links exactly these, as the transport does: a peer without one is told of as down,
    /// one whose address changed is connected to anew in silence.
    private func setLinks(_ wanted: [PeerLink]) {
        let before = links
        links = wanted
        for link in before where !wanted.contains(link) {
            simulation.dropConnections(of: self, to: link.node)
            guard !wanted.contains(where: { $0.node == link.node }) else { continue }
            later(0) { [self] in tellLink(link.node, isUp: false) }
        }
    }

    /// A link came up or went down: the core and the roster are told.
    func tellLink(_ peer: NodeID, isUp: Bool) {
        feed(isUp ? .linkUp(peer) : .linkDown(peer))
        feed(roster: .link(peer, isUp: isUp))
    }

    /// Whether a link leads to that machine: to its address, for a key that it can prove.
    func isLinked(to other: Host) -> Bool {
        links.contains {
            $0.host == other.address && $0.curveKey == other.identity.curveKey
        }
    }
}
