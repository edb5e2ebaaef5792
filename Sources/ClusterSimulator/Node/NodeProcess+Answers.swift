// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel
import ClusterSigning
import WireFormat

// What arrives, and what peers ask.
extension NodeProcess {
    /// Takes frames of a peer.
    func receive(_ parcel: Parcel, fromHost other: Int, connection: UInt64) {
        let peer = simulation.hosts[other].node
        switch parcel {
        case .broadcast(let frames): receive(broadcast: frames, from: peer)
        case .request(let frames): receive(request: frames, from: other, connection: connection)
        case .reply(let frames): receive(reply: frames, from: peer)
        }
    }

    private func receive(broadcast frames: [[UInt8]], from peer: NodeID) {
        do {
            if frames.first == WireTopic.head.frame {
                receive(beacon: try SealedBeacon(frames: frames), from: peer)
            } else {
                let (topic, batch) = try BatchFrames.decode(frames)
                receive(batch, topic: topic, from: peer)
            }
        } catch {
            simulation.count("broadcast.\(error.code.rawValue)")
        }
    }

    /// Verifies a batch and feeds it; `false` where it is of no use.
    @discardableResult
    func receive(_ sealed: SealedBatch, topic: WireTopic? = nil, from peer: NodeID) -> Bool {
        switch simulation.seals.verify(sealed, keys: keys) {
        case .success(let batch):
            guard topic == nil || topic == WireTopic(of: batch) else {
                simulation.count("batch.topic")
                return false
            }
            feed(.batchReceived(batch, from: peer))
            return true
        case .failure(let rejection):
            if case .unknownSigner = rejection { askForRecords(of: peer) }
            simulation.count("batch.\(rejection.name)")
            return false
        }
    }

    private func receive(beacon sealed: SealedBeacon, from peer: NodeID) {
        switch simulation.seals.verify(sealed, keys: keys) {
        case .success(let beacon):
            feed(.beaconReceived(beacon, from: peer))
            if beacon.records != authority.digest { askForRecords(of: peer) }
        case .failure(let rejection):
            if case .unknownSigner = rejection { askForRecords(of: peer) }
            simulation.count("beacon.\(rejection.name)")
        }
    }

    private func receive(request frames: [[UInt8]], from other: Int, connection: UInt64) {
        lastReplyTicket += 1
        let ticket = ReplyTicket(lastReplyTicket)
        let node = simulation.hosts[other].node
        do {
            let (id, request) = try RequestCodec.decode(frames)
            open[ticket] = OpenQuestion(id: id, host: other, connection: connection)
            dispatch(request, from: node, ticket)
        } catch {
            simulation.count("request.\(error.error.code.rawValue)")
            guard let id = error.id else { return }
            open[ticket] = OpenQuestion(id: id, host: other, connection: connection)
            answer(.refused(error.refusal), ticket)
        }
    }

    private func dispatch(_ request: Request, from node: NodeID, _ ticket: ReplyTicket) {
        switch request {
        case .replay(let request): feed(.replayRequested(request, ticket, from: node))
        case .heads(let after):
            open[ticket]?.after = after
            feed(.headsRequested(origin: nil, ticket, from: node))
        case .ownHead(let origin): feed(.headsRequested(origin: origin, ticket, from: node))
        case .records(let request): answerRecords(request, ticket)
        case .acknowledge(let list):
            open[ticket] = nil
            for word in list { feed(.acknowledged(word, from: node)) }
        case .blob(let request): serve(request, ticket)
        case .ping, .status, .hello:
            answer(.refused(Refusal(.failed, expected: "a question", found: "another")), ticket)
        }
    }

    /// Sends an answer: the last word on that ticket.
    func answer(_ reply: Reply, _ ticket: ReplyTicket) {
        guard let question = open.removeValue(forKey: ticket) else { return }
        do {
            simulation.reply(
                try ReplyCodec.encode(reply, id: question.id), from: host.number,
                to: question.host, connection: question.connection)
        } catch {
            simulation.fail(.crash, "codec", "an answer cannot be encoded: \(error)")
        }
    }

    /// Sends a page of what the core knows of logs.
    func answer(_ heads: [EpochHead], _ ticket: ReplyTicket) {
        let after = open[ticket]?.after
        let rest = after.map { after in heads.filter { $0.log > after } } ?? heads
        let page = rest.prefix(WireLimits.headsInReply)
        answer(.heads(HeadsPage(heads: Array(page), isLast: page.count == rest.count)), ticket)
    }

    /// Sends batches from the log.
    func serve(_ request: ReplayRequest, _ ticket: ReplyTicket) {
        later(simulation.random.span(.microseconds(100), .milliseconds(3))) { [self] in
            let batches = host.disk.image.batches(
                of: request.log, from: request.first, through: request.last,
                byteLimit: min(request.credit, WireLimits.replayCredit),
                isStateOnly: request.isStateOnly)
            let end: ReplayEnd =
                batches.isEmpty && !request.isStateOnly ? .notHeld : .served
            answer(.replay(end, batches.map(\.sealed)), ticket)
            feed(.replayServed(ticket))
        }
    }

    private func serve(_ request: BlobRequest, _ ticket: ReplyTicket) {
        later(simulation.random.span(.microseconds(100), .milliseconds(3))) { [self] in
            guard let whole = host.disk.image.blobs[request.digest], request.offset < whole.count
            else {
                return answer(
                    .refused(Refusal(.notHeld, expected: "a blob", found: "none")), ticket)
            }
            let end = min(whole.count, request.offset + request.length)
            let chunk = BlobChunk(
                blobByteCount: whole.count, offset: request.offset,
                bytes: Array(whole[request.offset..<end]))
            answer(.blob(chunk), ticket)
        }
    }

    private func answerRecords(_ request: RecordsRequest, _ ticket: ReplyTicket) {
        let authority = authority
        guard request.digest != authority.digest else {
            return answer(.records(RecordsPage(records: [], isLast: true)), ticket)
        }
        let known = Set(request.known)
        let lacking = authority.records(authority.hashes.filter { !known.contains($0) })
        answer(.records(RecordsPage(records: lacking, isLast: true)), ticket)
    }
}
