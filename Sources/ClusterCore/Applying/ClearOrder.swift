// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// One order to clear caches, or many that failed and are cleared for by a full clear.
struct ClearOrder: Sendable {
    /// What others were told last.
    private struct Told: Equatable, Sendable {
        let outcome: ApplyOutcome
        /// The targets that failed.
        let failing: Set<String>
    }

    let cause: ClearQueue.Cause
    /// Further events that it stands for.
    private(set) var folded: Set<EventID> = []
    private(set) var invalidation: Invalidation
    /// How long this node waits before a full clear, so that not all are cold at once.
    var slot: Duration = .zero
    /// It begins no earlier.
    var due: Instant
    var attempt = 0
    /// Whether everything that its publisher had seen was applied when the last clear began.
    private(set) var isRipe = false
    /// Targets that were cleared for it.
    var done: Set<String> = []
    /// Whether it failed in a retry of it alone.
    var isAlone = false
    /// The batch that it came in, where that is not durable here yet.
    var unlogged: Digest?
    private var told: Told?

    init(
        cause: ClearQueue.Cause, invalidation: Invalidation, slot: Duration = .zero, due: Instant
    ) {
        self.cause = cause
        self.invalidation = invalidation
        self.slot = slot
        self.due = due
    }

    var isTotal: Bool { invalidation.everything }

    /// It clears everything, and needs no names for it.
    mutating func becomeTotal() {
        var total = Invalidation.total
        total.seen = invalidation.seen
        invalidation = total
    }

    /// From now on clears count; what was cleared before is cleared again.
    mutating func becomeRipe() {
        isRipe = true
        done = []
    }

    /// Whether a full clear may stand for it and others: an event's, which waits for no data.
    var isFoldable: Bool {
        if case .event = cause { isRipe } else { false }
    }

    /// Whether it, or what it stands for, has that cause.
    func speaks(for cause: ClearQueue.Cause) -> Bool {
        if case .event(let id) = cause, folded.contains(id) { return true }
        return self.cause == cause
    }

    /// Stands for another order too, by a full clear.
    ///
    /// Only targets that were cleared for both need no clear any more.
    mutating func fold(_ other: ClearOrder) {
        becomeTotal()
        done.formIntersection(other.done)
        attempt = max(attempt, other.attempt)
        isAlone = false
        folded.formUnion(other.folded)
        if case .event(let id) = other.cause { folded.insert(id) }
    }

    /// What came of an attempt, for each event that it stands for.
    ///
    /// A clear that does not succeed is tried again, whatever its outcome was called. Failures are
    /// news where they are others than before, and at attempts that are powers of two; those of
    /// orders that stand for many never, as each of the many was told once. A clear that came too
    /// early is told by `tellEarly` only, if its data does not arrive.
    mutating func results(
        isDone: Bool, _ outcome: ApplyOutcome, _ failing: Set<String>
    ) -> [ClearQueue.Result] {
        let mine = told(isDone: isDone, outcome)
        let news = Told(outcome: mine, failing: isDone ? [] : failing)
        let isNews = news != told || attempt & (attempt - 1) == 0
        let audience: ClearQueue.Audience =
            if mine.isSuccess {
                .everyone
            } else if isDone {
                .thisNode
            } else {
                folded.isEmpty && isNews ? .everyone : .nobody
            }
        if audience == .everyone { told = news }
        let causes = [cause] + folded.sorted().map { .event($0) }
        return causes.map {
            ClearQueue.Result(cause: $0, outcome: mine, attempt: attempt, audience: audience)
        }
    }

    /// Whether others do not know that it was cleared once, too early to count.
    var isUntold: Bool { told?.outcome != Self.early }

    /// What others are told where it was cleared too early, and its data does not arrive.
    mutating func tellEarly() -> ClearQueue.Result {
        told = Told(outcome: Self.early, failing: [])
        return ClearQueue.Result(
            cause: cause, outcome: Self.early, attempt: attempt, audience: .everyone)
    }

    private static let early = ApplyOutcome.failed(
        reason: "cleared, and again when what it speaks of has arrived")

    private func told(isDone: Bool, _ outcome: ApplyOutcome) -> ApplyOutcome {
        if isDone {
            return isRipe ? .applied : Self.early
        }
        return switch outcome {
        case .parked(let reason), .refused(let reason): .failed(reason: reason)
        case .applied, .superseded, .failed: outcome
        }
    }
}
