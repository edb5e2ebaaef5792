// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import WireFormat

extension Node {
    // MARK: Asking

    /// Sends a request that waits for a reply; without a completion the core waits for it.
    func ask(
        _ request: Request, _ peer: NodeID,
        completion: (@Sendable (Result<Reply, RequestFailure>) -> Void)? = nil
    ) {
        let id = RequestID(high: SecureRandom.uint64(), low: SecureRandom.uint64())
        let deadline = ports.clock.now().instant + RequestTable.patience
        let entry = RequestTable.Entry(
            request: request, peer: peer, deadline: deadline, completion: completion)
        guard ports.transport.request(RequestCodec.encode(request, id: id), of: peer) else {
            return end(entry, .failure(.notSent))
        }
        requests.insert(id, entry)
    }

    /// Sends a request that has no reply.
    func tell(_ request: Request, _ peer: NodeID) {
        let id = RequestID(high: SecureRandom.uint64(), low: SecureRandom.uint64())
        _ = ports.transport.request(RequestCodec.encode(request, id: id), of: peer)
    }

    /// The time of a request is over.
    func abandon(_ entry: RequestTable.Entry) { end(entry, .failure(.silent)) }

    /// Takes what came back, whose form has been checked.
    func receive(reply frames: [[UInt8]], from peer: NodeID) {
        switch ReplyCodec.identify(frames) {
        case .failure(let error):
            reject("reply.\(error.code.rawValue)", of: peer)
        case .success(let id):
            guard let entry = requests.take(id, from: peer) else {
                return reject("reply.unknown", of: peer)
            }
            switch ReplyCodec.decode(frames, to: entry.request) {
            case .success(let reply): end(entry, .success(reply))
            case .failure(let error):
                reject("reply.\(error.code.rawValue)", of: peer)
                end(entry, .failure(.unusable(error.description)))
            }
        }
    }

    private func end(_ entry: RequestTable.Entry, _ result: Result<Reply, RequestFailure>) {
        if let completion = entry.completion { return completion(result) }
        switch (entry.request, result) {
        case (.replay(let request), .success(.replay(let end, let batches))):
            for batch in batches { receive(batch, from: entry.peer) }
            feed(.replayEnded(request, end, from: entry.peer))
        case (.replay(let request), _):
            feed(.replayFailed(request, from: entry.peer))
        case (.ownHead, .success(.heads(let heads, isLast: _))):
            feed(.ownHeadsReceived(heads, from: entry.peer))
        case (.ownHead, _):
            feed(.ownHeadsFailed(from: entry.peer))
        case (.heads, .success(.heads(let heads, let isLast))):
            feed(.headsReceived(heads, from: entry.peer))
            if !isLast, let last = heads.last { ask(.heads(after: last.log), entry.peer) }
        case (.records, .success(.records(let sealed, isLast: _))):
            receive(records: sealed, from: entry.peer)
        default:
            // A beacon shows again what this request was about.
            counters.count("request.failed")
        }
    }

    // MARK: Answering

    /// Does what a peer or a client asks, from an explicit table of verbs.
    func receive(request frames: [[UInt8]], from asker: Admission, _ ticket: ReplyTicket) {
        switch RequestCodec.decode(frames) {
        case .failure(let error):
            reject("request.\(error.code.rawValue)", of: asker.node)
            refuse(frames, error, ticket)
        case .success(let (id, request)):
            replying[ticket] = ReplyAddress(id: id, request: request)
            dispatch(request, from: asker, ticket)
        }
    }

    private func dispatch(_ request: Request, from asker: Admission, _ ticket: ReplyTicket) {
        switch (request, asker) {
        case (.ping, _):
            answer(.ping(instance: instance, wall: ports.clock.now().wall), ticket)
        case (.status, _) where asker.scopes.contains(.query): answerStatus(ticket)
        case (.hello(let request), _): answer(.hello(hello(request)), ticket)
        case (.replay(let request), .node(let node)):
            feed(.replayRequested(request, ticket, from: node))
        case (.replay(let request), .client) where asker.scopes.contains(.query):
            serve(request, ticket)
        case (.heads(let after), .node(let node)):
            headsAfter[ticket] = after
            feed(.headsRequested(origin: nil, ticket, from: node))
        case (.ownHead(let origin), .node(let node)):
            feed(.headsRequested(origin: origin, ticket, from: node))
        case (.records(let digest, let known), .node):
            answerRecords(digest, known, ticket)
        case (.acknowledge(let acknowledgements), .node(let node)):
            replying[ticket] = nil
            for one in acknowledgements { feed(.acknowledged(one, from: node)) }
        case (.blob(let digest, let offset, let length), _):
            serveBlob(digest, offset, length, ticket)
        default:
            answer(.refused(expected: "a verb that this key may use", found: "\(request.verb)"), ticket)
        }
    }
}
