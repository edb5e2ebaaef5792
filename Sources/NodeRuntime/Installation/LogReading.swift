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

/// Reads batches in this node's log order, verified again, for those who look back.
struct LogReading: Sendable {
    /// How many batches are read at a time.
    static let pageSize = 64

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
    func page(
        after place: inout LogPlace
    ) async throws(EventLogError) -> [(batch: VerifiedBatch, disposition: Disposition, first: Int)]
    {
        let stored = try await log.batches(
            afterPosition: place.position, limit: LogReading.pageSize)
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
}

extension Node {
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
