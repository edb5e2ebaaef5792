// SPDX-License-Identifier: Apache-2.0

public import AdminAPI
internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import Foundation

// Looking back, and following.
extension Installation {
    /// Application events of the topics, replayed from the log after `since`, then live.
    public func subscribe(
        topics: [String], since: String?
    ) async throws(ErrorDocument) -> AsyncThrowingStream<ApplicationEventDocument, any Error> {
        let node = try loggedInNode()
        let reading = LogReading(node: node, log: ports.log)
        let (subscriber, number) = node.ports.hub.add(topics)
        let place: LogPlace
        do {
            place = try await reading.place(since: since)
        } catch {
            node.ports.hub.remove(number)
            throw error
        }
        let output = Handoff<ApplicationEventDocument>()
        let following = Following(
            node: node, reading: reading, subscriber: subscriber, output: output)
        output.fill(on: node) { () throws(ErrorDocument) in
            try await following.run(from: place, replaying: since != nil)
        }
        return HandoffReader(output) { node.ports.hub.remove(number) }.lines
    }

    /// Events of the log in this node's order: the first after `since`, without it the newest; goes
    /// on live where `follow` is set.
    public func events(
        since: String?, limit: Int, follow: Bool
    ) async throws(ErrorDocument) -> AsyncThrowingStream<EventDocument, any Error> {
        let node = try loggedInNode()
        let reading = LogReading(node: node, log: ports.log)
        let output = Handoff<EventDocument>()
        let listing = Listing(node: node, reading: reading, output: output)
        guard follow else {
            let start = since == nil ? nil : try await reading.place(since: since)
            output.fill(on: node) { () throws(ErrorDocument) in
                guard let start else { return try await listing.runNewest(limit) }
                var place = start
                _ = try await listing.run(from: &place, limit: limit)
            }
            return HandoffReader(output) {}.lines
        }
        let start = try await reading.place(since: since)
        let (ticks, tick) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let observer = await node.addObserver { news in
            if case .stored = news { tick.yield() }
        }
        output.fill(on: node) { () throws(ErrorDocument) in
            var place = start
            while try await listing.run(from: &place, limit: .max) {
                guard await ticks.first(where: { true }) != nil else { return }
            }
        }
        return HandoffReader(output) {
            tick.finish()
            node.post(.stopObserving(observer))
        }.lines
    }

    /// One event with what came of it on every member.
    public func event(id: String) async throws(ErrorDocument) -> EventDocument {
        let node = try loggedInNode()
        guard let reference = EventReference(id) else {
            throw .malformed("expected NODE-EPOCH-SEQUENCE, found \(id)")
        }
        do {
            guard let stored = try await ports.log.batch(holding: reference),
                let batch = await node.verified(stored.sealed)
            else {
                throw ErrorDocument(
                    code: "unknown-event", message: "this node's log does not hold \(id)",
                    hint: "ask the node that published it", exitStatus: ExitStatus.failed)
            }
            let event = EventID(log: batch.header.log, sequence: reference.sequence)
            let range = EventRange(
                log: event.log, first: event.sequence, last: event.sequence)
            let receipts = try await ports.log.receipts(about: range)
            let snapshot = await node.snapshot()
            let index = Int(event.sequence.value - batch.header.first.value)
            var document = EventDocument(
                batch, index, stored.disposition, snapshot: snapshot, own: identity.node)
            let outcomes = await node.outcomes(of: event)
            let order = snapshot.inListOrder(outcomes.map(\.node), own: identity.node)
            document.outcomes = order.map { member in
                let outcome = outcomes.first { $0.node == member }?.outcome
                let last = receipts.last { $0.node == member }
                return OutcomeDocument(
                    node: snapshot.name(of: member, own: identity.node),
                    last?.receipt.outcome ?? outcome, steps: last?.receipt.steps ?? [])
            }
            return document
        } catch let error as ErrorDocument {
            throw error
        } catch let error as EventLogError {
            throw ErrorDocument(error)
        } catch {
            throw .malformed("\(error)")
        }
    }
}

extension VerifiedBatch {
    /// The application events from an index on, as subscribers get them.
    func deliverable(from first: Int) -> [DeliveredEvent] {
        events.indices.dropFirst(first).compactMap { index in
            guard case .application(let content) = events[index].content else { return nil }
            return DeliveredEvent(
                id: id(at: index), timestamp: events[index].timestamp, grant: header.grant,
                event: content)
        }
    }
}

extension ApplicationEventDocument {
    init(_ event: DeliveredEvent, bytes: [UInt8], snapshot: NodeSnapshot, own: NodeID) {
        let text = String(validating: bytes, as: UTF8.self)
        self.init(
            id: event.id.description, topic: event.event.topic,
            user: snapshot.user(of: event.grant),
            node: snapshot.name(of: event.id.log.origin, own: own),
            time: event.timestamp.milliseconds, payload: text,
            payloadBase64: text == nil ? Data(bytes).base64EncodedString() : nil)
    }
}

extension EventDocument {
    init(
        _ batch: VerifiedBatch, _ index: Int, _ disposition: Disposition, snapshot: NodeSnapshot,
        own: NodeID
    ) {
        let event = batch.events[index]
        self.init(
            id: batch.id(at: index).description, kind: event.content.kindWord,
            summary: event.content.summary, user: snapshot.user(of: batch.header.grant),
            node: snapshot.name(of: batch.header.log.origin, own: own),
            time: event.timestamp.milliseconds, disposition: "\(disposition)", outcomes: nil)
    }
}

extension EventContent {
    /// The kind, as programs know it.
    var kindWord: String {
        switch self {
        case .application: "application"
        case .invalidation: "invalidation"
        case .revision: "revision"
        case .lock: "lock"
        case .receipt: "receipt"
        case .checkpoint: "checkpoint"
        case .unknown: "unknown"
        }
    }

    /// One line for people.
    var summary: String {
        switch self {
        case .application(let event):
            "\(event.topic), \(counted(event.payload.byteCount, "byte", "bytes"))"
        case .invalidation(let order): order.summary
        case .revision(let proposal):
            "generation \(proposal.generation), \(proposal.commits.count) repositories"
        case .lock(let change): change.summary
        case .receipt(let receipt): "\(receipt.subject): \(receipt.outcome.word)"
        case .checkpoint(let checkpoint): "\(checkpoint.heads.count) heads"
        case .unknown(let kind, let bytes): "kind \(kind), \(counted(bytes.count, "byte", "bytes"))"
        }
    }
}

extension LockChange {
    /// What it says, in words.
    fileprivate var summary: String {
        guard let claim else { return "unlocked" }
        let length = "locked for \(claim.ttl / 1_000) s"
        return claim.reason.isEmpty ? length : "\(length): \(claim.reason)"
    }
}

extension Invalidation {
    /// What it names, in words.
    fileprivate var summary: String {
        var words: [String] = []
        if everything { words.append("everything") }
        if opcodeCache { words.append("opcode cache") }
        if userCache { words.append("user cache") }
        let lists = [
            ("paths", paths), ("keys", keys), ("key prefixes", keyPrefixes),
            ("key patterns", keyPatterns), ("URLs", urls), ("tags", tags),
        ]
        words += lists.filter { !$0.1.isEmpty }.map { "\($0.1.count) \($0.0)" }
        return words.joined(separator: ", ")
    }
}

extension ApplyOutcome {
    /// The outcome's word.
    var word: String {
        switch self {
        case .applied: "applied"
        case .superseded: "superseded"
        case .failed: "failed"
        case .parked: "parked"
        case .refused: "refused"
        }
    }
}

/// A number of something, for people.
private func counted(_ count: some BinaryInteger, _ one: String, _ many: String) -> String {
    "\(count) \(count == 1 ? one : many)"
}
