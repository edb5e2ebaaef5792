// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel
import ClusterSigning
import WireFormat

// What this node asks of its peers.
extension NodeProcess {
    /// How long a peer may take.
    private static let patience: VirtualTime = .seconds(5)

    /// Sends a question that waits for an answer; without a completion the core waits for it.
    func ask(_ request: Request, _ peer: NodeID, completion: ((Reply?) -> Void)? = nil) {
        let question = Question(request: request, peer: peer, completion: completion)
        guard let id = send(request, to: peer) else {
            // Not from within the effect that asked: the core is still at work.
            return later(0) { [self] in end(question, nil) }
        }
        asked[id] = question
        later(Self.patience) { [self] in
            if asked.removeValue(forKey: id) != nil { end(question, nil) }
        }
    }

    /// Sends what has no answer.
    func tell(_ request: Request, _ peer: NodeID) {
        if send(request, to: peer) == nil { simulation.count("request.not-sent") }
    }

    private func send(_ request: Request, to peer: NodeID) -> RequestID? {
        let id = RequestID(high: simulation.random.next(), low: simulation.random.next())
        guard let other = simulation.host(of: peer, linkedFrom: host.number) else { return nil }
        do {
            let frames = try RequestCodec.encode(request, id: id)
            return simulation.request(frames, from: host.number, to: other) ? id : nil
        } catch {
            simulation.fail(.crash, "codec", "a request cannot be encoded: \(error)")
            return nil
        }
    }

    /// Takes what came back.
    func receive(reply frames: [[UInt8]], from peer: NodeID) {
        do {
            let id = try ReplyCodec.id(of: frames)
            guard let question = asked[id], question.peer == peer else {
                return simulation.count("reply.unasked")
            }
            asked[id] = nil
            do {
                let (_, reply) = try ReplyCodec.decode(frames, to: question.request.verb)
                if case .refused = reply { end(question, nil) } else { end(question, reply) }
            } catch {
                simulation.count("reply.rejected")
                end(question, nil)
            }
        } catch {
            simulation.count("reply.rejected")
        }
    }

    private func end(_ question: Question, _ reply: Reply?) {
        if let completion = question.completion { return completion(reply) }
        let peer = question.peer
        switch (question.request, reply) {
        case (.replay(let request), .replay(let end, let batches)):
            let usable = batches.count { receive($0, from: peer) }
            feed(
                request.isStateOnly && usable < batches.count
                    ? .replayFailed(request, from: peer)
                    : .replayEnded(request, end, from: peer))
        case (.replay(let request), _): feed(.replayFailed(request, from: peer))
        case (.ownHead, .heads(let page)): feed(.ownHeadsReceived(page.heads, from: peer))
        case (.ownHead, _): feed(.ownHeadsFailed(from: peer))
        case (.heads, .heads(let page)):
            feed(.headsReceived(page.heads, from: peer))
            if !page.isLast, let last = page.heads.last { ask(.heads(after: last.log), peer) }
        case (.records, .records(let page)): receive(records: page.records)
        case (.ping, _), (.heads, _), (.records, _), (.acknowledge, _), (.status, _), (.blob, _),
            (.hello, _):
            simulation.count("request.failed")
        }
    }

    /// Compares records of authority with a peer's, and fetches what is missing.
    func askForRecords(of peer: NodeID) {
        if let last = recordsAsked[peer], simulation.now - last < .milliseconds(500) { return }
        recordsAsked[peer] = simulation.now
        let authority = authority
        let known = Array(authority.hashes.prefix(WireLimits.knownRecords))
        ask(.records(RecordsRequest(digest: authority.digest, known: known)), peer)
    }

    /// Verifies records and feeds those that hold.
    func receive(records sealed: [SealedRecord]) {
        let verifier = RecordVerifier(cluster: simulation.seals.cluster)
        var verified: [VerifiedRecord] = []
        for record in sealed {
            switch verifier.verify(record) {
            case .success(let record): verified.append(record)
            case .failure(let rejection): simulation.count("record.\(rejection.name)")
            }
        }
        learnKeys(of: verified)
        guard !verified.isEmpty else { return }
        feed(.authority(.recordsReceived(verified)))
    }

    /// Fetches a blob chunk by chunk, checks its hash, stores it, and tells the core.
    func fetch(_ blob: BlobReference, from peer: NodeID) {
        collect(blob, from: peer, having: [])
    }

    private func collect(_ blob: BlobReference, from peer: NodeID, having bytes: [UInt8]) {
        guard bytes.count < blob.byteCount else { return store(blob, bytes, from: peer) }
        let request = BlobRequest(
            digest: blob.digest, offset: bytes.count,
            length: min(WireLimits.chunk, blob.byteCount - bytes.count))
        ask(.blob(request), peer) { [self] reply in
            guard case .blob(let chunk) = reply, chunk.blobByteCount == blob.byteCount,
                chunk.offset == bytes.count, !chunk.bytes.isEmpty,
                chunk.bytes.count <= request.length
            else { return feed(.blobFailed(blob, from: peer, reason: "no chunk")) }
            collect(blob, from: peer, having: bytes + chunk.bytes)
        }
    }

    private func store(_ blob: BlobReference, _ bytes: [UInt8], from peer: NodeID) {
        guard Digest(hashing: bytes) == blob.digest else {
            return feed(.blobFailed(blob, from: peer, reason: "bytes with another hash"))
        }
        write([.blob(blob, bytes)]) { process, failure in
            process.feed(
                failure.map { .blobFailed(blob, from: peer, reason: $0) } ?? .blobStored(blob))
        }
    }
}
