// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ClusterModel
internal import ClusterSigning
internal import Logging

/// One subscriber's way: through the log first, then live, back to the log where it fell behind.
///
/// Law: every accepted event is handed out once, in its origin's order; one that was withheld and
/// is released later is handed out when it is.
struct Following: Sendable {
    let node: Node
    let reading: LogReading
    let subscriber: Subscriber
    let output: Lines<ApplicationEventDocument>.Continuation

    /// Hands out until there will be no more.
    ///
    /// - Throws: `ErrorDocument` where the log cannot be read, or too much was released at once.
    func run(from start: LogPlace, replaying: Bool) async throws(ErrorDocument) {
        var place = start
        // What has been handed out, so that what comes both ways is handed out once.
        var seen = VersionVector()
        var mustRead = replaying
        while true {
            if mustRead { try await read(from: &place, into: &seen) }
            mustRead = false
            switch await subscriber.next() {
            case .events(let events):
                for event in events where event.id.sequence > seen[event.id.log] {
                    seen.raise(event.id.log, to: event.id.sequence)
                    try await hand(event)
                }
            case .released(let events):
                for event in events {
                    seen.raise(event.id.log, to: event.id.sequence)
                    try await hand(event)
                }
            case .overflow: mustRead = true
            case .overwhelmed: throw .overwhelmed
            case .ended: return
            }
        }
    }

    /// Reads the log to its end.
    private func read(
        from place: inout LogPlace, into seen: inout VersionVector
    ) async throws(ErrorDocument) {
        while true {
            let page = try await reading.page(after: &place)
            guard !page.isEmpty else { return }
            for (batch, disposition, first) in page where disposition == .accepted {
                for event in batch.deliverable(from: first)
                where event.id.sequence > seen[event.id.log] {
                    seen.raise(event.id.log, to: event.id.sequence)
                    // It was accepted in the log after it had been queued.
                    subscriber.forgetReleased(event.id)
                    if subscriber.wants(event.event.topic) { try await hand(event) }
                }
            }
        }
    }

    private func hand(_ event: DeliveredEvent) async throws(ErrorDocument) {
        let bytes: [UInt8]?
        do {
            bytes = try await node.bytes(of: event.event.payload)
        } catch {
            throw ErrorDocument(error)
        }
        guard let bytes else { return node.counters.count("subscription.blob-missing") }
        let snapshot = await node.snapshot()
        output.yield(
            ApplicationEventDocument(
                event, bytes: bytes, snapshot: snapshot, own: node.identity.node))
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
