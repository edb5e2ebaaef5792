// SPDX-License-Identifier: Apache-2.0

/// A thread of its own that runs actors and polls their sockets.
///
/// An actor adopts it by keeping it and returning ``asUnownedSerialExecutor()``; the actor's
/// sockets are then polled by the thread that runs its methods, and no call on them needs `await`.
///
///     actor Link {
///         nonisolated let executor: PollingExecutor
///         nonisolated var unownedExecutor: UnownedSerialExecutor {
///             executor.asUnownedSerialExecutor()
///         }
///     }
///
/// Each turn runs the jobs submitted before it, fires alarms, then calls the owners of readable
/// sockets in the order they were watched; with jobs left over it does not sleep. An owner which
/// leaves messages is called again in the next turn, so owners bound what they take per call and
/// nobody starves. Nothing that may block belongs on this thread.
///
/// libzmq 4.3.4 has a known fault in growing its poll sets beyond ten sockets; it concerns
/// `select` on Windows only, and a test with sixty sockets here stands for that.
/// Source: zmq_poll(3), `polling_util.hpp`.
public final class PollingExecutor: SerialExecutor {
    let loop: PollingLoop

    /// Starts the thread, which ends by itself when the executor goes.
    ///
    /// - Parameter name: Shown by `ps -L` and debuggers. Limit: 15 bytes, more is cut.
    /// - Throws: `outOfResources` without descriptors or threads.
    public init(name: String) throws(ZeroMQError) {
        loop = try PollingLoop()
        try loop.start(name: name, for: self)
    }

    deinit { loop.stop() }

    /// Whether the caller is on the executor's thread, in a job or in a callback.
    public var isCurrent: Bool { loop.isCurrent }

    /// Submits a job of the Swift runtime; from any thread.
    public func enqueue(_ job: consuming ExecutorJob) {
        loop.submit(.job(UnownedJob(job)))
    }

    /// The reference that an actor returns as its executor.
    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    /// Traps off the executor's thread; lets callbacks use `assumeIsolated`.
    public func checkIsolated() {
        precondition(isCurrent, "not on the polling executor's thread")
    }

    /// Answers the runtime's question without a trap.
    public func isIsolatingCurrentContext() -> Bool? { isCurrent }

    /// Runs the body on the executor's thread, in order with jobs; from any thread.
    public func perform(_ body: @escaping @Sendable () -> Void) {
        loop.submit(.call(body))
    }

    /// Has the owner called whenever a message is waiting on its socket.
    ///
    /// From the executor's thread, that is from a method of the owner, else it traps. The owner is
    /// not kept alive. A watched socket closes on the executor's thread wherever its owner ends.
    public func watch<Role: ReceivingRole, Owner: Actor>(
        _ socket: borrowing Socket<Role>, for owner: Owner,
        onReadable: @escaping @Sendable (isolated Owner) -> Void
    ) {
        watch(socket.core, onReadable: call(owner, onReadable))
    }

    /// Makes an alarm that calls the owner.
    ///
    /// From the executor's thread, else it traps. Neither is kept alive: the owner keeps the alarm.
    public func makeAlarm<Owner: Actor>(
        for owner: Owner, onFire: @escaping @Sendable (isolated Owner) -> Void
    ) -> Alarm {
        let alarm = Alarm(loop: loop, fire: call(owner, onFire))
        loop.add(alarm)
        return alarm
    }

    func watch(_ core: SocketCore, onReadable: @escaping () -> Void) {
        precondition(core.registration == nil, "the socket is watched already")
        let entry = Registration(handle: core.handle, onReadable: onReadable)
        loop.register(entry)
        core.registration = (entry, loop)
    }

    /// Turns a call with isolation into one without, which is checked each time it is made.
    func call<Owner: Actor>(
        _ owner: Owner, _ body: @escaping @Sendable (isolated Owner) -> Void
    ) -> @Sendable () -> Void {
        { [weak owner] in
            guard let owner else { return }
            owner.assumeIsolated { body($0) }
        }
    }
}

/// One deadline of one owner, on the executor's thread.
///
/// Every time it is set replaces the time before; it fires once, at or after its time, never
/// before. Unit: milliseconds, the resolution of zmq_poll(3).
public final class Alarm {
    private let loop: PollingLoop
    let fire: () -> Void
    var deadline: ContinuousClock.Instant?

    init(loop: PollingLoop, fire: @escaping () -> Void) {
        self.loop = loop
        self.fire = fire
    }

    /// The alarm with its deadline if that has come.
    func due(at now: ContinuousClock.Instant) -> (alarm: Alarm, deadline: ContinuousClock.Instant)?
    {
        guard let deadline, deadline <= now else { return nil }
        return (self, deadline)
    }

    /// Asks for one call at the time, which replaces any time set before; nil takes it back.
    public func set(_ time: ContinuousClock.Instant?) {
        precondition(loop.isCurrent, "alarms are set on their executor's thread")
        deadline = time
    }
}
