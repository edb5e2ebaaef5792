// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ClusterModel
internal import ClusterSigning

/// A place in this node's log order, from which reading goes on.
struct LogPlace: Sendable {
    /// The position of the last batch that was read whole.
    var position: Int64
    /// Events through this one of the batch behind it have been read as well.
    var within: EventID?
}

/// How many batches are read at a time: few where they are heavy, as a page waits in memory while
/// its reader does not read.
struct PageSize {
    /// The most of one page.
    static let most = 64

    /// The batches of the next page.
    private(set) var count = 4

    /// Takes the measure of a page.
    mutating func learn(_ page: [VerifiedBatch]) {
        let weight = page.reduce(0) { $0 + $1.sealed.byteCount }
        if weight > 256 << 10 {
            count = max(1, count / 4)
        } else if weight < 64 << 10 {
            count = min(PageSize.most, count * 2)
        }
    }
}

/// Reads batches in this node's log order, verified again, for those who look back.
struct LogReading: Sendable {
    let node: Node
    let log: any EventLog

    /// The place after an event; after everything where there is none, before everything where
    /// `since` is `0`.
    ///
    /// - Throws: `ErrorDocument` where `since` is no event of this log.
    func place(since: String?) async throws(ErrorDocument) -> LogPlace {
        do {
            guard let since else {
                return LogPlace(position: try await log.statistics().lastPosition)
            }
            guard since != "0" else { return LogPlace(position: 0) }
            guard let reference = EventReference(since) else {
                throw ErrorDocument.malformed("expected NODE-EPOCH-SEQUENCE or 0, found \(since)")
            }
            guard let stored = try await log.batch(holding: reference),
                let batch = await node.verified(stored.sealed)
            else {
                throw ErrorDocument(
                    code: "unknown-event", message: "this node's log does not hold \(since)",
                    hint: "it may have been truncated; use --since 0 for all there is",
                    exitStatus: ExitStatus.failed)
            }
            let id = EventID(log: batch.header.log, sequence: reference.sequence)
            return LogPlace(position: stored.position - 1, within: id)
        } catch let error as ErrorDocument {
            throw error
        } catch let error as EventLogError {
            throw ErrorDocument(error)
        } catch {
            throw .malformed("\(error)")
        }
    }

    /// The next page: batches with the indices of their events that have not been read, and the
    /// place after them.
    ///
    /// Empty at the end of the log.
    ///
    /// - Throws: `ErrorDocument` where the log cannot be read.
    func page(
        after place: inout LogPlace, limit: Int
    ) async throws(ErrorDocument) -> [(batch: VerifiedBatch, disposition: Disposition, first: Int)]
    {
        let stored: [StoredBatch]
        do {
            stored = try await log.batches(afterPosition: place.position, limit: limit)
        } catch {
            throw ErrorDocument(error)
        }
        var page: [(VerifiedBatch, Disposition, Int)] = []
        for one in stored {
            place.position = one.position
            guard let batch = await node.verified(one.sealed) else { continue }
            var first = 0
            if let within = place.within, within.log == batch.header.log,
                batch.header.range.contains(within)
            {
                first = Int(within.sequence.value - batch.header.first.value) + 1
            }
            place.within = nil
            if first < batch.events.count { page.append((batch, one.disposition, first)) }
        }
        return page
    }

    /// Where the newest events of the log begin, and how many there are: no more than asked for.
    ///
    /// Counts backwards in steps that grow, since a batch has one event or a thousand, and keeps
    /// none of them.
    ///
    /// - Throws: `ErrorDocument` where the log cannot be read.
    func newest(
        _ count: Int
    ) async throws(ErrorDocument) -> (place: LogPlace, skipping: Int, count: Int) {
        let end = try await place(since: nil).position
        var reach = Int64(PageSize.most)
        while true {
            let start = LogPlace(position: max(0, end - reach))
            var place = start
            var size = PageSize()
            var found = 0
            while true {
                let page = try await page(after: &place, limit: size.count)
                guard !page.isEmpty else { break }
                size.learn(page.map(\.batch))
                found += page.reduce(0) { $0 + $1.batch.events.count - $1.first }
            }
            if start.position == 0 || found >= count {
                return (start, max(0, found - count), min(found, count))
            }
            reach *= 4
        }
    }
}

/// One event as the log holds it.
struct LoggedEvent: Sendable {
    let batch: VerifiedBatch
    let index: Int
    let disposition: Disposition

    /// The events of a batch from an index on.
    static func all(
        of batch: VerifiedBatch, _ disposition: Disposition, from first: Int
    ) -> [LoggedEvent] {
        batch.events.indices.dropFirst(first).map {
            LoggedEvent(batch: batch, index: $0, disposition: disposition)
        }
    }
}

extension Node {
    /// Events of the log, for people.
    func documents(of events: some Sequence<LoggedEvent> & Sendable) -> [EventDocument] {
        let snapshot = snapshot()
        return events.map {
            EventDocument(
                $0.batch, $0.index, $0.disposition, snapshot: snapshot, own: identity.node)
        }
    }

    /// A stored batch, if it still verifies.
    func verified(_ sealed: SealedBatch) -> VerifiedBatch? {
        switch verify(sealed) {
        case .success(let batch): return batch
        case .failure:
            counters.count("log.damaged-batch")
            return nil
        }
    }
}
