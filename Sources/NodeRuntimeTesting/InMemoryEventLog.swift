// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
internal import Dispatch
public import NodeRuntime
internal import Synchronization

/// What an ``InMemoryEventLog`` leaves behind: open another log on it, and it is a restart.
public final class InMemoryStorage: Sendable {
    let contents = Mutex(LogContents())

    /// An empty disk.
    public init() {}
}

/// The event log's twin for tests: the same laws, no disk.
///
/// Each submission is a transaction of its own. A test may make it slow or broken.
public final class InMemoryEventLog: EventLog {
    private struct Gate {
        var isClosed = false
        var failure: EventLogError?
        var pagesRead = 0
    }

    private let storage: InMemoryStorage
    private let gate = Mutex(Gate())
    private let writer = DispatchQueue(label: "in-memory event log")

    /// Opens a log on what an earlier one left, or on nothing.
    public init(storage: InMemoryStorage = InMemoryStorage()) { self.storage = storage }

    /// Makes all following submissions fail, or work again with `nil`.
    public func fail(with error: EventLogError?) { gate.withLock { $0.failure = error } }

    /// How often somebody read batches in this node's log order.
    public var pagesRead: Int { gate.withLock { $0.pagesRead } }

    /// Holds completions back, as a slow disk does, until ``resume()``.
    public func pause() { writer.suspend() }

    /// Lets the writer go on; call it once for each ``pause()``.
    public func resume() { writer.resume() }

    /// Performs the operations on the writer's queue.
    public func submit(
        _ operations: [LogOperation],
        completion: @escaping @Sendable (EventLogError?) -> Void
    ) {
        let isClosed = gate.withLock { $0.isClosed }
        writer.async {
            do throws(EventLogError) {
                if isClosed { throw Self.closed }
                if let failure = self.gate.withLock({ $0.failure }) { throw failure }
                try self.perform(operations)
                completion(nil)
            } catch {
                completion(error)
            }
        }
    }

    private static let closed = EventLogError(
        code: .closed, operation: "use the event log", detail: "it was closed")

    private func perform(_ operations: [LogOperation]) throws(EventLogError) {
        // A copy, so that a submission which fails leaves nothing behind.
        var contents = storage.contents.withLock { $0 }
        for operation in operations { try contents.perform(operation) }
        storage.contents.withLock { $0 = contents }
    }

    private func contents() throws(EventLogError) -> LogContents {
        if gate.withLock({ $0.isClosed }) { throw Self.closed }
        return storage.contents.withLock { $0 }
    }

    /// Everything that was submitted and completed.
    public func recover() async throws(EventLogError) -> RecoveredEventLog {
        try contents().recovered
    }

    /// Batches of one log.
    public func batches(
        of log: EpochID, from first: SequenceNumber, through last: SequenceNumber, byteLimit: Int
    ) async throws(EventLogError) -> [StoredBatch] {
        Self.prefix(try contents().batches(of: log), first, last, byteLimit)
    }

    /// Batches of one log that hold state.
    public func stateBatches(
        of log: EpochID, from first: SequenceNumber, through last: SequenceNumber, byteLimit: Int
    ) async throws(EventLogError) -> [StoredBatch] {
        Self.prefix(
            try contents().batches(of: log).filter(\.hasState), first, last, byteLimit)
    }

    private static func prefix(
        _ entries: [LogContents.Entry], _ first: SequenceNumber, _ last: SequenceNumber,
        _ byteLimit: Int
    ) -> [StoredBatch] {
        var byteCount = 0
        var found: [StoredBatch] = []
        for entry in entries {
            let range = entry.batch.header.range
            guard range.last >= first, range.first <= last else { continue }
            byteCount += entry.batch.sealed.byteCount
            guard byteCount <= byteLimit || found.isEmpty else { break }
            found.append(entry.stored)
        }
        return found
    }

    /// Batches in this node's log order.
    public func batches(
        afterPosition position: Int64, limit: Int
    ) async throws(EventLogError) -> [StoredBatch] {
        gate.withLock { $0.pagesRead += 1 }
        let later = try contents().batches.filter { $0.position > position }
        return later.prefix(max(limit, 0)).map(\.stored)
    }

    /// The batch of an event.
    public func batch(
        holding reference: EventReference
    ) async throws(EventLogError) -> StoredBatch? {
        let holders = try contents().batches.filter { entry in
            let header = entry.batch.header
            return reference.matches(EventID(log: header.log, sequence: reference.sequence))
                && header.first <= reference.sequence && reference.sequence <= header.last
        }
        return holders.min { $0.batch.header.log < $1.batch.header.log }?.stored
    }

    /// The heads of all epochs.
    public func heads() async throws(EventLogError) -> [EpochHead] {
        try contents().recovered.epochs.map(\.head)
    }

    /// Receipts that touch a range.
    public func receipts(about range: EventRange) async throws(EventLogError) -> [StoredReceipt] {
        try contents().receipts.filter { stored in
            let subject = stored.receipt.subject
            return subject.log == range.log && subject.first <= range.last
                && subject.last >= range.first
        }
    }

    /// Part of a blob.
    public func blob(
        _ digest: Digest, offset: Int, count: Int
    ) async throws(EventLogError) -> [UInt8]? {
        guard let bytes = try contents().blobs[digest], offset >= 0, count >= 0 else { return nil }
        return Array(bytes.dropFirst(offset).prefix(count))
    }

    /// How much there is.
    public func statistics() async throws(EventLogError) -> LogStatistics {
        let contents = try contents()
        return LogStatistics(
            eventCount: contents.batches.reduce(0) { $0 + $1.batch.header.count },
            byteCount: contents.batches.reduce(0) { $0 + $1.batch.sealed.byteCount },
            lastPosition: contents.lastPosition)
    }

    /// Waits for what was submitted.
    public func close() async {
        gate.withLock { $0.isClosed = true }
        await withCheckedContinuation { continuation in
            writer.async { continuation.resume() }
        }
    }
}
