// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel
import ClusterSigning
import WireFormat

// What somebody hostile does who got hold of a member's place in the network, or of its key.
extension Simulation {
    /// A batch of a node that nobody vouches for, or in another's name with the wrong key.
    func forge() throws {
        guard let target = random.pick(members) else { return }
        let forger = try Registry.identity(&random)
        let claimed = random.chance(perMille: 500) ? target.node : forger.node
        let log = EpochID(
            origin: claimed,
            epoch: LogEpoch(counter: UInt64(random.number(in: 1...9)), nonce: random.next()))
        let event = Event(
            timestamp: HybridTimestamp(milliseconds: 1_767_225_600_000, counter: 1),
            content: .invalidation(.plain))
        let body = try EventBodyCodec.encode([event])
        let header = BatchHeader(
            cluster: seals.cluster, log: log, first: 1, count: 1, bodyByteCount: body.count,
            timestamp: event.timestamp, previous: .none, bodyHash: Digest(hashing: body),
            grant: .none, policy: 0)
        let bytes = try BatchHeaderCodec.encode(header)
        let sealed = SealedBatch(
            header: bytes, signature: forger.signingKey.sign(bytes), body: body)
        let frames = [WireTopic(.cache).frame] + BatchFrames.parts(sealed)
        count("hostile.forged")
        broadcast(frames, from: target.number)
    }

    /// Another content for a position, signed with the origin's stolen key, and sent to some: of
    /// one that has been written, or of the next one.
    func equivocate() throws {
        guard random.chance(perMille: 400), let origin = random.pick(members) else { return }
        let candidates = ledger.ids.filter {
            $0.log.origin == origin.node && ledger.batch(holding: $0)?.header.first == $0.sequence
        }
        guard let id = random.pick(candidates.suffix(6)), let batch = ledger.batch(holding: id)
        else { return }
        let isNext = id == candidates.last && random.chance(perMille: 600)
        let event = Event(
            timestamp: batch.header.timestamp,
            content: .application(
                ApplicationEvent(topic: "news", payload: .inline(random.bytes(9)))))
        let other = try seals.seal(
            BatchDraft(
                log: id.log, first: isNext ? batch.header.last.next : id.sequence,
                previous: isNext ? batch.hash : batch.header.previous,
                grant: batch.header.grant, events: [event]),
            as: origin.identity)
        ledger.addHostile(other)
        count("hostile.equivocated")
        write(origin, "!!", "another content \(other.line)")
        let frames = BatchFrames.encode(other)
        for host in members where host !== origin && random.chance(perMille: 700) {
            schedule.add(at: now + random.span(.milliseconds(1), .milliseconds(40))) { _ in
                guard let process = host.process, !process.isPaused else { return }
                process.receive(.broadcast(frames), fromHost: origin.number, connection: 0)
            }
        }
    }

    /// Everything that was ever broadcast comes again, to everybody, in any order.
    func replayHistory() {
        for checker in checkers { (checker as? NoRollback)?.settle() }
        var history = recorded
        for index in history.indices.reversed() where index > 0 {
            history.swapAt(index, random.below(index + 1))
        }
        count("hostile.replayed", by: history.count)
        for (frames, publisher) in history.prefix(150) {
            for host in members where host.number != publisher {
                // Whoever replays is a member with a link of its own; its own beacons are its word.
                let isBeacon = frames.first == WireTopic.head.frame
                let senders = members.filter {
                    $0 !== host && !(isBeacon && $0.node == hosts[publisher].node)
                }
                guard let sender = random.pick(senders)?.number else { continue }
                schedule.add(at: now + random.span(.milliseconds(1), .seconds(1))) { _ in
                    host.process?.receive(.broadcast(frames), fromHost: sender, connection: 0)
                }
            }
        }
        advance(to: now + .seconds(3))
        // What comes back may name a blob that no disk has any more: one member after the other
        // waits for it in vain.
        let deadline = now + knobs.patience
        while failure == nil, let obstacle = disagreement() {
            if now > deadline { fail(.liveness, "I8", "after old messages came: \(obstacle.text)") }
            advance(to: now + .milliseconds(250))
        }
    }
}
