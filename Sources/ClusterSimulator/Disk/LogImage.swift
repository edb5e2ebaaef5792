// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// One change of a log, as the driver submits it.
enum DiskOperation {
    case append([LogEntry])
    case keepState([LogEntry], of: EpochID, through: SequenceNumber)
    case applied(AppliedRecord)
    case receipt(Receipt, by: NodeID)
    case clears(ClearRecord)
    case dispose(EpochID, SequenceNumber, LogEntry.Disposition)
    case evidence(VerifiedBatch)
    case epoch(LogEpoch)
    case records([VerifiedRecord])
    case pin(PinnedUser)
    case blob(BlobReference, [UInt8])
    case truncate(EpochHead)
    case jump(EpochHead)
}

/// What is on one disk: a value, so that a backup and a clone are copies.
struct LogImage {
    /// One log as far as it is held.
    struct Track {
        var head: EpochHead
        var floor: EpochHead?
        var missing: EventRange?
        var applied: SequenceNumber = 0
        var outcomes: [AppliedRecord.Entry] = []
        var batches: [LogEntry] = []
    }

    private(set) var tracks: [EpochID: Track] = [:]
    private(set) var evidence: [EpochID: VerifiedBatch] = [:]
    private(set) var ownEpoch: LogEpoch?
    private(set) var records: [Digest: VerifiedRecord] = [:]
    private(set) var pins: [String: UserKey] = [:]
    private(set) var blobs: [Digest: [UInt8]] = [:]
    private(set) var receipts: [NodeID: [Receipt]] = [:]
    private(set) var clears = ClearRecord()

    /// The logs held, in order.
    var logs: [EpochID] { tracks.keys.sorted() }

    /// The ends of all logs that hold anything, in order.
    var heads: [EpochHead] { logs.compactMap { tracks[$0]?.head }.filter { $0.last > 0 } }

    /// The last position of a log that is on disk.
    func last(of log: EpochID) -> SequenceNumber { tracks[log]?.head.last ?? 0 }

    /// The logs that go farther than in an earlier state, in order.
    func advanced(since before: LogImage) -> [EpochID] {
        tracks.filter { $0.value.head.last > before.last(of: $0.key) }.keys.sorted()
    }

    /// The batch that holds a position.
    func batch(holding id: EventID) -> VerifiedBatch? {
        tracks[id.log]?.batches.first { $0.batch.header.range.contains(id) }?.batch
    }

    /// Whether a log is known to have two histories.
    func isQuarantined(_ log: EpochID) -> Bool {
        evidence[log] != nil
            || tracks[log]?.batches.contains { $0.disposition == .quarantined } ?? false
    }

    /// Whether everything in a range is held, or was once and has been truncated.
    func holds(_ range: EventRange) -> Bool { range.last <= last(of: range.log) }

    /// Does all operations, or says what is impossible and does none.
    func performing(_ operations: [DiskOperation]) -> Result<LogImage, DiskConflict> {
        var copy = self
        do throws(DiskConflict) {
            for operation in operations { try copy.perform(operation) }
            return .success(copy)
        } catch {
            return .failure(error)
        }
    }

    private mutating func perform(_ operation: DiskOperation) throws(DiskConflict) {
        switch operation {
        case .append(let entries): for entry in entries { try append(entry) }
        case .keepState(let entries, of: let log, through: let last):
            try keep(entries, of: log, through: last)
        case .applied(let record): apply(record)
        case .receipt(let receipt, by: let node): receipts[node, default: []].append(receipt)
        case .clears(let record): clears = record
        case .dispose(let log, let position, let disposition):
            let held = EventID(log: log, sequence: position)
            guard
                let index = tracks[log]?.batches.firstIndex(where: {
                    $0.batch.header.range.contains(held)
                }), let batch = tracks[log]?.batches[index].batch
            else { return }
            tracks[log]?.batches[index] = LogEntry(batch: batch, disposition: disposition)
        case .evidence(let batch): evidence[batch.header.log] = batch
        case .epoch(let epoch): ownEpoch = epoch
        case .records(let list): for record in list { records[record.hash] = record }
        case .pin(let user): pins[user.identifier] = user.key
        case .blob(let reference, let bytes): blobs[reference.digest] = bytes
        case .truncate(let floor): truncate(floor)
        case .jump(let floor): jump(floor)
        }
    }

    private mutating func append(_ entry: LogEntry) throws(DiskConflict) {
        let header = entry.batch.header
        // Taken out, so that there is one reference to the list and it is not copied.
        var track = tracks.removeValue(forKey: header.log) ?? Self.empty(header.log)
        defer { tracks[header.log] = track }
        guard header.first > track.head.last else {
            let isThere = track.batches.contains { $0.batch.hash == entry.batch.hash }
            guard isThere || header.last <= track.floor?.last ?? 0 else {
                throw DiskConflict(text: "another content at \(entry.batch.id(at: 0))")
            }
            return
        }
        guard header.first == track.head.last.next else {
            throw DiskConflict(
                text: "append of \(entry.batch.id(at: 0)) where the log ends at \(track.head.last)")
        }
        track.batches.append(entry)
        track.head = EpochHead(log: header.log, last: header.last, chain: entry.batch.hash)
    }

    /// Adds state below the floor, in its place; the head stays.
    private mutating func keep(
        _ entries: [LogEntry], of log: EpochID, through last: SequenceNumber
    ) throws(DiskConflict) {
        guard var track = tracks[log], let missing = track.missing else { return }
        for entry in entries {
            let range = entry.batch.header.range
            guard range.first >= missing.first, range.last <= missing.last else { continue }
            let index =
                track.batches.firstIndex { $0.batch.header.last >= range.first }
                ?? track.batches.count
            if index < track.batches.count, track.batches[index].batch.header.first <= range.last {
                throw DiskConflict(text: "state at \(entry.batch.id(at: 0)), where something is")
            }
            track.batches.insert(entry, at: index)
        }
        if last >= missing.first {
            track.missing =
                last < missing.last
                ? EventRange(log: log, first: last.next, last: missing.last) : nil
        }
        tracks[log] = track
    }

    private mutating func apply(_ record: AppliedRecord) {
        var track = tracks[record.log] ?? Self.empty(record.log)
        track.applied = max(track.applied, record.through)
        for entry in record.entries {
            track.outcomes = track.outcomes.flatMap { $0.without(entry.subject) }
            if entry.outcome != .applied { track.outcomes.append(entry) }
        }
        track.outcomes.sort { $0.subject.first < $1.subject.first }
        tracks[record.log] = track
    }

    private mutating func truncate(_ floor: EpochHead) {
        guard var track = tracks[floor.log], floor.last <= track.head.last,
            floor.last > track.floor?.last ?? 0
        else { return }
        track.batches.removeAll { entry in
            entry.batch.header.last <= floor.last
                && !entry.batch.events.contains { $0.content.isState }
        }
        track.floor = floor
        tracks[floor.log] = track
    }

    private mutating func jump(_ floor: EpochHead) {
        var track = tracks[floor.log] ?? Self.empty(floor.log)
        guard floor.last > track.head.last else { return }
        track.missing = EventRange(
            log: floor.log, first: track.missing?.first ?? track.head.last.next,
            last: floor.last)
        track.head = floor
        track.floor = floor
        tracks[floor.log] = track
    }

    private static func empty(_ log: EpochID) -> Track {
        Track(head: EpochHead(log: log, last: 0, chain: .none), floor: nil)
    }
}

/// Two contents for one position, or a hole: what the core must never ask for.
struct DiskConflict: Error, Hashable {
    let text: String
}

extension AppliedRecord.Entry {
    /// What is left of the entry where a range is taken out.
    fileprivate func without(_ range: EventRange) -> [AppliedRecord.Entry] {
        let before = EventRange(
            log: range.log, first: subject.first, last: min(subject.last, range.first.previous))
        let after = EventRange(
            log: range.log, first: max(subject.first, range.last.next), last: subject.last)
        return [before, after].filter { $0.first <= $0.last }
            .map { AppliedRecord.Entry(subject: $0, outcome: outcome, attempt: attempt) }
    }
}
