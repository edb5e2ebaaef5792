// SPDX-License-Identifier: Apache-2.0
internal import CZeroMQ
internal import CZeroMQLibrary
internal import Glibc
internal import Synchronization

/// A socket that a loop polls, and what to do when a message is waiting.
final class Registration {
    let handle: UnsafeMutableRawPointer
    private(set) var onReadable: () -> Void
    /// False once the socket is closed, which may happen in the middle of a turn.
    private(set) var isActive = true

    init(handle: UnsafeMutableRawPointer, onReadable: @escaping () -> Void) {
        self.handle = handle
        self.onReadable = onReadable
    }

    /// Ends the registration, and lets go of what the callback holds, which may be the socket.
    func retire() {
        guard isActive else { return }
        isActive = false
        // Released after the write: the callback may own the socket, whose end comes back here.
        let released = onReadable
        onReadable = {}
        withExtendedLifetime(released) {}
    }
}

/// The thread behind a ``PollingExecutor``: jobs, then alarms, then sockets, then sleep.
///
/// The checked claim behind `@unchecked`: `mailbox` has a lock, `executor` is a weak reference set
/// before the thread starts, and everything else is touched by the loop's thread alone, which
/// ``isCurrent`` preconditions enforce at each entry.
final class PollingLoop: @unchecked Sendable {
    /// Something to do on the thread.
    enum Entry: Sendable {
        case job(UnownedJob)
        case call(@Sendable () -> Void)
    }

    private struct Mailbox {
        var entries: [Entry] = []
        /// True from the decision to sleep until somebody rings or the thread wakes.
        var isAsleep = false
        var isStopping = false
        /// The thread is past its last turn; nothing submitted would ever run.
        var isFinished = false
    }

    private let mailbox = Mutex(Mailbox())
    private let bell: CInt
    private weak var executor: PollingExecutor?

    private var batch: [Entry] = []
    private var registrations: [Registration] = []
    private var alarms: [WeakAlarm] = []
    private var items: [zmq_pollitem_t] = []
    private var itemsAreStale = true

    init() throws(ZeroMQError) {
        bell = czmq_event_open()
        guard bell >= 0 else { throw .last("open an event counter") }
    }

    deinit { czmq_event_close(bell) }

    /// Starts the thread, which keeps the loop alive until ``stop()``.
    func start(name: String, for executor: PollingExecutor) throws(ZeroMQError) {
        self.executor = executor
        let retained = Unmanaged.passRetained(self)
        let status = czmq_thread_start(
            name,
            { argument in
                guard let argument else { return }
                Unmanaged<PollingLoop>.fromOpaque(argument).takeRetainedValue().run()
            }, retained.toOpaque())
        guard status == 0 else {
            retained.release()
            throw ZeroMQError(.outOfResources, "start a thread", found: "error \(status)")
        }
    }

    /// Whether the caller runs on this loop's thread.
    var isCurrent: Bool {
        czmq_thread_loop() == UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
    }

    /// Has the thread do something; from any thread.
    ///
    /// One ring wakes it for a whole batch.
    ///
    /// - Returns: False if the loop has ended, and the entry was dropped.
    @discardableResult
    func submit(_ entry: Entry) -> Bool {
        let (isAccepted, mustRing) = mailbox.withLock { box in
            guard !box.isFinished else { return (false, false) }
            box.entries.append(entry)
            defer { box.isAsleep = false }
            return (true, box.isAsleep)
        }
        if mustRing { czmq_event_ring(bell) }
        return isAccepted
    }

    /// Ends the thread after what was submitted before.
    func stop() {
        let mustRing = mailbox.withLock { box in
            box.isStopping = true
            defer { box.isAsleep = false }
            return box.isAsleep
        }
        if mustRing { czmq_event_ring(bell) }
    }

    // The following run on the loop's thread alone.

    func register(_ registration: Registration) {
        precondition(isCurrent, "sockets are watched from their executor's thread")
        registrations.append(registration)
        itemsAreStale = true
    }

    func add(_ alarm: Alarm) {
        precondition(isCurrent, "alarms are made on their executor's thread")
        alarms.removeAll { $0.alarm == nil }
        alarms.append(WeakAlarm(alarm: alarm))
    }

    /// Closes a socket of this loop on the loop's thread, from any thread.
    func close(_ closing: ClosingSocket) {
        if isCurrent {
            finish(closing)
            return
        }
        // A loop that has ended polls nothing, so closing from here is safe.
        if !submit(.call { self.finish(closing) }) { closing.finish() }
    }

    private func finish(_ closing: ClosingSocket) {
        closing.entry?.retire()
        registrations.removeAll { !$0.isActive }
        itemsAreStale = true
        closing.finish()
    }

    private func run() {
        czmq_thread_set_loop(Unmanaged.passUnretained(self).toOpaque())
        while runSubmitted() {
            fireAlarms()
            poll()
        }
        let orphans = registrations
        registrations.removeAll()
        for orphan in orphans { orphan.retire() }
        alarms.removeAll()
    }

    /// Runs what was submitted before this turn, and nothing submitted by it.
    ///
    /// - Returns: False once the loop is stopped and nothing is left.
    private func runSubmitted() -> Bool {
        batch.removeAll(keepingCapacity: true)
        let goesOn = mailbox.withLock { box in
            swap(&box.entries, &batch)
            if box.isStopping, batch.isEmpty { box.isFinished = true }
            return !box.isFinished
        }
        guard !batch.isEmpty else { return goesOn }
        // Held for the batch: a job may release the last owner of the executor it runs on.
        let executor = self.executor
        for entry in batch {
            switch entry {
            case .call(let body):
                body()
            case .job(let job):
                guard let executor else {
                    preconditionFailure("an actor outlived its polling executor")
                }
                job.runSynchronously(on: executor.asUnownedSerialExecutor())
            }
        }
        return true
    }

    private func fireAlarms() {
        guard !alarms.isEmpty else { return }
        let now = ContinuousClock.now
        // By time, not by age: after a stall several are due at once. One may cancel another.
        let due = alarms.compactMap { $0.alarm?.due(at: now) }.sorted { $0.deadline < $1.deadline }
        for (alarm, deadline) in due where alarm.deadline == deadline {
            alarm.deadline = nil
            alarm.fire()
        }
    }

    /// Milliseconds until the next alarm, rounded up; -1 without one.
    private func timeout() -> Int {
        let deadline = alarms.compactMap { $0.alarm?.deadline }.min()
        guard let deadline else { return -1 }
        let (seconds, attoseconds) = (deadline - ContinuousClock.now).components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        // A minute at most: an early look at the alarms costs nothing and cannot overflow.
        guard seconds < 60 else { return 60_000 }
        return Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000) + 1
    }

    private func poll() {
        rebuildItemsIfStale()
        let patience = timeout()
        let mayBlock = mailbox.withLock { box in
            guard box.entries.isEmpty, !box.isStopping else { return false }
            box.isAsleep = true
            return true
        }
        let ready = zmq_poll(&items, CInt(items.count), mayBlock ? patience : 0)
        if mayBlock { mailbox.withLock { $0.isAsleep = false } }
        guard ready >= 0 else {
            let number = zmq_errno()
            precondition(number == EINTR, "zmq_poll failed with \(number)")
            return
        }
        guard ready > 0 else { return }
        if items[0].revents != 0 { czmq_event_clear(bell) }
        // Indices, because a callback may close sockets or add some; those come next turn.
        let polled = registrations
        for index in polled.indices where items[index + 1].revents != 0 {
            if polled[index].isActive { polled[index].onReadable() }
        }
    }

    private func rebuildItemsIfStale() {
        guard itemsAreStale else { return }
        itemsAreStale = false
        items.removeAll(keepingCapacity: true)
        items.append(
            zmq_pollitem_t(socket: nil, fd: bell, events: Int16(ZMQ_POLLIN), revents: 0))
        for registration in registrations {
            items.append(
                zmq_pollitem_t(
                    socket: registration.handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0))
        }
    }
}

/// A loop's reference to an alarm, which its owner keeps alive.
private struct WeakAlarm {
    weak var alarm: Alarm?
}
