// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel
import ClusterSigning
import NodeRuntimeTesting
import Testing
import WireFormat

@testable import NodeRuntime

/// A member that sends what no honest one would: refused, counted, and nothing is changed by it.
@Suite("Hostile peers", .timeLimit(.minutes(2)))
struct HostilePeerTests {
    /// A batch of a peer in a log that it has not used so far, signed by it.
    private func batch(
        of peer: TestServer, in cluster: TestCluster, epoch: UInt64 = 1_000
    ) throws -> VerifiedBatch {
        let event = Event(
            timestamp: HybridTimestamp(
                milliseconds: peer.clock.now().wall.milliseconds, counter: 0),
            content: .application(ApplicationEvent(topic: "order.paid", payload: .inline([1]))))
        let log = EpochID(
            origin: peer.identity.node, epoch: LogEpoch(counter: epoch, nonce: 1))
        return try BatchSealer(cluster: cluster.pin.cluster, policy: 0, identity: peer.identity)
            .seal(
                BatchDraft(
                    log: log, first: 1, previous: .none, grant: cluster.grants[1], events: [event]))
    }

    private func holds(_ log: EpochID, _ server: TestServer) async throws -> Bool {
        try await server.log.heads().contains { $0.log == log }
    }

    @Test(
        "A batch under another topic than its own is refused and counted",
        arguments: [WireTopic.code, .cache, .files, .record])
    func wrongTopic(_ topic: WireTopic) async throws {
        let cluster = try TestCluster(2)
        try await cluster.run {
            let (asked, peer) = (cluster.servers[0], cluster.servers[1])
            let counters = try await asked.installation.loggedInNode().counters
            let node = try await peer.installation.loggedInNode()
            let batch = try batch(of: peer, in: cluster)
            var frames = BatchFrames.encode(batch)
            frames[0] = topic.frame
            node.ports.transport.broadcast(frames)
            try await eventually("the count") { counters["batch.topic"] == 1 }
            #expect(try await !holds(batch.header.log, asked))
            node.ports.transport.broadcast(BatchFrames.encode(batch))
            try await eventually("the honest one") { try await holds(batch.header.log, asked) }
            #expect(counters["batch.topic"] == 1)
        }
    }

    @Test(
        "A batch of an epoch that would use up the numbers harms no other log",
        arguments: [1 << 62, (1 << 63) - 1] as [UInt64])
    func largeEpoch(_ counter: UInt64) async throws {
        let cluster = try TestCluster(2)
        try await cluster.run {
            let asked = cluster.servers[0]
            let peer = cluster.servers[1]
            let batch = try batch(of: peer, in: cluster, epoch: counter)
            let node = try await peer.installation.loggedInNode()
            node.ports.transport.broadcast(BatchFrames.encode(batch))
            // It is the signer's own affair under which number he speaks.
            try await eventually("the batch") { try await holds(batch.header.log, asked) }
            let counters = try await counters(of: asked.identity.node, on: asked)
            #expect(counters.allSatisfy { $0 < 1 << 32 }, "\(counters)")
        }
    }

    /// The epochs' counters of a node's logs.
    private func counters(of node: NodeID, on server: TestServer) async throws -> [UInt64] {
        let heads = try await server.log.heads()
        return heads.filter { $0.log.origin == node }.map(\.log.epoch.counter)
    }

    private func pong(_ id: RequestID, from peer: NodeID) throws -> Delivery {
        let pong = Pong(instance: InstanceID(high: 1, low: 1), wall: WallTime(milliseconds: 1))
        return .reply(try ReplyCodec.encode(.pong(pong), id: id), from: peer)
    }

    @Test("A reply to what was never asked, or is answered already, is refused and counted")
    func unasked() async throws {
        let cluster = try TestCluster(2)
        try await cluster.run {
            let node = try await cluster.servers[0].installation.loggedInNode()
            let peer = cluster.servers[1].identity.node
            await node.receive(try pong(RequestID(high: 1, low: 2), from: peer))
            #expect(node.counters["reply.unasked"] == 1)
            let answer = try await node.reply(to: .ping, of: peer).get()
            #expect(node.counters["reply.unasked"] == 1)
            await node.receive(try pong(answer.0, from: peer))
            #expect(node.counters["reply.unasked"] == 2)
        }
    }

    @Test("A reply of somebody else than who was asked is refused, and the right one awaited")
    func replyOfAnother() async throws {
        let cluster = try TestCluster(3)
        try await cluster.run {
            let node = try await cluster.servers[0].installation.loggedInNode()
            let (asked, other) = (cluster.servers[1], cluster.servers[2].identity.node)
            asked.surveyor.setStuck(true)
            async let answer = node.reply(to: .status, of: asked.identity.node)
            try await eventually("the question to be open") {
                await node.openRequest(.status) != nil
            }
            let id = try #require(await node.openRequest(.status))
            await node.receive(try pong(id, from: other))
            #expect(node.counters["reply.unasked"] == 1)
            asked.surveyor.setStuck(false)
            let result = try await answer.get()
            #expect(result.0 == id)
        }
    }

    @Test("A request ID that is used again is answered again, to its asker alone")
    func reusedID() async throws {
        let cluster = try TestCluster(3)
        try await cluster.run {
            let asked = cluster.servers[0].identity.node
            let here = try await cluster.servers[0].installation.loggedInNode()
            let first = try await cluster.servers[1].installation.loggedInNode()
            let second = try await cluster.servers[2].installation.loggedInNode()
            let frames = try RequestCodec.encode(.ping, id: RequestID(high: 7, low: 7))
            let count = Offences.limit - 1
            for _ in 0..<count { #expect(first.ports.transport.request(frames, of: asked)) }
            #expect(second.ports.transport.request(frames, of: asked))
            // Neither waits for one: each counts what comes as unasked.
            try await eventually("every answer") {
                first.counters["reply.unasked"] == UInt64(count)
            }
            try await eventually("the other's answer") { second.counters["reply.unasked"] == 1 }
            guard case .success((_, .pong)) = await first.reply(to: .ping, of: asked) else {
                Issue.record("an ID of its own was not answered")
                return
            }
            #expect(await here.open.isEmpty)
        }
    }

    @Test("Wrong bytes for a right hash are not kept, and counted; the right ones are taken")
    func wrongHash() async throws {
        let cluster = try TestCluster(2)
        try await cluster.run {
            let (asker, peer) = (cluster.servers[0], cluster.servers[1])
            let node = try await asker.installation.loggedInNode()
            let right = [UInt8](repeating: 1, count: WireLimits.chunk + 9)
            let wrong = right.dropLast() + [2]
            let blob = BlobReference(digest: Digest(hashing: right), byteCount: right.count)
            try await peer.log.perform(.blob(blob, Array(wrong)))
            await node.fetch(blob, from: peer.identity.node)
            try await eventually("the count") { node.counters["blob.wrong-hash"] == 1 }
            #expect(
                try await asker.log.blob(blob.digest, offset: 0, count: right.count) == nil)
            try await peer.log.perform(.blob(blob, right))
            await node.fetch(blob, from: peer.identity.node)
            try await eventually("the right bytes") {
                try await asker.log.blob(blob.digest, offset: 0, count: right.count) == right
            }
            #expect(node.counters["blob.wrong-hash"] == 1)
        }
    }

    /// What a peer sends again and again, and how it is counted.
    enum Offence: String, CaseIterable {
        case signature = "batch.badSignature"
        case topic = "batch.topic"
        case reply = "reply.unasked"
    }

    @Test("Who goes on with what is not his is cut, and nobody else", arguments: Offence.allCases)
    func cut(_ offence: Offence) async throws {
        let cluster = try TestCluster(3)
        try await cluster.run {
            let (asked, peer) = (cluster.servers[0], cluster.servers[1])
            let node = try await asked.installation.loggedInNode()
            let batch = try batch(of: peer, in: cluster)
            var frames = BatchFrames.encode(batch)
            let id = RequestID(high: 1, low: 2)
            let delivery: Delivery
            switch offence {
            case .signature:
                frames[2][0] ^= 1
                delivery = .broadcast(frames, from: peer.identity.node)
            case .topic:
                frames[0] = WireTopic.code.frame
                delivery = .broadcast(frames, from: peer.identity.node)
            case .reply:
                delivery = try pong(id, from: peer.identity.node)
            }
            for _ in 1..<Offences.limit { await node.receive(delivery) }
            #expect(await !node.offences.isCut(peer.identity.node))
            await node.receive(delivery)
            #expect(node.counters[offence.rawValue] == UInt64(Offences.limit))
            #expect(await node.offences.isCut(peer.identity.node))
            let other = cluster.servers[2].identity.node
            #expect(await !node.offences.isCut(other))
            #expect(try await !holds(batch.header.log, asked))
            // Nothing is asked of it, and what it asks is counted and not answered.
            guard case .failure(.notSent) = await node.reply(to: .ping, of: peer.identity.node)
            else {
                Issue.record("there still is a link")
                return
            }
            let before = node.counters["request.of-cut-peer"]
            await node.receive(
                .request(
                    try RequestCodec.encode(.ping, id: id), from: .node(peer.identity.node),
                    ReplyTicket(.max)))
            #expect(node.counters["request.of-cut-peer"] > before)
            guard case .success = await node.reply(to: .ping, of: other) else {
                Issue.record("another peer was cut as well")
                return
            }
        }
    }

    @Test("Offences count in a row, cut for a while, and are forgotten in quiet")
    func offences() throws {
        let (peer, other) = (Sample.log(1).origin, Sample.log(2).origin)
        var offences = Offences()
        func note(_ node: NodeID, at now: Instant) -> Int { offences.note(node, at: now) }
        func isDue(_ node: NodeID) -> Bool { offences.isDue(node) }
        func release(at now: Instant) -> Bool { offences.release(at: now) }
        let start = Instant(nanoseconds: 0)
        for count in 1..<Offences.limit { #expect(note(peer, at: start) == count) }
        #expect(note(other, at: start) == 1)
        let quiet = start + .seconds(61)
        #expect(note(peer, at: quiet) == 1)
        #expect(!isDue(peer))
        for _ in 1..<Offences.limit { _ = note(peer, at: quiet) }
        #expect(isDue(peer) && offences.isCut(peer))
        #expect(!isDue(other) && !offences.isCut(other))
        #expect(offences.nextDeadline == quiet + Offences.pause)
        #expect(!release(at: quiet + .seconds(9)) && offences.isCut(peer))
        #expect(release(at: quiet + Offences.pause) && !offences.isCut(peer))
        #expect(note(peer, at: quiet + Offences.pause) == 1)
    }
}

extension Node {
    /// The ID of a question that waits for its answer.
    fileprivate func openRequest(_ request: Request) -> RequestID? {
        requests.entries.values.first { $0.request == request }?.id
    }
}
