// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import NodeRuntime

/// A log's contents as plain values, and the meaning of each operation on them.
struct LogContents: Sendable {
    struct Entry: Sendable {
        let position: Int64
        let batch: VerifiedBatch
        var disposition: Disposition

        var hasState: Bool { batch.events.contains { $0.content.isState } }
        var newest: HybridTimestamp {
            max(batch.header.timestamp, batch.events.last?.timestamp ?? .zero)
        }
        var stored: StoredBatch {
            StoredBatch(position: position, sealed: batch.sealed, disposition: disposition)
        }
    }

    struct Epoch: Sendable {
        var head: EpochHead
        var applied: SequenceNumber = 0
        var floor: EpochHead?
        var missing: EventRange?
        var outcomes: [RecordedOutcome] = []
        var newest = HybridTimestamp.zero
    }

    private(set) var batches: [Entry] = []
    private(set) var lastPosition: Int64 = 0
    private(set) var receipts: [StoredReceipt] = []
    private(set) var blobs: [Digest: [UInt8]] = [:]
    private var epochs: [EpochID: Epoch] = [:]
    private var ownEpoch: LogEpoch?
    private var records: [VerifiedRecord] = []
    private var pins: [String: UserKey] = [:]
    private var values: [String: [UInt8]] = [:]
    private var newest = HybridTimestamp.zero

    mutating func perform(_ operation: LogOperation) throws(EventLogError) {
        switch operation {
        case .append(let batch, let disposition): try append(batch, disposition)
        case .applied(let log, let through, let outcomes):
            var epoch = epoch(log)
            epoch.applied = max(epoch.applied, through)
            epochs[log] = epoch
            for outcome in outcomes { record(outcome) }
        case .receipt(let receipt):
            if !receipts.contains(where: { $0.isSame(as: receipt) }) { receipts.append(receipt) }
        case .dispose(let log, let position, let disposition):
            dispose(log, position, disposition)
        case .epoch(let epoch): ownEpoch = epoch
        case .records(let added):
            for record in added {
                guard let index = records.firstIndex(where: { $0.hash == record.hash }) else {
                    records.append(record)
                    continue
                }
                if records[index].sealed.credential == nil { records[index] = record }
            }
        case .pin(let pin): pins[pin.identifier] = pin.key
        case .blob(let reference, let bytes): blobs[reference.digest] = bytes
        case .truncate(let head): try truncate(head)
        case .floor(let head):
            var epoch = epoch(head.log)
            guard head.last > epoch.head.last else { return }
            epoch.missing = EventRange(
                log: head.log, first: epoch.missing?.first ?? epoch.head.last.next,
                last: head.last)
            epoch.head = head
            epoch.floor = head
            epochs[head.log] = epoch
        case .keepState(let batch, let disposition): try keep(batch, disposition)
        case .stateComplete(let log, let through):
            guard let missing = epochs[log]?.missing, through >= missing.first else { return }
            epochs[log]?.missing =
                through < missing.last
                ? EventRange(log: log, first: through.next, last: missing.last) : nil
        case .value(let name, let bytes): values[name] = bytes.isEmpty ? nil : bytes
        }
    }

    func batches(of log: EpochID) -> [Entry] {
        batches.filter { $0.batch.header.log == log }
            .sorted { $0.batch.header.first < $1.batch.header.first }
    }

    var recovered: RecoveredEventLog {
        RecoveredEventLog(
            epochs: epochs.sorted { $0.key < $1.key }.map(\.value)
                .filter { $0.head.last > 0 }
                .map { epoch in
                    RecoveredEpoch(
                        head: epoch.head, applied: epoch.applied, floor: epoch.floor,
                        missingState: epoch.missing,
                        outcomes: epoch.outcomes.sorted { $0.subject.first < $1.subject.first },
                        newestTimestamp: epoch.newest,
                        byteCount: batches(of: epoch.head.log)
                            .reduce(0) { $0 + $1.batch.storedByteCount },
                        isQuarantined: batches(of: epoch.head.log)
                            .contains { $0.disposition == .quarantined })
                },
            ownEpoch: ownEpoch, records: records.map(\.sealed),
            pins: pins.sorted { $0.key < $1.key }.map {
                PinnedUser(identifier: $0.key, key: $0.value)
            },
            values: values,
            stateBatches: batches.filter { $0.hasState && $0.disposition == .accepted }
                .map(\.stored),
            unstoredBlobs: references.filter { blobs[$0.reference.digest] == nil },
            newestTimestamp: newest)
    }

    /// What events name blobs, in the order of the events.
    private var references: [UnstoredBlob] {
        batches.flatMap { entry in
            entry.batch.events.enumerated().compactMap { index, event in
                guard case .application(let said) = event.content,
                    case .blob(let reference) = said.payload
                else { return nil }
                return UnstoredBlob(event: entry.batch.id(at: index), reference: reference)
            }
        }.sorted { $0.event < $1.event }
    }

    private func epoch(_ log: EpochID) -> Epoch {
        epochs[log] ?? Epoch(head: EpochHead(log: log, last: 0, chain: .none))
    }

    private mutating func append(
        _ batch: VerifiedBatch, _ disposition: Disposition
    ) throws(EventLogError) {
        let header = batch.header
        var epoch = epoch(header.log)
        guard header.first > epoch.head.last else {
            let isThere = batches.contains { $0.batch.hash == batch.hash }
            let isForgotten = header.last <= epoch.floor?.last ?? 0
            guard isThere || isForgotten else {
                throw conflict("append \(header.log)-\(header.first)", "another content is there")
            }
            return
        }
        guard header.first == epoch.head.last.next else {
            throw conflict(
                "append \(header.log)-\(header.first)", "the log is at \(epoch.head.last)")
        }
        epoch.head = EpochHead(log: header.log, last: header.last, chain: batch.hash)
        epochs[header.log] = epoch
        store(batch, disposition)
    }

    private mutating func keep(
        _ batch: VerifiedBatch, _ disposition: Disposition
    ) throws(EventLogError) {
        let range = batch.header.range
        guard let missing = epochs[range.log]?.missing, range.first >= missing.first,
            range.last <= missing.last
        else { return }
        let overlapping = batches(of: range.log).first {
            $0.batch.header.first <= range.last && range.first <= $0.batch.header.last
        }
        guard let overlapping else { return store(batch, disposition) }
        guard overlapping.batch.hash == batch.hash else {
            throw conflict("keep \(range.log)-\(range.first)", "another content is there")
        }
    }

    private mutating func store(_ batch: VerifiedBatch, _ disposition: Disposition) {
        lastPosition += 1
        let entry = Entry(position: lastPosition, batch: batch, disposition: disposition)
        batches.append(entry)
        guard disposition != .held else { return }
        var epoch = epoch(batch.header.log)
        epoch.newest = max(epoch.newest, entry.newest)
        epochs[batch.header.log] = epoch
        newest = max(newest, entry.newest)
    }

    private mutating func dispose(
        _ log: EpochID, _ position: SequenceNumber, _ disposition: Disposition
    ) {
        let held = EventID(log: log, sequence: position)
        let index = batches.firstIndex { $0.batch.header.range.contains(held) }
        guard let index else { return }
        batches[index].disposition = disposition
        if disposition != .held {
            let newest = batches[index].newest
            var epoch = epoch(log)
            epoch.newest = max(epoch.newest, newest)
            epochs[log] = epoch
            self.newest = max(self.newest, newest)
        }
    }

    private mutating func record(_ outcome: RecordedOutcome) {
        let subject = outcome.subject
        var epoch = epoch(subject.log)
        epoch.outcomes = epoch.outcomes.flatMap { old in
            let before = EventRange(
                log: subject.log, first: old.subject.first,
                last: min(old.subject.last, subject.first.previous))
            let after = EventRange(
                log: subject.log, first: max(old.subject.first, subject.last.next),
                last: old.subject.last)
            return [before, after].filter { $0.first <= $0.last }.map {
                RecordedOutcome(subject: $0, outcome: old.outcome, attempt: old.attempt)
            }
        }
        if outcome.outcome != .applied { epoch.outcomes.append(outcome) }
        epochs[subject.log] = epoch
    }

    private mutating func truncate(_ head: EpochHead) throws(EventLogError) {
        var epoch = epoch(head.log)
        guard head.last <= epoch.head.last else {
            throw conflict("truncate \(head.log) through \(head.last)", "the log is shorter")
        }
        guard head.last > epoch.floor?.last ?? 0 else { return }
        let named = Set(references.map(\.reference.digest))
        batches.removeAll { entry in
            let header = entry.batch.header
            return header.log == head.log && header.last <= head.last && !entry.hasState
        }
        let stillNamed = Set(references.map(\.reference.digest))
        for digest in named.subtracting(stillNamed).sorted() { blobs[digest] = nil }
        let kept = batches(of: head.log)
        receipts.removeAll { stored in
            let subject = stored.receipt.subject
            let isKept = kept.contains { entry in
                let range = entry.batch.header.range
                return range.first <= subject.last && range.last >= subject.first
            }
            return subject.log == head.log && subject.last <= head.last && !isKept
        }
        epoch.floor = head
        epochs[head.log] = epoch
    }

    private func conflict(_ operation: String, _ detail: String) -> EventLogError {
        EventLogError(code: .conflict, operation: operation, detail: detail)
    }
}

extension StoredReceipt {
    /// Whether both are one remark, recorded twice.
    fileprivate func isSame(as other: StoredReceipt) -> Bool {
        node == other.node && timestamp == other.timestamp
            && receipt.subject == other.receipt.subject
            && receipt.attempt == other.receipt.attempt
    }
}
