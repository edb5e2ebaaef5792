// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import Logging
internal import WireFormat

/// A request that waits for this node's answer.
struct OpenRequest {
    /// How many of one asker may wait; each may hold a blob of a MiB meanwhile.
    static let limitOfAsker = 32
    /// How many of all may wait.
    static let limit = 512

    /// Repeated in the answer.
    let id: RequestID
    /// Who waits.
    let asker: AdmittedKey
    /// Where a page of heads goes on.
    var after: EpochID?
}

extension Request {
    /// Whether its answer may need a disk or others; what does not is answered at once.
    fileprivate var mayWait: Bool {
        switch self {
        case .replay, .heads, .ownHead, .records, .status, .blob: true
        case .ping, .hello, .acknowledge: false
        }
    }
}

// What peers and clients ask of this node: an explicit table of verbs, each with who may use it.
extension Node {
    /// Does what is asked.
    func receive(request frames: [[UInt8]], from asker: AdmittedKey, _ ticket: ReplyTicket) {
        if case .node(let node) = asker, offences.isCut(node) {
            // Its key stays admitted: to end its connection would end everybody's.
            return counters.count("request.of-cut-peer")
        }
        do {
            let (id, request) = try RequestCodec.decode(frames)
            let isCrowded = request.mayWait && isCrowded(for: asker)
            open[ticket] = OpenRequest(id: id, asker: asker)
            if isCrowded {
                counters.count("request.too-many")
                return answer(
                    .refused(
                        WireFormat.Refusal(
                            .busy, expected: "at most \(OpenRequest.limitOfAsker) at once",
                            found: "more")), ticket)
            }
            dispatch(request, from: asker, ticket)
        } catch {
            reject("request.\(error.error.code.rawValue)", from: asker)
            guard let id = error.id else { return }
            open[ticket] = OpenRequest(id: id, asker: asker)
            answer(.refused(error.refusal), ticket)
        }
    }

    /// Whether so much waits that one more has to come again later.
    private func isCrowded(for asker: AdmittedKey) -> Bool {
        open.count >= OpenRequest.limit
            || open.count >= OpenRequest.limitOfAsker
                && open.values.count { $0.asker == asker } >= OpenRequest.limitOfAsker
    }

    private func dispatch(_ request: Request, from asker: AdmittedKey, _ ticket: ReplyTicket) {
        switch asker {
        case .node(let node): dispatch(request, fromNode: node, ticket)
        case .client(name: _, let scopes): dispatch(request, fromClient: scopes, ticket)
        }
    }

    private func dispatch(_ request: Request, fromNode node: NodeID, _ ticket: ReplyTicket) {
        switch request {
        case .replay(let request): feed(.replayRequested(request, ticket, from: node))
        case .heads(let after):
            open[ticket]?.after = after
            feed(.headsRequested(origin: nil, ticket, from: node))
        case .ownHead(let origin): feed(.headsRequested(origin: origin, ticket, from: node))
        case .records(let request): answerRecords(request, ticket, isMember: true)
        case .acknowledge(let list):
            open[ticket] = nil
            for acknowledgement in list { feed(.acknowledged(acknowledgement, from: node)) }
        case .ping, .status, .blob, .hello: answer(harmless: request, ticket)
        }
    }

    /// What changes nothing and tells no secret of the cluster's members.
    private func dispatch(_ request: Request, fromClient scopes: Scopes, _ ticket: ReplyTicket) {
        switch request {
        case .ping, .hello: answer(harmless: request, ticket)
        case .status, .blob, .heads, .ownHead, .replay, .records:
            guard scopes.contains(.query) else { return refuse(request, ticket) }
            switch request {
            // In this node's own name: clients share one peer's allowance.
            case .replay(let request):
                feed(.replayRequested(request, ticket, from: identity.node))
            case .heads(let after): answerHeads(of: nil, after: after, ticket)
            case .ownHead(let origin): answerHeads(of: origin, after: nil, ticket)
            case .records(let request): answerRecords(request, ticket, isMember: false)
            case .ping, .status, .blob, .hello, .acknowledge: answer(harmless: request, ticket)
            }
        case .acknowledge:
            open[ticket] = nil
            counters.count("request.not-allowed")
        }
    }

    private func refuse(_ request: Request, _ ticket: ReplyTicket) {
        counters.count("request.not-allowed")
        answer(
            .refused(
                WireFormat.Refusal(
                    .notAllowed, expected: "a key with the scope query", found: "another one")),
            ticket)
    }

    private func answer(harmless request: Request, _ ticket: ReplyTicket) {
        switch request {
        case .ping:
            answer(.pong(Pong(instance: instance, wall: ports.clock.now().wall)), ticket)
        case .status: answerStatus(ticket)
        case .blob(let request): serve(request, ticket)
        case .hello(let request):
            do {
                answer(.hello(try hello(request)), ticket)
            } catch {
                fail(ticket, "\(error)")
            }
        case .replay, .heads, .ownHead, .records, .acknowledge:
            preconditionFailure("\(request.verb) is not harmless")
        }
    }

    /// Whether another member has all records that are here.
    var hasSpreadRecords: Bool { spreadRecords == core.currentAuthority.digest }

    // MARK: Answers

    /// Sends an answer.
    ///
    /// The last word on that ticket.
    func answer(_ reply: Reply, _ ticket: ReplyTicket) {
        guard let request = open.removeValue(forKey: ticket) else { return }
        do {
            ports.transport.reply(try ReplyCodec.encode(reply, id: request.id), to: ticket)
        } catch {
            counters.count("reply.not-encoded")
            logger.error("an answer cannot be sent: \(error)")
        }
    }

    private func fail(_ ticket: ReplyTicket, _ why: String) {
        answer(.refused(WireFormat.Refusal(.failed, expected: "an answer", found: why)), ticket)
    }

    /// Sends a page of what the core knows of logs.
    func answer(_ heads: [EpochHead], _ ticket: ReplyTicket) {
        let after = open[ticket]?.after
        let rest = after.map { after in heads.filter { $0.log > after } } ?? heads
        let page = rest.prefix(WireLimits.headsInReply)
        answer(.heads(HeadsPage(heads: Array(page), isLast: page.count == rest.count)), ticket)
    }

    private func answerHeads(of origin: NodeID?, after: EpochID?, _ ticket: ReplyTicket) {
        open[ticket]?.after = after
        start { [self] in
            do {
                let heads = try await ports.log.heads()
                post(.answer(heads.filter { origin == nil || $0.log.origin == origin }, ticket))
            } catch {
                post(.failed(ticket, "\(error)"))
            }
        }
    }

    /// Sends batches from the log.
    func serve(_ request: ReplayRequest, _ ticket: ReplyTicket) {
        start { [self] in
            do {
                let stored = try await stored(for: request)
                // That a range has no state is an answer.
                let end: ReplayEnd = stored.isEmpty && !request.isStateOnly ? .notHeld : .served
                post(.served(.replay(end, stored.map(\.sealed)), ticket))
            } catch {
                post(.served(.replay(.notHeld, []), ticket))
            }
        }
    }

    private func stored(
        for request: ReplayRequest
    ) async throws(EventLogError) -> [StoredBatch] {
        let byteLimit = min(request.credit, WireLimits.replayCredit)
        guard request.isStateOnly else {
            return try await ports.log.batches(
                of: request.log, from: request.first, through: request.last,
                byteLimit: byteLimit)
        }
        return try await ports.log.stateBatches(
            of: request.log, from: request.first, through: request.last, byteLimit: byteLimit)
    }

    private func serve(_ request: BlobRequest, _ ticket: ReplyTicket) {
        start { [self] in
            do {
                let whole = try await ports.log.blob(
                    request.digest, offset: 0, count: WireLimits.blob)
                guard let whole, request.offset < whole.count else {
                    let refusal = WireFormat.Refusal(
                        .notHeld, expected: "a blob of this node, and an offset within it",
                        found: "\(request.digest.short) at \(request.offset)")
                    return post(.served(.refused(refusal), ticket))
                }
                let end = min(whole.count, request.offset + request.length)
                let chunk = BlobChunk(
                    blobByteCount: whole.count, offset: request.offset,
                    bytes: Array(whole[request.offset..<end]))
                post(.served(.blob(chunk), ticket))
            } catch {
                post(.failed(ticket, "\(error)"))
            }
        }
    }

    /// Sends the records which the asker lacks, as many as fit; credentials to members alone.
    private func answerRecords(
        _ request: RecordsRequest, _ ticket: ReplyTicket, isMember: Bool
    ) {
        let authority = core.currentAuthority
        guard request.digest != authority.digest else {
            if isMember { spreadRecords = authority.digest }
            return answer(.records(RecordsPage(records: [], isLast: true)), ticket)
        }
        let known = Set(request.known)
        let hashes = authority.hashes.filter { !known.contains($0) }
        let lacking =
            isMember ? authority.recordsForMembers(hashes) : authority.records(hashes)
        var page: [SealedRecord] = []
        var size = 0
        for record in lacking {
            size += RecordsPage.byteCount(of: record)
            guard size <= WireLimits.reply - 1_024, page.count < WireLimits.recordsInReply
            else { break }
            page.append(record)
        }
        let isLast = page.count == lacking.count
        if isMember, isLast { spreadRecords = authority.digest }
        answer(.records(RecordsPage(records: page, isLast: isLast)), ticket)
    }

    /// Something else went wrong on the way to an answer.
    func failed(_ ticket: ReplyTicket, _ why: String) { fail(ticket, why) }
}
