// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import Logging
internal import WireFormat

// What this node asks of its peers.
extension Node {
    /// Sends a request that waits for a reply; without a completion the core waits for it.
    func ask(_ request: Request, _ peer: NodeID, completion: ReplyCompletion? = nil) {
        let entry = RequestTable.Entry(
            id: RequestID(high: SecureRandom.uint64(), low: SecureRandom.uint64()),
            request: request, peer: peer,
            deadline: ports.clock.now().instant + RequestTable.patience, completion: completion)
        guard send(request, id: entry.id, to: peer) else { return end(entry, .failure(.notSent)) }
        requests.insert(entry)
    }

    /// Sends a request that has no reply.
    func tell(_ request: Request, _ peer: NodeID) {
        let id = RequestID(high: SecureRandom.uint64(), low: SecureRandom.uint64())
        if !send(request, id: id, to: peer) { counters.count("request.not-sent") }
    }

    private func send(_ request: Request, id: RequestID, to peer: NodeID) -> Bool {
        do {
            return ports.transport.request(try RequestCodec.encode(request, id: id), of: peer)
        } catch {
            counters.count("request.not-encoded")
            logger.error("a request to \(peer.short) cannot be sent: \(error)")
            return false
        }
    }

    /// Asks a peer and waits for its answer, or for its time to be over; from any thread.
    nonisolated func reply(
        to request: Request, of peer: NodeID
    ) async -> Result<(RequestID, Reply), RequestFailure> {
        await withCheckedContinuation { continuation in
            post(.ask(request, peer) { continuation.resume(returning: $0) })
        }
    }

    /// The time of a request is over.
    func abandon(_ entry: RequestTable.Entry) { end(entry, .failure(.silent)) }

    /// Takes what came back.
    func receive(reply frames: [[UInt8]], from peer: NodeID) {
        do {
            guard let entry = requests.take(try ReplyCodec.id(of: frames), from: peer) else {
                return reject("reply.unasked", from: peer)
            }
            do {
                let (_, reply) = try ReplyCodec.decode(frames, to: entry.request.verb)
                if case .refused(let refusal) = reply {
                    end(entry, .failure(.refused(refusal)))
                } else {
                    end(entry, .success(reply))
                }
            } catch {
                reject("reply.\(error.code.rawValue)", from: peer)
                end(entry, .failure(.unusable(error.description)))
            }
        } catch {
            reject("reply.\(error.code.rawValue)", from: peer)
        }
    }

    func end(_ entry: RequestTable.Entry, _ result: Result<Reply, RequestFailure>) {
        if let completion = entry.completion {
            return completion(result.map { (entry.id, $0) })
        }
        let peer = entry.peer
        switch (entry.request, result) {
        case (.replay(let request), .success(.replay(let end, let batches))):
            let usable = batches.count { receive($0, from: peer) }
            // Of state, less than was sent must not pass for all there is.
            feed(
                request.isStateOnly && usable < batches.count
                    ? .replayFailed(request, from: peer)
                    : .replayEnded(request, end, from: peer))
        case (.replay(let request), _):
            feed(.replayFailed(request, from: peer))
        case (.ownHead, .success(.heads(let page))):
            feed(.ownHeadsReceived(page.heads, from: peer))
        case (.ownHead, _):
            feed(.ownHeadsFailed(from: peer))
        case (.heads, .success(.heads(let page))):
            feed(.headsReceived(page.heads, from: peer))
            if !page.isLast, let last = page.heads.last { ask(.heads(after: last.log), peer) }
        case (.records, .success(.records(let page))):
            receive(records: page.records, from: peer)
        case (.ping, _), (.heads, _), (.records, _), (.acknowledge, _), (.status, _), (.blob, _),
            (.hello, _):
            // The next beacon shows again what this was about.
            counters.count("request.failed")
        }
    }
}
