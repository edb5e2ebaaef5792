// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// Runs of handlers: in order for each handler and topic, beside one another for different ones.
///
/// A run that fails is tried again, and the following runs of its key wait; after the last attempt
/// its event is parked, and the key goes on.
struct HandlerQueue: Sendable {
    /// What a handler's events are kept in order by.
    struct Key: Hashable, Comparable, Sendable {
        let handler: Int
        let topic: String
        static func < (left: Key, right: Key) -> Bool {
            (left.handler, left.topic) < (right.handler, right.topic)
        }
    }

    /// What came of a run.
    enum Result: Equatable, Sendable {
        /// It is tried again; `attempt` runs were made.
        case retrying(EventID, attempt: Int, reason: String)
        /// All handlers of the event are through.
        case finished(EventID, ApplyOutcome, attempt: Int)
        /// Other handlers of the event are still at work.
        case partial
    }

    private struct Job: Sendable {
        let id: EventID
        let event: ApplicationEvent
        /// How often its handler is tried.
        let limit: Int
        var attempt = 0
        var notBefore: Instant
    }

    private struct Progress: Sendable {
        var left: Int
        var worst: ApplyOutcome = .applied
        var attempt = 1
    }

    private var jobs: OrderedTable<Key, Queue<Job>> = OrderedTable()
    private var retried: OrderedTable<Key, Job> = OrderedTable()
    private var running: OrderedTable<ApplyTicket, Key> = OrderedTable()
    private var busy: OrderedTable<Key, Job> = OrderedTable()
    private var progress: OrderedTable<EventID, Progress> = OrderedTable()
    private(set) var waiting = 0
    /// The last number given to a handler that is gone while it runs; such numbers are negative.
    private var lastGone = 0

    var isFull: Bool { waiting >= Limits.waitingHandlerRuns }
    func owns(_ ticket: ApplyTicket) -> Bool { running[ticket] != nil }

    /// Adds the runs of an event, by its handlers' numbers; an outcome that was told before counts
    /// as an attempt.
    mutating func add(
        _ id: EventID, _ event: ApplicationEvent, handlers: [(number: Int, rule: ReactionRule)],
        after attempts: Int = 0, now: Instant
    ) {
        guard progress[id] == nil else { return }
        progress[id] = Progress(left: handlers.count)
        for (handler, rule) in handlers {
            let key = Key(handler: handler, topic: event.topic)
            var queue = jobs[key] ?? Queue()
            queue.append(
                Job(
                    id: id, event: event, limit: rule.attempts, attempt: attempts, notBefore: now))
            jobs[key] = queue
            waiting += 1
        }
    }

    /// The runs that can begin now.
    mutating func begin(now: Instant, ticket: () -> ApplyTicket) -> [ApplyTask] {
        guard running.count < Limits.handlerRuns, waiting > 0 else { return [] }
        var tasks: [ApplyTask] = []
        for key in jobs.keys {
            guard running.count < Limits.handlerRuns else { break }
            guard busy[key] == nil, var job = retried[key] ?? jobs[key]?.first,
                job.notBefore <= now
            else { continue }
            if retried[key] == nil { jobs[key]?.popFirst() }
            retried[key] = nil
            job.attempt += 1
            busy[key] = job
            let number = ticket()
            running[number] = key
            tasks.append(
                ApplyTask(
                    ticket: number, work: .handle(handler: key.handler, job.id, job.event),
                    attempt: job.attempt))
        }
        return tasks
    }

    mutating func finish(
        _ ticket: ApplyTicket, _ outcome: ApplyOutcome, now: Instant, jitter: inout Jitter
    ) -> Result? {
        guard let key = running[ticket], var job = busy[key] else { return nil }
        running[ticket] = nil
        busy[key] = nil
        if case .failed(let reason) = outcome, job.attempt < job.limit,
            key.handler >= 0
        {
            let wait = Limits.handlerBackoff.wait(afterFailures: job.attempt)
            job.notBefore = now + jitter.around(wait)
            retried[key] = job
            return .retrying(job.id, attempt: job.attempt, reason: reason)
        }
        if jobs[key]?.isEmpty == true { jobs[key] = nil }
        return end(job, outcome)
    }

    private mutating func end(_ job: Job, _ outcome: ApplyOutcome) -> Result? {
        waiting -= 1
        guard var state = progress[job.id] else { return nil }
        state.left -= 1
        state.attempt = max(state.attempt, job.attempt)
        switch outcome {
        case .failed(let reason): state.worst = .parked(reason: reason)
        case .parked, .refused: state.worst = outcome
        case .applied, .superseded: break
        }
        progress[job.id] = state.left > 0 ? state : nil
        return state.left > 0
            ? .partial : .finished(job.id, state.worst, attempt: state.attempt)
    }

    /// Handlers have other numbers now, or are gone (`nil`): the runs of those that wait are over,
    /// and those under way are not repeated.
    ///
    /// Returns what came of events whose last runs these were.
    mutating func renumber(_ number: (Int) -> Int?) -> [Result] {
        let old = self
        (jobs, retried) = (OrderedTable(), OrderedTable())
        (running, busy) = (OrderedTable(), OrderedTable())
        for ticket in old.running.keys {
            guard let key = old.running[ticket] else { continue }
            lastGone -= 1
            let handler = key.handler < 0 ? nil : number(key.handler)
            let moved = Key(handler: handler ?? lastGone, topic: key.topic)
            running[ticket] = moved
            busy[moved] = old.busy[key]
        }
        var ended: [Result?] = []
        for key in old.retried.keys {
            guard let job = old.retried[key] else { continue }
            if let handler = number(key.handler) {
                retried[Key(handler: handler, topic: key.topic)] = job
            } else {
                ended.append(end(job, .applied))
            }
        }
        for key in old.jobs.keys {
            guard let queue = old.jobs[key] else { continue }
            if let handler = number(key.handler) {
                jobs[Key(handler: handler, topic: key.topic)] = queue
            } else {
                for job in queue.all { ended.append(end(job, .applied)) }
            }
        }
        return ended.compactMap(\.self)
    }

    var nextDeadline: Instant? {
        guard running.count < Limits.handlerRuns else { return nil }
        return retried.keys.compactMap { retried[$0]?.notBefore }.min()
    }
}
