// SPDX-License-Identifier: Apache-2.0

public import ClusterCore
public import ClusterModel

extension Node {
    /// Publishes, and waits for the level or its time to be over.
    nonisolated func publish(
        _ contents: [EventContent], level: ConfirmationLevel, timeout: Duration
    ) async -> PublishResult {
        await withCheckedContinuation { continuation in
            publish(contents, level: level, timeout: timeout) { continuation.resume(returning: $0) }
        }
    }

    /// Publishes without a task that waits; the completion runs on the node's executor.
    public nonisolated func publish(
        _ contents: [EventContent], level: ConfirmationLevel, timeout: Duration,
        completion: @escaping @Sendable (PublishResult) -> Void
    ) {
        post(
            .publish(
                PublishCall(
                    contents: contents, level: level, timeout: timeout, completion: completion)))
    }

    /// Takes what other threads handed over, in order; calls to publish that came together go to
    /// the core as one wish.
    ///
    /// The core settles everything after each input, which costs more than an event.
    func accept(_ arrivals: [Arrival]) {
        var wish: PublishWish?
        for arrival in arrivals {
            if case .publish(let call) = arrival {
                if wish?.join(call) == true { continue }
                if let wish { publish(wish) }
                wish = PublishWish(call)
            } else {
                if let gathered = wish { publish(gathered) }
                wish = nil
                accept(arrival)
            }
        }
        if let wish { publish(wish) }
    }

    func publish(_ wish: PublishWish) {
        let ticket = PublishTicket(nextPublishTicket)
        nextPublishTicket += 1
        publishing[ticket] = wish
        feed(
            .publishRequested(
                PublishRequest(
                    ticket: ticket, contents: wish.contents, level: wish.level,
                    timeout: wish.timeout)))
    }
}

/// One call to publish.
struct PublishCall: Sendable {
    let contents: [EventContent]
    let level: ConfirmationLevel
    let timeout: Duration
    let completion: @Sendable (PublishResult) -> Void
}

/// Calls to publish which the core sees as one.
///
/// Law: every call is told of its own events; all of a wish are published in one batch, or none.
struct PublishWish: Sendable {
    /// Events in a gathered wish; a batch takes several.
    private static let eventLimit = 256
    /// Unit: bytes of topics and payloads.
    private static let byteLimit = 64 * 1_024

    private(set) var contents: [EventContent]
    let level: ConfirmationLevel
    let timeout: Duration
    private var byteCount: Int?
    private var calls: [(count: Int, completion: @Sendable (PublishResult) -> Void)]

    init(_ call: PublishCall) {
        contents = call.contents
        level = call.level
        timeout = call.timeout
        byteCount = PublishWish.byteCount(of: call)
        calls = [(call.contents.count, call.completion)]
    }

    /// Takes a call in; `false` where it must stand alone.
    mutating func join(_ call: PublishCall) -> Bool {
        guard call.level == level, call.timeout == timeout, let size = byteCount,
            let more = PublishWish.byteCount(of: call), size + more <= PublishWish.byteLimit,
            contents.count + call.contents.count <= PublishWish.eventLimit
        else { return false }
        contents += call.contents
        byteCount = size + more
        calls.append((call.contents.count, call.completion))
        return true
    }

    /// What a call brings along; `nil` for what is refused or judged for its own sake.
    private static func byteCount(of call: PublishCall) -> Int? {
        guard !call.contents.isEmpty else { return nil }
        var sum = 0
        for content in call.contents {
            guard case .application(let event) = content, case .inline(let bytes) = event.payload
            else { return nil }
            sum += event.topic.utf8.count + bytes.count
        }
        return sum
    }

    /// Tells every call what came of its events.
    func resolve(_ result: PublishResult) {
        var offset = 0
        for call in calls {
            call.completion(result.share(from: offset, count: call.count))
            offset += call.count
        }
    }
}

extension PublishResult {
    /// What the result says of some of the events.
    fileprivate func share(from offset: Int, count: Int) -> PublishResult {
        func part(_ range: EventRange) -> EventRange {
            EventRange(
                log: range.log, first: range.first.advanced(by: offset),
                last: range.first.advanced(by: offset + count - 1))
        }
        switch self {
        case .confirmed(let range, holders: let holders):
            return .confirmed(part(range), holders: holders)
        case .unconfirmed(let range, missing: let missing):
            return .unconfirmed(part(range), missing: missing)
        case .unknown(let range): return .unknown(range.map(part))
        case .refused: return self
        }
    }
}
