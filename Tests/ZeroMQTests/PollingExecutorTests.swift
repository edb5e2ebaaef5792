// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ZeroMQ

/// An actor which owns sockets the way a node's transport does.
private actor Station {
    nonisolated let executor: PollingExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let router: Socket<Router>
    private var alarms: [Alarm] = []
    private(set) var calls = 0
    /// How many messages to take per call; the rest comes in the next turn.
    private let appetite: Int
    private let journal: Journal<String>

    init(
        in context: Context, on executor: PollingExecutor, journal: Journal<String>,
        appetite: Int = 100
    ) throws {
        self.executor = executor
        self.journal = journal
        self.appetite = appetite
        router = try Socket(in: context, options: .plain)
    }

    func start() throws -> Endpoint {
        executor.watch(router, for: self) { $0.take() }
        return try router.bindAnywhere()
    }

    private func take() {
        calls += 1
        do {
            for _ in 0..<appetite {
                guard case .message(let message) = try router.tryReceive(limit: .generous) else {
                    return
                }
                journal.append(message.texts.last ?? "")
                try router.trySend([message.frames[0], Frame("seen")])
            }
        } catch {
            journal.append("\(error)")
        }
    }

    func isOnThread() -> Bool { executor.isCurrent }

    /// Sets alarms at these distances from now; the alarm's number is reported when it fires.
    func setAlarms(_ distances: [Duration]) {
        let start = ContinuousClock.now
        for (number, distance) in distances.enumerated() {
            let alarm = executor.makeAlarm(for: self) { $0.report(number, start + distance) }
            alarm.set(start + distance)
            alarms.append(alarm)
        }
    }

    func cancelAlarm(_ number: Int) { alarms[number].set(nil) }

    private func report(_ number: Int, _ deadline: ContinuousClock.Instant) {
        journal.append(ContinuousClock.now >= deadline ? "\(number)" : "\(number) too early")
    }
}

@Suite("A polling executor", .timeLimit(.minutes(1))) struct PollingExecutorTests {
    let context: Context
    let executor: PollingExecutor
    let journal = Journal<String>()

    init() throws {
        context = try Context()
        executor = try PollingExecutor(name: "test")
    }

    @Test("runs its actors on its own thread, and says so")
    func isolation() async throws {
        let station = try Station(in: context, on: executor, journal: journal)
        #expect(await station.isOnThread())
        #expect(!executor.isCurrent)
        #expect(executor.isIsolatingCurrentContext() == false)
    }

    @Test("runs every job of many tasks")
    func manyJobs() async throws {
        let station = try Station(in: context, on: executor, journal: journal)
        let answers = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<1_000 { group.addTask { await station.isOnThread() } }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(answers == 1_000)
    }

    @Test("calls an actor when a message waits, also one it left in the queue")
    func readable() async throws {
        let station = try Station(in: context, on: executor, journal: journal, appetite: 1)
        let endpoint = try await station.start()
        let dealer = try Socket<Dealer>(in: context, options: .plain)
        try dealer.connect(to: endpoint)
        for number in 0..<50 { #expect(try dealer.send(Message("\(number)")) == .sent) }
        #expect(await journal.wait(forCount: 50) == (0..<50).map(String.init))
        #expect(await station.calls >= 50)
        for _ in 0..<50 { #expect(try dealer.receiveTexts() == ["seen"]) }
    }

    @Test("polls sixty sockets, beyond libzmq's built-in poll set")
    func sixtySockets() async throws {
        var stations: [Station] = []
        var endpoints: [Endpoint] = []
        for _ in 0..<60 {
            let station = try Station(in: context, on: executor, journal: journal)
            endpoints.append(try await station.start())
            stations.append(station)
        }
        for round in 0..<3 {
            let dealer = try Socket<Dealer>(in: context, options: .plain)
            for endpoint in endpoints { try dealer.connect(to: endpoint) }
            for number in 0..<60 { #expect(try dealer.send(Message("\(number)")) == .sent) }
            await journal.wait(forCount: (round + 1) * 60)
            for _ in 0..<60 { #expect(try dealer.receiveTexts() == ["seen"]) }
        }
        #expect(Set(journal.elements).count == 60)
        for station in stations { #expect(await station.calls > 0) }
    }

    @Test("does not let a busy socket starve another")
    func fairness() async throws {
        let busy = try Station(in: context, on: executor, journal: Journal(), appetite: 1)
        let quiet = try Station(in: context, on: executor, journal: journal)
        let flooder = try Socket<Dealer>(in: context, options: .plain)
        try flooder.connect(to: try await busy.start())
        for _ in 0..<2_000 { _ = try flooder.send(Message("flood")) }
        let dealer = try Socket<Dealer>(in: context, options: .plain)
        try dealer.connect(to: try await quiet.start())
        for _ in 0..<20 { #expect(try dealer.send(Message("quiet")) == .sent) }
        #expect(await journal.wait(forCount: 20).count == 20)
    }

    @Test("fires alarms in order of their time, never early, each once")
    func alarms() async throws {
        let station = try Station(in: context, on: executor, journal: journal)
        await station.setAlarms([
            .milliseconds(60), .milliseconds(20), .seconds(30), .milliseconds(-5),
            .milliseconds(80), .milliseconds(-10),
        ])
        await station.cancelAlarm(2)
        #expect(await journal.wait(forCount: 5) == ["5", "3", "1", "0", "4"])
    }

    @Test("wakes for a job although an alarm is far away")
    func jobBeatsAlarm() async throws {
        let station = try Station(in: context, on: executor, journal: journal)
        await station.setAlarms([.seconds(3_000)])
        #expect(await station.isOnThread())
        #expect(journal.elements.isEmpty)
    }

    @Test("performs closures in order, and jobs among them")
    func perform() async {
        let order = Journal<Int>()
        for number in 0..<500 { executor.perform { order.append(number) } }
        #expect(await order.wait(forCount: 500) == Array(0..<500))
    }

    @Test("ends with its last owner, and with it sockets and context")
    func lifetime() async throws {
        let ended = Journal<String>()
        weak var endedContext: Context?
        weak var endedLoop: PollingLoop?
        do {
            let context = try Context()
            let executor = try PollingExecutor(name: "short-lived")
            endedContext = context
            endedLoop = executor.loop
            let station = try Station(in: context, on: executor, journal: ended)
            let endpoint = try await station.start()
            let dealer = try Socket<Dealer>(in: context, options: .plain)
            try dealer.connect(to: endpoint)
            #expect(try dealer.send(Message("last")) == .sent)
            await ended.wait(forCount: 1)
        }
        // The thread closes the sockets on its own time; yielding lets it.
        while endedContext != nil || endedLoop != nil, !Task.isCancelled { await Task.yield() }
        #expect(endedContext == nil)
        #expect(endedLoop == nil)
    }

    @Test("closes the sockets it adopted when it ends")
    func adoptedSockets() async throws {
        weak var ended: Context?
        do {
            let context = try Context()
            let executor = try PollingExecutor(name: "short-lived")
            ended = context
            AdoptedSocket(try Socket<Pair>(in: context, options: .plain))
                .adopt(by: executor) { _ in }
        }
        while ended != nil, !Task.isCancelled { await Task.yield() }
        #expect(ended == nil)
    }
}
