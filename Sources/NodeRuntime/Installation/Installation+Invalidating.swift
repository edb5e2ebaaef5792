// SPDX-License-Identifier: Apache-2.0

public import AdminAPI
internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning

// Invalidating.
extension Installation {
    /// How long the logs of other nodes may take where nobody waits for receipts.
    private static let patience: Duration = .seconds(5)

    /// Publishes an invalidation; the lines end when every member answered, or in time.
    public func invalidate(
        _ request: InvalidateRequestDocument
    ) async throws(ErrorDocument) -> AsyncStream<InvalidateLine> {
        let node = try loggedInNode()
        let order = try Invalidation(request)
        try checkCaches(for: order, elsewhere: request.elsewhere)
        let snapshot = await node.snapshot()
        // The core adds what is applied here, and the order must fit with it.
        var completed = order
        completed.seen = VersionVector(snapshot.core.logs.map { ($0.head.log, $0.applied) })
        try checkEncodable(.invalidation(completed))
        let level = try level(of: request, isAlone: snapshot.authority.members.count <= 1)
        let (news, newsSink) = AsyncStream<NodeNews>.makeStream()
        let observer = await node.addObserver { news in
            if case .receipt = news { newsSink.yield(news) }
        }
        newsSink.onTermination = { _ in node.post(.stopObserving(observer)) }
        let result = await node.publish(
            [.invalidation(order)], level: level, timeout: Installation.patience)
        let published: EventID
        switch result {
        case .confirmed(let range, holders: _), .unconfirmed(let range, missing: _):
            published = EventID(log: range.log, sequence: range.first)
        case .unknown, .refused:
            newsSink.finish()
            _ = try answer(result, level: level, snapshot: snapshot)
            throw .malformed("an invalidation that is neither known nor refused")
        }
        let wait = ReceiptWait(
            event: published, own: identity.node, snapshot: snapshot,
            timeout: request.wait
                ? .milliseconds(Int64(clamping: request.timeoutMilliseconds)) : nil,
            missing: request.wait
                ? [] : try answer(result, level: level, snapshot: snapshot).missing)
        return wait.lines(on: node, from: news, ending: newsSink)
    }

    /// Refuses what no cache here could ever carry out, before anybody hears of it.
    private func checkCaches(
        for order: Invalidation, elsewhere: Bool
    ) throws(ErrorDocument) {
        switch ports.caches.refusal(of: order) {
        case nil: return
        case .unknown where elsewhere: return
        case .unknown(let reason):
            throw ErrorDocument(
                code: "cannot-clear", message: "no cache of this server can do that: \(reason)",
                hint: "add the cache under caches: in sitestacker.yml; where only other servers "
                    + "have such a cache, say --elsewhere (\"elsewhere\": true)",
                exitStatus: ExitStatus.usage)
        case .unusable(let reason):
            throw ErrorDocument(
                code: "cannot-clear", message: "no cache can carry that out: \(reason)",
                hint: "correct it; nothing was cleared", exitStatus: ExitStatus.usage)
        }
    }

    /// On whose disk the order must be before it is answered: receipts prove more than a level, so
    /// who waits for them needs none.
    private func level(
        of request: InvalidateRequestDocument, isAlone: Bool
    ) throws(ErrorDocument) -> ConfirmationLevel {
        guard !request.wait else {
            guard request.confirm == nil else {
                throw .malformed("confirm: expected only where wait is false")
            }
            return .local
        }
        return try ConfirmationLevel(request.confirm ?? (isAlone ? "local" : "one"))
    }
}
