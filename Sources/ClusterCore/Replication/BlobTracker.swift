// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// Blobs that events name: a batch waits for its blobs before it goes to disk.
///
/// So a node that says that it holds an event holds its blobs, and no level of confirmation counts
/// one that does not.
struct BlobTracker: Sendable {
    private struct Missing: Sendable {
        /// Logs whose batches wait for it, in order.
        var logs: [EpochID]
        var asked: NodeID?
        var failures = 0
        var notBefore: Instant
    }

    private var missing: OrderedTable<BlobReference, Missing> = OrderedTable()
    private(set) var inFlight = 0

    var isEmpty: Bool { missing.isEmpty }
    var isFull: Bool { missing.count >= Limits.missingBlobs }

    mutating func want(_ blob: BlobReference, for log: EpochID, now: Instant) {
        if let known = missing[blob] {
            if !known.logs.contains(log) { missing[blob]?.logs.append(log) }
        } else {
            missing[blob] = Missing(logs: [log], notBefore: now)
        }
    }

    /// The blob is here: the logs that waited for it.
    mutating func stored(_ blob: BlobReference) -> [EpochID] {
        guard let entry = missing[blob] else { return [] }
        if entry.asked != nil { inFlight -= 1 }
        missing[blob] = nil
        return entry.logs
    }

    /// A peer did not have it; the logs that wait no longer, as nobody seems to have it.
    mutating func failed(
        _ blob: BlobReference, peerCount: Int, now: Instant, jitter: inout Jitter
    ) -> [EpochID] {
        guard let entry = missing[blob], entry.asked != nil else { return [] }
        inFlight -= 1
        let failures = entry.failures + 1
        guard failures < Limits.blobRounds * max(peerCount, 1) else {
            missing[blob] = nil
            return entry.logs
        }
        let rounds = 1 + failures / max(peerCount, 1)
        missing[blob]?.asked = nil
        missing[blob]?.failures = failures
        // Within a round the next peer is asked at once.
        let isRoundOver = failures.isMultiple(of: max(peerCount, 1))
        missing[blob]?.notBefore =
            isRoundOver
            ? now + jitter.full(Limits.blobBackoff.wait(afterFailures: rounds - 1)) : now
        return []
    }

    /// What to ask for now, and whom: the origin first, then the others in turn.
    mutating func due(
        now: Instant, peers: [NodeID]
    ) -> [(blob: BlobReference, peer: NodeID)] {
        guard !peers.isEmpty, inFlight < Limits.blobFetches else { return [] }
        var result: [(blob: BlobReference, peer: NodeID)] = []
        for blob in missing.keys {
            guard inFlight < Limits.blobFetches else { break }
            guard let entry = missing[blob], entry.asked == nil, now >= entry.notBefore else {
                continue
            }
            let origin = entry.logs.first?.origin
            let turn = peers.firstIndex { $0 == origin } ?? 0
            let peer = peers[(turn + entry.failures) % peers.count]
            missing[blob]?.asked = peer
            inFlight += 1
            result.append((blob, peer))
        }
        return result
    }

    /// `nil` too where nobody can be asked, or enough is being fetched.
    var nextDeadline: Instant? {
        guard inFlight < Limits.blobFetches else { return nil }
        return missing.keys.compactMap { key in
            missing[key].flatMap { $0.asked == nil ? $0.notBefore : nil }
        }.min()
    }
}
