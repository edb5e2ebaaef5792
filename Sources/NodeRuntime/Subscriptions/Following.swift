// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ClusterModel
internal import ClusterSigning
internal import Logging

/// One subscriber's way: through the log first, then live, back to the log where it fell behind.
///
/// Law: every accepted event is handed out once, in its origin's order; one that was withheld and
/// is released later is handed out when it is. A subscriber that does not read costs no more than
/// its queue, one page of the log, and what waits in its handoff.
struct Following: Sendable {
    let node: Node
    let reading: LogReading
    let subscriber: Subscriber
    let output: Handoff<ApplicationEventDocument>

    /// Hands out until there will be no more, or nobody reads any more.
    ///
    /// - Throws: `ErrorDocument` where the log cannot be read, or too much was released at once.
    func run(from start: LogPlace, replaying: Bool) async throws(ErrorDocument) {
        var place = start
        // What has been handed out, so that what comes both ways is handed out once.
        var seen = VersionVector()
        var mustRead = replaying
        var isRead = true
        while isRead {
            if mustRead {
                isRead = try await read(from: &place, into: &seen)
                guard isRead else { return }
            }
            mustRead = false
            switch await subscriber.next() {
            case .events(let events):
                isRead = try await hand(seen.takeUnseen(events))
            case .released(let events):
                for event in events { seen.raise(event.id.log, to: event.id.sequence) }
                isRead = try await hand(events)
            case .overflow:
                node.counters.count("subscription.behind")
                mustRead = true
            case .overwhelmed: throw .overwhelmed
            case .ended: return
            }
        }
    }

    /// Reads the log to its end; tells whether anybody reads on.
    private func read(
        from place: inout LogPlace, into seen: inout VersionVector
    ) async throws(ErrorDocument) -> Bool {
        var size = PageSize()
        while true {
            let page = try await reading.page(after: &place, limit: size.count)
            guard !page.isEmpty else { return true }
            size.learn(page.map(\.batch))
            for (batch, disposition, first) in page where disposition == .accepted {
                let events = seen.takeUnseen(batch.deliverable(from: first))
                // They were accepted in the log after they had been queued.
                for event in events { subscriber.forgetReleased(event.id) }
                let wanted = events.filter { subscriber.wants($0.event.topic) }
                guard try await hand(wanted) else { return false }
            }
        }
    }

    /// Hands events out; tells whether anybody reads on.
    private func hand(_ events: [DeliveredEvent]) async throws(ErrorDocument) -> Bool {
        guard !events.isEmpty else { return true }
        let snapshot = await node.snapshot()
        for event in events {
            let bytes: [UInt8]?
            do {
                bytes = try await node.bytes(of: event.event.payload)
            } catch {
                throw ErrorDocument(error)
            }
            guard let bytes else {
                node.counters.count("subscription.blob-missing")
                continue
            }
            let document = ApplicationEventDocument(
                event, bytes: bytes, snapshot: snapshot, own: node.identity.node)
            guard await output.send(document, weight: bytes.count + DeliveredEvent.overhead)
            else { return false }
        }
        return true
    }
}

extension VersionVector {
    /// The events that it does not cover yet; then it covers them.
    fileprivate mutating func takeUnseen(_ events: [DeliveredEvent]) -> [DeliveredEvent] {
        events.filter { event in
            guard event.id.sequence > self[event.id.log] else { return false }
            raise(event.id.log, to: event.id.sequence)
            return true
        }
    }
}

extension ErrorDocument {
    /// More was released at once than waits for a subscriber.
    fileprivate static var overwhelmed: ErrorDocument {
        ErrorDocument(
            code: "subscriber-behind",
            message: "more events were released than a subscriber may leave unread",
            hint: "subscribe again with --since 0, or --since an event before them",
            exitStatus: ExitStatus.failed)
    }
}
