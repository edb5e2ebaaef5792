// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

// Connections come and go as libzmq makes them.
extension Simulation {
    /// How often a host looks after its links.
    private static let linkInterval: VirtualTime = .milliseconds(100)

    /// Begins to look after the links of a process.
    func superviseLinks(of process: NodeProcess) {
        schedule.add(at: now + random.span(.milliseconds(1), Self.linkInterval)) { simulation in
            guard simulation.hosts[process.host.number].process === process else { return }
            if !process.isPaused { simulation.updateLinks(of: process) }
            simulation.superviseLinks(of: process)
        }
    }

    private func updateLinks(of process: NodeProcess) {
        let own = process.host.number
        for peer in hosts.indices where peer != own {
            let link = network[link: own, to: peer]
            let wanted = process.isLinked(to: hosts[peer])
            switch link.state {
            case .up where !wanted || !isAnswering(own, peer): disconnect(own, from: peer)
            case .down where wanted && isAnswering(own, peer): connect(own, to: peer)
            case .up, .down, .stuck: break
            }
        }
    }

    /// Whether a connection of a host to a peer holds.
    private func isAnswering(_ own: Int, _ peer: Int) -> Bool {
        guard let other = hosts[peer].process, network.isOpen(own, peer) else { return false }
        return other.admits(hosts[own])
    }

    private func connect(_ own: Int, to peer: Int) {
        network[link: own, to: peer].connection += 1
        network[link: own, to: peer].queued = 0
        network[link: own, to: peer].lastArrival = (now, now)
        network[link: own, to: peer].state = .up(
            subscribedAt: now + random.span(.milliseconds(1), .milliseconds(60)))
        hosts[own].process?.tellLink(hosts[peer].node, isUp: true)
    }

    /// Ends a connection; what was on its way is lost.
    func disconnect(_ own: Int, from peer: Int, into state: Link.State = .down) {
        let wasUp = network[link: own, to: peer].isUp
        network[link: own, to: peer].connection += 1
        network[link: own, to: peer].state = state
        if wasUp { hosts[own].process?.tellLink(hosts[peer].node, isUp: false) }
    }

    /// The sockets to a node are closed, whatever became of them.
    func dropConnections(of process: NodeProcess, to node: NodeID) {
        let own = process.host.number
        for peer in hosts.indices where peer != own && hosts[peer].node == node {
            network[link: own, to: peer].connection += 1
            network[link: own, to: peer].state = .down
        }
    }

    /// A machine has another address: what was connected to the old one, or from it, is not.
    func breakConnections(of number: Int) {
        for peer in hosts.indices where peer != number {
            disconnect(number, from: peer)
            disconnect(peer, from: number)
        }
    }

    /// The other side broke the protocol: libzmq gives up, and mostly says so.
    func stick(_ own: Int, to peer: Int) {
        guard network[link: own, to: peer].isUp else { return }
        count("network.stuck")
        disconnect(own, from: peer, into: .stuck)
        if random.chance(perMille: 500) {
            hosts[own].process?.feed(
                .linkTrouble(hosts[peer].node, .protocolFailure))
        }
    }

    /// Both directions of every link of a host end, as its process does.
    func dropLinks(of host: Int) {
        for peer in hosts.indices where peer != host {
            network[link: host, to: peer].connection += 1
            network[link: host, to: peer].state = .down
        }
    }

    /// Disconnects and connects again.
    func relink(_ own: Int, to node: NodeID) {
        for peer in hosts.indices where peer != own && hosts[peer].node == node {
            count("network.relinked")
            disconnect(own, from: peer)
        }
    }
}
