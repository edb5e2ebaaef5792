// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// One log as it grows here: durable, on its way to disk, and held because it came ahead.
///
/// Law: what is durable is a prefix of the log, and `durable` never goes back.
struct OriginTracker: Sendable {
    /// What became of a batch that came.
    enum Reception: Equatable, Sendable {
        /// It follows; `nextHeld` may follow it.
        case accepted
        /// It is ahead of its turn.
        case held
        /// It is known.
        case duplicate
        /// It is ahead, and there is no room, or its log is quarantined.
        case dropped
        /// It contradicts what is known of the log.
        case forked(EventID, known: Digest?)
    }

    /// How a head compares with what is here.
    enum Comparison: Equatable, Sendable {
        case level
        case ahead
        case behind
        case conflicting(EventID, known: Digest)
    }

    private struct Pending: Sendable {
        let batch: VerifiedBatch
        var missing: [BlobReference]
        var ticket: AppendTicket?
    }

    private struct Mark: Sendable {
        let first: SequenceNumber
        let last: SequenceNumber
        let hash: Digest
    }

    let log: EpochID
    /// The durable end.
    private(set) var durable: EpochHead
    /// The end of what was accepted; the chain goes on from here.
    private(set) var tail: EpochHead
    /// What was truncated or jumped over.
    private(set) var floor: EpochHead?
    /// Where others may have kept state below the floor that this node jumped to.
    private(set) var missingState: EventRange?
    /// The last position that anybody claims to hold.
    private(set) var advertised: SequenceNumber
    /// The highest position that was waited for in vain.
    private var abandoned: SequenceNumber = 0
    /// Two contents were seen for one position.
    private(set) var isQuarantined = false
    private var pending: [Pending] = []
    private var pendingBytes = 0
    private var held: [VerifiedBatch] = []
    private var heldBytes = 0
    /// Whether what is held is waited for no longer, since nobody has what comes before it.
    private var isHopeless = false
    private var recent: [Mark] = []

    init(head: EpochHead, floor: EpochHead? = nil, missingState: EventRange? = nil) {
        log = head.log
        self.missingState = missingState
        durable = head
        tail = head
        self.floor = floor
        advertised = head.last
    }

    var pendingCount: Int { pending.count }
    /// Whether so much less than the limits is on its way to disk that more may be asked for.
    var wantsMore: Bool {
        pending.count < Limits.pendingAppends / 2 && pendingBytes < Limits.pendingBytes / 2
    }
    private var hasRoom: Bool {
        pending.count < Limits.pendingAppends && pendingBytes < Limits.pendingBytes
    }
    var heldCount: Int { held.count }
    /// Whether more is known to exist than was accepted.
    var isBehind: Bool {
        !isQuarantined && (advertised > tail.last || !held.isEmpty && !isHopeless)
    }
    /// The last position known to exist.
    var known: SequenceNumber {
        isHopeless ? advertised : max(advertised, held.last?.header.last ?? 0)
    }

    mutating func advertise(_ last: SequenceNumber) { advertised = max(advertised, last) }

    /// Nobody has what follows the tail: what is behind it never became durable anywhere, or was
    /// lost.
    ///
    /// Whoever has it after all shows it again. What is held stays: another content may come in its
    /// place, and then the log has two histories. `false` where as much was given up before.
    mutating func giveUp() -> Bool {
        let isNews = known > abandoned
        abandoned = max(abandoned, known)
        advertised = tail.last
        isHopeless = true
        return isNews
    }

    mutating func receive(_ batch: VerifiedBatch) -> Reception {
        guard !isQuarantined else { return .dropped }
        let header = batch.header
        guard header.first > tail.last else { return judgeKnown(batch) }
        guard header.first == tail.last.next, hasRoom else {
            return hold(batch)
        }
        // Across epochs, and so for the very first batch, `previous` is a hint only.
        guard tail.last == 0 || header.previous == tail.chain else {
            return .forked(batch.id(at: 0), known: tail.chain)
        }
        accept(batch)
        return .accepted
    }

    private mutating func accept(_ batch: VerifiedBatch) {
        pending.append(Pending(batch: batch, missing: [], ticket: nil))
        pendingBytes += batch.sealed.byteCount
        tail = EpochHead(log: log, last: batch.header.last, chain: batch.hash)
        advertise(tail.last)
        recent.append(
            Mark(first: batch.header.first, last: batch.header.last, hash: batch.hash))
        if recent.count > Limits.rememberedBatches * 2 {
            recent.removeFirst(recent.count - Limits.rememberedBatches)
        }
    }

    private func judgeKnown(_ batch: VerifiedBatch) -> Reception {
        let header = batch.header
        if header.last > tail.last, header.first <= tail.last {
            return .forked(batch.id(at: 0), known: tail.chain)
        }
        let overlapping = recent.last { $0.first <= header.last && header.first <= $0.last }
        guard let overlapping else {
            return header.last == tail.last && batch.hash != tail.chain
                ? .forked(batch.id(at: 0), known: tail.chain) : .duplicate
        }
        guard overlapping.hash == batch.hash else {
            return .forked(batch.id(at: 0), known: overlapping.hash)
        }
        return .duplicate
    }

    /// Whether the content of a batch's positions is remembered.
    func remembers(_ batch: VerifiedBatch) -> Bool {
        batch.header.last >= tail.last
            || recent.contains {
                $0.first <= batch.header.last && batch.header.first <= $0.last
            }
    }

    /// Whether this very batch was accepted, as far as that is remembered.
    func recognises(_ batch: VerifiedBatch) -> Bool { judgeKnown(batch) == .duplicate }

    private mutating func hold(_ batch: VerifiedBatch) -> Reception {
        isHopeless = false
        var index = held.count
        while index > 0, held[index - 1].header.first > batch.header.first { index -= 1 }
        if index > 0, held[index - 1].header.first == batch.header.first {
            guard held[index - 1].hash == batch.hash else {
                return .forked(batch.id(at: 0), known: held[index - 1].hash)
            }
            return .duplicate
        }
        held.insert(batch, at: index)
        heldBytes += batch.sealed.byteCount
        advertise(batch.header.last)
        var dropped = false
        while held.count > Limits.heldBatches || heldBytes > Limits.heldBytes,
            let farthest = held.popLast()
        {
            heldBytes -= farthest.sealed.byteCount
            dropped = dropped || farthest.hash == batch.hash
        }
        return dropped ? .dropped : .held
    }

    /// The next held batch whose turn has come, taken out, to be received again.
    mutating func nextHeld() -> VerifiedBatch? {
        guard hasRoom, let first = held.first,
            first.header.first <= tail.last.next
        else { return nil }
        held.removeFirst()
        heldBytes -= first.sealed.byteCount
        return first
    }

    /// Lets the last accepted batch wait for blobs before it goes to disk.
    mutating func awaitBlobs(_ blobs: [BlobReference]) {
        guard !pending.isEmpty else { return }
        pending[pending.count - 1].missing = blobs
    }

    /// A blob came, or is given up: batches wait for it no longer.
    mutating func release(_ blob: BlobReference) {
        for index in pending.indices { pending[index].missing.removeAll { $0 == blob } }
    }

    /// Takes what can go to disk under a ticket, in order.
    mutating func beginAppend(_ ticket: AppendTicket) -> [VerifiedBatch] {
        guard var index = pending.firstIndex(where: { $0.ticket == nil }) else { return [] }
        var batches: [VerifiedBatch] = []
        while index < pending.count, pending[index].missing.isEmpty {
            pending[index].ticket = ticket
            batches.append(pending[index].batch)
            index += 1
        }
        return batches
    }

    /// A ticket is durable; returns its batches, in order.
    mutating func completeAppend(_ ticket: AppendTicket) -> [VerifiedBatch] {
        var count = 0
        while count < pending.count, pending[count].ticket == ticket { count += 1 }
        guard count > 0 else { return [] }
        let batches = pending[..<count].map(\.batch)
        pending.removeFirst(count)
        pendingBytes -= batches.reduce(0) { $0 + $1.sealed.byteCount }
        if let last = batches.last {
            durable = EpochHead(log: log, last: last.header.last, chain: last.hash)
        }
        return batches
    }

    /// A ticket failed: what it carried, and what follows, was never accepted.
    mutating func failAppend(_ ticket: AppendTicket) -> Bool {
        guard let index = pending.firstIndex(where: { $0.ticket == ticket }) else { return false }
        pendingBytes -= pending[index...].reduce(0) { $0 + $1.batch.sealed.byteCount }
        pending.removeSubrange(index...)
        if let last = pending.last?.batch {
            tail = EpochHead(log: log, last: last.header.last, chain: last.hash)
        } else {
            tail = durable
        }
        recent.removeAll { $0.last > tail.last }
        return true
    }

    /// Compares another's head with what is here.
    func compare(_ head: EpochHead) -> Comparison {
        if head.last > tail.last { return .ahead }
        if head.last == tail.last, tail.last > 0 {
            return head.chain == tail.chain
                ? .level : .conflicting(id(head.last), known: tail.chain)
        }
        guard let mark = recent.last(where: { $0.first <= head.last && head.last <= $0.last })
        else { return .behind }
        guard mark.last == head.last, mark.hash == head.chain else {
            return .conflicting(id(head.last), known: mark.hash)
        }
        return .behind
    }

    private func id(_ sequence: SequenceNumber) -> EventID {
        EventID(log: log, sequence: sequence)
    }

    /// The first positions of durable batches, as far as they are remembered.
    var rememberedBatches: [SequenceNumber] {
        recent.filter { $0.last <= durable.last }.map(\.first)
    }

    /// What contradicts a batch and is not on disk, which quarantine forgets.
    ///
    /// Another content of its positions; where there is none, what it does not continue.
    func counterpart(of batch: VerifiedBatch) -> VerifiedBatch? {
        let known = (pending.map(\.batch) + held).filter { $0.hash != batch.hash }
        let overlapping = known.first {
            $0.header.first <= batch.header.last && $0.header.last >= batch.header.first
        }
        return overlapping ?? known.first { $0.header.last.next == batch.header.first }
    }

    /// Follows the log no longer.
    ///
    /// What is durable stays.
    mutating func quarantine() {
        isQuarantined = true
        held.removeAll()
        heldBytes = 0
    }

    /// Goes on behind a floor; possible only where nothing is on its way to disk.
    mutating func jump(to floor: EpochHead) -> Bool {
        guard pending.isEmpty, floor.last > tail.last else { return false }
        missingState = EventRange(
            log: log, first: missingState?.first ?? tail.last.next, last: floor.last)
        self.floor = floor
        durable = floor
        tail = floor
        recent.removeAll()
        advertise(floor.last)
        while let first = held.first, first.header.first <= floor.last {
            held.removeFirst()
            heldBytes -= first.sealed.byteCount
        }
        return true
    }

    /// What others kept of state below the floor is here through a position.
    mutating func completeState(through last: SequenceNumber) {
        guard let missing = missingState, last >= missing.first else { return }
        missingState =
            last < missing.last
            ? EventRange(log: log, first: last.next, last: missing.last) : nil
    }

    /// Forgets what lies at or below a floor.
    mutating func truncate(to floor: EpochHead) { self.floor = floor }
}
