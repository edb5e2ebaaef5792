// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A few threads of their own for work which waits on sockets and disks.
///
/// Swift's cooperative pool has as many threads as cores: one blocked there stalls the whole
/// program, one blocked here does not.
/// Invariant: at most `width` jobs run and `maximumQueue` wait; every job runs exactly once.
public final class BlockingPool: Sendable {
    /// The most jobs which may wait.
    public static let maximumQueue = 1_024

    private let queue = JobQueue()

    /// Starts `width` threads, which end when the pool is let go.
    public init(name: String, width: Int) {
        for index in 0..<max(1, width) {
            let queue = queue
            let thread = Thread { queue.work() }
            thread.name = "\(name)-\(index)"
            thread.start()
        }
    }

    deinit { queue.close() }

    /// Has `job` run on one of the threads; `false`, and it never runs, where the queue is full.
    ///
    /// The job has its own deadline.
    func submit(_ job: @escaping @Sendable () -> Void) -> Bool { queue.add(job) }

    /// What is said where the queue is full.
    static let refusal = CacheTargetError(
        .busy, target: "cache targets", operation: "queue work",
        expected: "at most \(maximumQueue) waiting jobs", found: "more",
        hint: "Clear less often; bursts are meant to be coalesced.")

    /// Runs `job` on one of the threads.
    ///
    /// Cancellation is not observed: the job has its own deadline.
    /// - Throws: what the job throws; `CacheTargetError` with `busy` if the queue is full.
    public func run<Value: Sendable>(
        _ job: @escaping @Sendable () throws(CacheTargetError) -> Value
    ) async throws(CacheTargetError) -> Value {
        let result: Result<Value, CacheTargetError> = await withCheckedContinuation {
            continuation in
            let accepted = queue.add {
                do throws(CacheTargetError) {
                    continuation.resume(returning: .success(try job()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
            if !accepted { continuation.resume(returning: .failure(Self.refusal)) }
        }
        return try result.get()
    }
}

/// The waiting jobs of a pool; separate, so that the threads do not keep the pool itself alive.
private final class JobQueue: Sendable {
    private struct Contents: ~Copyable {
        var jobs: [@Sendable () -> Void] = []
        var isClosed = false
    }

    private let contents = Mutex(Contents())
    private let wakeUps = DispatchSemaphore(value: 0)

    func add(_ job: @escaping @Sendable () -> Void) -> Bool {
        let accepted = contents.withLock { contents in
            guard !contents.isClosed, contents.jobs.count < BlockingPool.maximumQueue else {
                return false
            }
            contents.jobs.append(job)
            return true
        }
        if accepted { wakeUps.signal() }
        return accepted
    }

    func close() {
        contents.withLock { $0.isClosed = true }
        wakeUps.signal()
    }

    func work() {
        while true {
            wakeUps.wait()
            let job: (@Sendable () -> Void)? = contents.withLock { contents in
                contents.jobs.isEmpty ? nil : contents.jobs.removeFirst()
            }
            if let job {
                job()
            } else if contents.withLock({ $0.isClosed }) {
                // Hands the closing on to the next thread.
                wakeUps.signal()
                return
            }
        }
    }
}
