// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// Frames on their way.
enum Parcel {
    /// From a PUB socket.
    case broadcast([[UInt8]])
    /// From a DEALER to a ROUTER.
    case request([[UInt8]])
    /// From a ROUTER to a DEALER.
    case reply([[UInt8]])

    var frames: [[UInt8]] {
        switch self {
        case .broadcast(let frames), .request(let frames), .reply(let frames): frames
        }
    }

    func with(_ frames: [[UInt8]]) -> Parcel {
        switch self {
        case .broadcast: .broadcast(frames)
        case .request: .request(frames)
        case .reply: .reply(frames)
        }
    }
}

extension Simulation {
    /// How many broadcasts somebody hostile writes down.
    private static let recordedFrames = 400

    /// Sends frames to every subscriber of a host.
    func broadcast(_ frames: [[UInt8]], from publisher: Int) {
        if knobs.has(.replayedHistory), recorded.count < Self.recordedFrames {
            recorded.append((frames, publisher))
        }
        for subscriber in hosts.indices where subscriber != publisher {
            guard case .up(let subscribedAt) = network[link: subscriber, to: publisher].state,
                subscribedAt <= now
            else { continue }
            guard network[link: subscriber, to: publisher].queued < network.weather.highWaterMark
            else {
                count("network.high-water-mark")
                continue
            }
            network[link: subscriber, to: publisher].queued += 1
            send(.broadcast(frames), from: publisher, to: subscriber, over: subscriber, publisher)
        }
    }

    /// Sends a request; returns whether there is a link to send it over.
    func request(_ frames: [[UInt8]], from asker: Int, to peer: Int) -> Bool {
        guard network[link: asker, to: peer].isUp else { return false }
        send(.request(frames), from: asker, to: peer, over: asker, peer)
        return true
    }

    /// Answers a request over the connection that it came by.
    func reply(_ frames: [[UInt8]], from peer: Int, to asker: Int, connection: UInt64) {
        let link = network[link: asker, to: peer]
        guard link.isUp, link.connection == connection else { return }
        send(.reply(frames), from: peer, to: asker, over: asker, peer)
    }

    private func send(
        _ parcel: Parcel, from: Int, to destination: Int, over subscriber: Int, _ publisher: Int
    ) {
        let weather = network.weather
        if random.chance(perMille: weather.loss) {
            if case .broadcast = parcel { network[link: subscriber, to: publisher].queued -= 1 }
            return count("network.lost")
        }
        var frames = parcel.frames
        if random.chance(perMille: weather.corruption) {
            corrupt(&frames)
            count("network.corrupted")
        }
        let parcel = parcel.with(frames)
        deliver(parcel, from: from, to: destination, over: subscriber, publisher)
        if random.chance(perMille: weather.duplication) {
            count("network.duplicated")
            if case .broadcast = parcel { network[link: subscriber, to: publisher].queued += 1 }
            deliver(parcel, from: from, to: destination, over: subscriber, publisher)
        }
    }

    private func deliver(
        _ parcel: Parcel, from: Int, to destination: Int, over subscriber: Int, _ publisher: Int
    ) {
        let weather = network.weather
        let path = network[path: from, to: destination]
        var arrival = now + random.span(weather.delay.least, weather.delay.most)
        arrival = max(arrival, path.cloggedUntil)
        if !random.chance(perMille: weather.reordering) {
            let last = network[link: subscriber, to: publisher].lastArrival
            arrival = max(
                arrival, destination == subscriber ? last.toSubscriber : last.toPublisher)
        }
        if destination == subscriber {
            network[link: subscriber, to: publisher].lastArrival.toSubscriber = arrival
        } else {
            network[link: subscriber, to: publisher].lastArrival.toPublisher = arrival
        }
        let connection = network[link: subscriber, to: publisher].connection
        schedule.add(at: arrival) { simulation in
            simulation.arrive(
                parcel, from: from, to: destination, over: subscriber, publisher, connection)
        }
    }

    private func arrive(
        _ parcel: Parcel, from: Int, to destination: Int, over subscriber: Int, _ publisher: Int,
        _ connection: UInt64
    ) {
        let link = network[link: subscriber, to: publisher]
        guard link.connection == connection else { return }
        if case .broadcast = parcel { network[link: subscriber, to: publisher].queued -= 1 }
        guard link.isUp, !network[path: from, to: destination].isCut else {
            return count("network.cut-off")
        }
        guard let process = hosts[destination].process else { return }
        process.take { process.receive(parcel, fromHost: from, connection: connection) }
    }

    /// Flips one bit: CURVE would end the connection, so the signature is the second defence.
    func corrupt(_ frames: inout [[UInt8]]) {
        let candidates = frames.indices.filter { !frames[$0].isEmpty }
        guard let index = random.pick(candidates) else { return }
        let place = random.below(frames[index].count)
        frames[index][place] ^= 1 << UInt8(random.below(8))
    }
}
