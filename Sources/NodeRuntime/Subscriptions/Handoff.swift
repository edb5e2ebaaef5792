// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import Synchronization

/// Hands lines from the task that makes them to the one that reads them, a bounded weight at once.
///
/// Law: every line arrives once and in order. Who makes lines waits for who reads them, and so what
/// a slow reader has not read is not in memory. Either side may end it at any time.
///
/// One task sends and one reads.
/// Limit: `capacity`, and one line beyond it.
final class Handoff<Line: Sendable>: Sendable {
    /// What may wait for the reader.
    ///
    /// Unit: bytes.
    static var capacity: Int { 256 << 10 }

    private struct State {
        var waiting: [(line: Line?, weight: Int)] = []
        var next = 0
        var weight = 0
        var sender: CheckedContinuation<Void, Never>?
        var reader: CheckedContinuation<Void, Never>?
        /// Nobody reads any more.
        var isAbandoned = false
        /// No more will be sent; what waits is still read.
        var isFinished = false
        var failure: ErrorDocument?

        /// Whether nothing more is taken.
        var isOver: Bool { isAbandoned || isFinished }

        mutating func take() -> Line? {
            guard next < waiting.count, let line = waiting[next].line.take() else { return nil }
            weight -= waiting[next].weight
            next += 1
            // Half of what is kept at the most is places of lines that were taken.
            if next * 2 >= waiting.count {
                waiting.removeFirst(next)
                next = 0
            }
            return line
        }

        mutating func takeSender() -> CheckedContinuation<Void, Never>? {
            defer { sender = nil }
            return sender
        }

        mutating func takeReader() -> CheckedContinuation<Void, Never>? {
            defer { reader = nil }
            return reader
        }
    }

    private let state = Mutex(State())

    /// Gives a line to the reader, and waits until there is room for the next one.
    ///
    /// - Returns: Whether anybody reads on.
    func send(_ line: Line, weight: Int) async -> Bool {
        let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.isOver else { return nil }
            state.waiting.append((line, weight))
            state.weight += weight
            return state.takeReader()
        }
        reader?.resume()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    let isFree = state.isOver || state.weight < Self.capacity
                    if !isFree { state.sender = continuation }
                    return isFree
                }
                if isFree { continuation.resume() }
            }
        } onCancel: {
            finish()
        }
        return state.withLock { !$0.isOver }
    }

    /// Has a node make the lines, until it ends.
    func fill(
        on node: Node,
        _ making: @escaping @Sendable () async throws(ErrorDocument) -> Void
    ) {
        let isTaken = node.start {
            do throws(ErrorDocument) {
                try await making()
                self.finish()
            } catch {
                self.finish(throwing: error)
            }
        }
        if !isTaken { finish() }
    }

    /// There will be no more lines, because of an error or because all were sent.
    func finish(throwing failure: ErrorDocument? = nil) {
        let (sender, reader) = state.withLock { state in
            state.isFinished = true
            state.failure = failure
            return (state.takeSender(), state.takeReader())
        }
        sender?.resume()
        reader?.resume()
    }

    /// The next line; `nil` where there will be none.
    ///
    /// - Throws: What ended the lines, after the last of them.
    func next() async throws -> Line? {
        while true {
            let (line, isOver, sender) = state.withLock { state in
                let line = state.take()
                let isOver = line == nil && state.isOver
                let isRoomy = state.weight < Self.capacity
                return (line, isOver, isRoomy ? state.takeSender() : nil)
            }
            sender?.resume()
            if let line { return line }
            if isOver {
                let failure = state.withLock { state in
                    defer { state.failure = nil }
                    return state.failure
                }
                if let failure { throw failure }
                return nil
            }
            await waitForMore()
        }
    }

    private func waitForMore() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    let isThere = state.next < state.waiting.count || state.isOver
                    if !isThere { state.reader = continuation }
                    return isThere
                }
                if isThere { continuation.resume() }
            }
        } onCancel: {
            abandon()
        }
    }

    /// Nobody reads any more: what waits is let go, and who sends is told.
    func abandon() {
        let (sender, reader) = state.withLock { state in
            state.isAbandoned = true
            (state.waiting, state.next, state.weight) = ([], 0, 0)
            return (state.takeSender(), state.takeReader())
        }
        sender?.resume()
        reader?.resume()
    }
}

/// The reading end of a handoff: who lets it go does not read any more.
final class HandoffReader<Line: Sendable>: Sendable {
    private let handoff: Handoff<Line>
    private let leave: @Sendable () -> Void

    /// - Parameter leave: Called once, when nobody reads any more.
    init(_ handoff: Handoff<Line>, leave: @escaping @Sendable () -> Void) {
        self.handoff = handoff
        self.leave = leave
    }

    deinit {
        handoff.abandon()
        leave()
    }

    /// The lines as they are asked for.
    var lines: AsyncThrowingStream<Line, any Error> {
        AsyncThrowingStream(unfolding: { try await self.handoff.next() })
    }
}
