// SPDX-License-Identifier: Apache-2.0
import CZeroMQLibrary
import Glibc
import Testing

@testable import ZeroMQ

@Suite("A socket monitor", .timeLimit(.minutes(1))) struct SocketMonitorTests {
    let context: Context
    let executor: PollingExecutor
    let journal = Journal<SocketEvent>()

    init() throws {
        context = try Context()
        executor = try PollingExecutor(name: "monitor")
    }

    @Test("tells the life of a connection from both ends")
    func life() async throws {
        let journal = self.journal
        let theirs = Journal<SocketEvent>()
        let router = try Socket<Router>(in: context, options: .plain)
        try router.monitor(on: executor) { theirs.append($0) }
        let endpoint = try router.bindAnywhere()
        await theirs.wait { $0.contains { $0.kind == .listening } }
        do {
            let dealer = try Socket<Dealer>(in: context, options: .plain)
            try dealer.monitor(on: executor) { journal.append($0) }
            try dealer.connect(to: endpoint)
            await journal.wait { $0.contains { $0.kind == .handshakeSucceeded } }
            await theirs.wait { $0.contains { $0.kind == .handshakeSucceeded } }
        }
        let mine = await journal.wait { $0.contains { $0.kind == .stopped } }
        #expect(mine.contains { $0.kind == .connected && $0.endpoint == endpoint.description })
        #expect(mine.last?.kind == .stopped)
        let seen = await theirs.wait { $0.contains { $0.kind == .disconnected } }
        #expect(seen.contains { $0.kind == .accepted })
    }

    @Test("tells of retries and their pause")
    func retries() async throws {
        let journal = self.journal
        let closed: Endpoint
        do {
            let router = try Socket<Router>(in: context, options: .plain)
            closed = try router.bindAnywhere()
        }
        let dealer = try Socket<Dealer>(in: context, options: .plain)
        try dealer.monitor(on: executor) { journal.append($0) }
        try dealer.connect(to: closed)
        let events = await journal.wait { events in
            events.contains { if case .connectRetried = $0.kind { true } else { false } }
        }
        let pauses = events.compactMap { event -> Duration? in
            if case .connectRetried(let pause) = event.kind { pause } else { nil }
        }
        #expect(pauses.allSatisfy { $0 >= .milliseconds(100) })
    }

    @Test("tells of a bind that failed")
    func bindFailed() async throws {
        let journal = self.journal
        let first = try Socket<Router>(in: context, options: .plain)
        let endpoint = try first.bindAnywhere()
        let second = try Socket<Router>(in: context, options: .plain)
        try second.monitor(on: executor) { journal.append($0) }
        #expect(throws: ZeroMQError.self) { try second.bind(to: endpoint) }
        let failure = SocketEvent.Kind.bindFailed(errno: EADDRINUSE)
        let events = await journal.wait { $0.contains { $0.kind == failure } }
        #expect(events.contains { $0.kind == failure })
    }

    @Test("goes with the socket, and lets the context end")
    func lifetime() async throws {
        weak var ended: Context?
        let stopped = Journal<SocketEvent>()
        do {
            let context = try Context()
            ended = context
            for _ in 0..<20 {
                let dealer = try Socket<Dealer>(in: context, options: .plain)
                try dealer.monitor(on: executor) { stopped.append($0) }
                try dealer.connect(to: Endpoint(tcp: "127.0.0.1", port: 9))
            }
        }
        await stopped.wait { $0.filter { $0.kind == .stopped }.count == 20 }
        while ended != nil, !Task.isCancelled { await Task.yield() }
        #expect(ended == nil)
    }

    @Test("ends also when its executor goes with the socket")
    func executorGoesFirst() async throws {
        weak var ended: Context?
        weak var endedLoop: PollingLoop?
        do {
            let context = try Context()
            let executor = try PollingExecutor(name: "short-lived")
            ended = context
            endedLoop = executor.loop
            let dealer = try Socket<Dealer>(in: context, options: .plain)
            try dealer.monitor(on: executor) { _ in }
            try dealer.connect(to: Endpoint(tcp: "127.0.0.1", port: 9))
        }
        while ended != nil || endedLoop != nil, !Task.isCancelled { await Task.yield() }
        #expect(ended == nil)
        #expect(endedLoop == nil)
    }

    @Test("reads every number that libzmq documents, and keeps one it does not know")
    func kinds() {
        let rows: [(CInt, SocketEvent.Kind)] = [
            (ZMQ_EVENT_CONNECTED, .connected), (ZMQ_EVENT_CONNECT_DELAYED, .connectDelayed),
            (ZMQ_EVENT_CONNECT_RETRIED, .connectRetried(after: .milliseconds(5))),
            (ZMQ_EVENT_LISTENING, .listening), (ZMQ_EVENT_BIND_FAILED, .bindFailed(errno: 5)),
            (ZMQ_EVENT_ACCEPTED, .accepted), (ZMQ_EVENT_ACCEPT_FAILED, .acceptFailed(errno: 5)),
            (ZMQ_EVENT_CLOSED, .closed), (ZMQ_EVENT_CLOSE_FAILED, .closeFailed(errno: 5)),
            (ZMQ_EVENT_DISCONNECTED, .disconnected), (ZMQ_EVENT_MONITOR_STOPPED, .stopped),
            (ZMQ_EVENT_HANDSHAKE_SUCCEEDED, .handshakeSucceeded),
            (ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, .handshakeFailed(.broken(errno: 5))),
            (ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, .handshakeFailed(.protocolViolation(code: 5))),
            (ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, .handshakeFailed(.authentication(status: 5))),
            (0x8000, .unknown(0x8000)),
        ]
        for (number, kind) in rows {
            #expect(SocketEvent.Kind(number: UInt16(number), value: 5) == kind)
        }
    }

    @Test("ignores frames of the wrong shape", arguments: [[], [[1]], [[1, 2, 3, 4, 5, 6]]])
    func wrongShape(frames: [[UInt8]]) {
        #expect(SocketEvent(frames: frames) == nil)
    }
}
