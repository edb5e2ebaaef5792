// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel
import ClusterSigning
import WireFormat

/// What came of knocking at a door, as an HTTP client has it.
enum DoorReply {
    /// Bytes, from the machine with that address.
    case body([UInt8], address: String)
    /// Nobody is there, or nobody answered in time.
    case unreachable(String)
    /// Something answered with another status than 200.
    case refused(status: Int)
}

// The doors of hosts, over a TCP that is as bad as the network.
extension Simulation {
    /// How long a client tries to connect.
    private static let connectPatience: VirtualTime = .seconds(5)

    /// Posts a request to the door at an address.
    ///
    /// The completion is called at most once, and never where the one who is asked is stopped.
    func knock(
        _ request: [UInt8], at address: NodeAddress, by process: NodeProcess,
        completion: @escaping (DoorReply) -> Void
    ) {
        func end(_ reply: DoorReply, after delay: VirtualTime) {
            process.later(delay) { completion(reply) }
        }
        let delay = random.span(network.weather.delay.least, network.weather.delay.most)
        switch directory[address.host] {
        case nil: end(.unreachable("no such host"), after: delay)
        case .program(let status): end(.refused(status: status), after: delay)
        case .stranger(let introduction, let cluster):
            end(answer(request, by: introduction, cluster: cluster), after: delay)
        case .host(let number):
            guard isPassable(process.host.number, number) else {
                return end(.unreachable("timeout"), after: Self.connectPatience)
            }
            let clogged = network[path: process.host.number, to: number].cloggedUntil
            schedule.add(at: max(now + delay, clogged)) { simulation in
                guard let asked = simulation.hosts[number].process else {
                    return end(.unreachable("connection refused"), after: delay)
                }
                // What waits in a stopped process is answered when it goes on.
                asked.take { simulation.reply(to: request, of: asked, end) }
            }
        }
    }

    private func reply(
        to request: [UInt8], of asked: NodeProcess,
        _ end: @escaping (DoorReply, VirtualTime) -> Void
    ) {
        let weather = network.weather
        let delay = random.span(weather.delay.least, weather.delay.most)
        guard let body = asked.hello(request) else { return end(.refused(status: 400), delay) }
        var frames = [body]
        if random.chance(perMille: weather.corruption) { corrupt(&frames) }
        end(.body(frames[0], address: asked.host.address), delay)
    }

    /// Whether a connection comes about: TCP mends what is lost but for long losses.
    private func isPassable(_ one: Int, _ other: Int) -> Bool {
        network.isOpen(one, other) && !random.chance(perMille: network.weather.loss / 4)
    }

    private func answer(
        _ request: [UInt8], by introduction: Introduction, cluster: ClusterID?
    ) -> DoorReply {
        do {
            let sealed = try introduction.answer(
                try HelloCodec.decodeRequest(request), cluster: cluster, grant: nil,
                isReady: true, wall: HostClock(zero: 0).moment(at: now).wall)
            return .body(
                try HelloCodec.encode(sealed), address: introduction.endpoints.host ?? "10.9.9.9")
        } catch {
            return .refused(status: 400)
        }
    }
}
