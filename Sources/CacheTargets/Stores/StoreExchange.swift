// SPDX-License-Identifier: Apache-2.0

/// What came of clearing a store: the sum of its batches.
struct StoreResult: Sendable {
    /// How many keys were found.
    var matched = 0
    /// How many of those were still there after their deletion.
    var remaining = 0
    /// How many the server says it deleted.
    var removed = 0
    /// How many keys the store held before and after; nothing where it does not tell.
    var totals: (before: Int?, after: Int?) = (nil, nil)
    /// How often the whole store had been emptied before and after, where that is counted.
    var flushes: (before: Int?, after: Int?) = (nil, nil)
    /// What an administrator should know besides.
    var notes: [String] = []
    /// Why there was nothing to do.
    var nothing: String?
    /// Why the request can never be carried out.
    var refusal: String?

    var counters: CacheClearReport.Counters {
        .keys(
            before: KeyCounters(matching: matched, total: totals.before, flushes: flushes.before),
            after: KeyCounters(matching: remaining, total: totals.after, flushes: flushes.after))
    }
}

/// The frame around a clear of any store: a blocking thread, a deadline, and the report.
struct StoreExchange: Sendable {
    let cache: CacheClearReport.Cache
    let target: String
    let timeout: Duration
    let pool: BlockingPool

    /// Runs the clear and reports it.
    func report(
        _ action: String,
        _ clear: @escaping @Sendable (Deadline) throws(CacheTargetError) -> StoreResult
    ) async -> CacheClearReport {
        let began = ContinuousClock.now
        let deadline = Deadline.after(timeout)
        func report(
            _ outcome: CacheClearReport.Outcome, _ result: StoreResult?
        ) -> CacheClearReport {
            CacheClearReport(
                target: target, cache: cache, action: action, outcome: outcome,
                counters: result?.counters, removed: result?.removed ?? 0,
                milliseconds: (ContinuousClock.now - began) / .milliseconds(1),
                notes: result?.notes ?? [])
        }
        do throws(CacheTargetError) {
            let result = try await pool.run { () throws(CacheTargetError) in try clear(deadline) }
            if let nothing = result.nothing { return report(.nothingToClear(nothing), result) }
            if let refusal = result.refusal { return report(.refused(refusal), result) }
            return report(.cleared, result)
        } catch {
            return report(.failed(error), nil)
        }
    }
}
