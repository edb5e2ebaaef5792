// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel

/// How far each log had come, and when, by the checkpoints of other members.
///
/// A batch that is first seen after its grant's end is believed to be older where another member's
/// checkpoint covers it with a date inside the grant's time.
/// Limit: 256 dates a log and member; of more, every second one goes, the newest stays.
struct Dating: Sendable {
    private struct Date: Sendable {
        let head: EpochHead
        let wall: WallTime
    }

    static let limit = 256
    /// Logs and members that are followed; what comes beyond it is not dated.
    static let pairLimit = 16_384

    private var dates: [EpochID: [NodeID: [Date]]] = [:]
    private var pairs = 0
    /// The newest date in any checkpoint.
    private(set) var newest = WallTime(milliseconds: 0)

    /// Takes a member's word for how far logs had come; his word on his own log proves nothing.
    mutating func note(_ checkpoint: Checkpoint, by member: NodeID) {
        newest = max(newest, checkpoint.wall)
        for head in checkpoint.heads where head.log.origin != member {
            var known = dates[head.log]?[member] ?? []
            if known.isEmpty {
                guard pairs < Self.pairLimit else { continue }
                pairs += 1
            }
            let isKnown = known.contains {
                $0.head.last >= head.last && $0.wall <= checkpoint.wall
            }
            guard !isKnown else { continue }
            known.removeAll { $0.head.last <= head.last && $0.wall >= checkpoint.wall }
            known.append(Date(head: head, wall: checkpoint.wall))
            known.sort { $0.wall < $1.wall }
            if known.count > Self.limit {
                known = known.enumerated().filter { ($0.offset % 2) == (known.count - 1) % 2 }
                    .map(\.element)
            }
            dates[head.log, default: [:]][member] = known
        }
    }

    /// Whether one of those members saw the batch before that time.
    func dates(
        _ header: BatchHeader, hash: Digest, before limit: WallTime, by members: [Member]
    ) -> Bool {
        guard let known = dates[header.log] else { return false }
        return members.contains { member in
            (known[member.node] ?? []).contains { date in
                date.wall <= limit && date.head.covers(header, hash: hash)
            }
        }
    }
}

extension EpochHead {
    /// Whether the batch is at or before this head.
    ///
    /// Where it ends there, its hash must be this one; earlier ones are bound by the chain, which
    /// whoever accepted the batch into its log has checked.
    func covers(_ header: BatchHeader, hash: Digest) -> Bool {
        guard log == header.log, header.last <= last else { return false }
        return header.last < last || hash == chain
    }
}
