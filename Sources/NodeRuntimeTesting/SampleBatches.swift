// SPDX-License-Identifier: Apache-2.0
@_spi(Verification) public import ClusterModel
public import NodeRuntime

/// Batches and records for tests of what stores and moves them: well-formed, but signed by nobody.
public enum Sample {
    /// A log of a node that is told apart by one byte.
    public static func log(_ node: UInt8, epoch: UInt64 = 1) -> EpochID {
        EpochID(
            origin: NodeID(digest(UInt64(node)).raw),
            epoch: LogEpoch(counter: epoch, nonce: 0x9c1f_22ab_0000_0000 | epoch))
    }

    /// A digest that differs for different words; not a hash of anything.
    public static func digest(_ words: UInt64...) -> Digest {
        var bytes: [UInt8] = []
        for lane in 0..<4 as Range<UInt64> {
            var state = 0xcbf2_9ce4_8422_2325 &+ lane
            for word in words + [lane] { state = (state ^ word) &* 0x100_0000_01b3 }
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: state >> UInt64(56 - 8 * $0)) }
        }
        return Digest(bytes: bytes) ?? .none
    }

    /// An application's event.
    public static func event(_ payload: Payload = .inline([1, 2, 3]), at raw: UInt64 = 1) -> Event {
        Event(
            timestamp: HybridTimestamp(raw: raw),
            content: .application(ApplicationEvent(topic: "order.paid", payload: payload)))
    }

    /// An event that holds state.
    public static func stateEvent(generation: UInt64 = 1, at raw: UInt64 = 1) -> Event {
        Event(
            timestamp: HybridTimestamp(raw: raw),
            content: .revision(
                RevisionProposal(generation: generation, parent: nil, commits: [])))
    }

    /// A batch of events; another `variant` is another content for the same place.
    ///
    /// Its body is made up, and has at least 32 bytes.
    public static func batch(
        of log: EpochID, first: SequenceNumber, _ events: [Event], variant: UInt64 = 0,
        bodyByteCount: Int = 64
    ) -> VerifiedBatch {
        let name = digest(
            log.origin.raw.prefix, log.epoch.counter, log.epoch.nonce, first.value,
            UInt64(events.count), variant)
        let header = BatchHeader(
            cluster: ClusterID(.zero), log: log, first: first, count: events.count,
            bodyByteCount: bodyByteCount, timestamp: events.first?.timestamp ?? .zero,
            previous: .none, bodyHash: name, grant: .none, policy: 0)
        let filler = name.bytes
        let sealed = SealedBatch(
            header: (0..<256).map { filler[$0 % 32] }, signature: filler + filler,
            body: filler + [UInt8](repeating: 7, count: max(bodyByteCount, 32) - 32))
        return VerifiedBatch(header: header, hash: name, events: events, sealed: sealed)
    }

    /// A gapless run of batches with `size` events each.
    public static func batches(
        of log: EpochID, count: Int, size: Int = 1, bodyByteCount: Int = 64
    ) -> [VerifiedBatch] {
        (0..<count).map { index in
            let first = SequenceNumber(UInt64(index * size + 1))
            let events = (0..<size).map { event(at: first.value + UInt64($0)) }
            return batch(of: log, first: first, events, bodyByteCount: bodyByteCount)
        }
    }

    /// The head of a log that ends with a batch.
    public static func head(_ batch: VerifiedBatch) -> EpochHead {
        EpochHead(log: batch.header.log, last: batch.header.last, chain: batch.hash)
    }

    /// A record of authority that is told apart by one byte.
    public static func record(
        _ number: UInt8, credential: [UInt8]? = nil
    ) -> VerifiedRecord {
        let event = EventID(log: log(number), sequence: 1)
        let signer = UserKey(digest(7).raw)
        return VerifiedRecord(
            hash: digest(8, UInt64(number)), record: .void(event), signer: signer,
            sealed: SealedRecord(
                body: [number], signer: signer, signature: [UInt8](repeating: number, count: 64),
                credential: credential))
    }

    /// What a node said of some events.
    public static func receipt(
        _ node: UInt8, about subject: EventRange, _ outcome: ApplyOutcome = .applied,
        steps: [StepReceipt] = [], at raw: UInt64 = 1
    ) -> StoredReceipt {
        StoredReceipt(
            node: log(node).origin,
            receipt: Receipt(subject: subject, outcome: outcome, steps: steps),
            timestamp: HybridTimestamp(raw: raw))
    }
}

extension EventLog {
    /// Submits operations and waits until they are durable.
    ///
    /// - Throws: what the completion was called with.
    public func perform(_ operations: LogOperation...) async throws(EventLogError) {
        let error = await withCheckedContinuation { continuation in
            submit(operations) { continuation.resume(returning: $0) }
        }
        if let error { throw error }
    }

    /// Appends accepted batches, each in a submission of its own, and waits for the last.
    public func append(_ batches: [VerifiedBatch]) async throws(EventLogError) {
        for batch in batches.dropLast() { submit([.append(batch, .accepted)]) { _ in } }
        if let last = batches.last { try await perform(.append(last, .accepted)) }
    }
}
