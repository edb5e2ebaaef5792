// SPDX-License-Identifier: Apache-2.0
internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import Dispatch
internal import MeshTransport
internal import NodeRuntime
internal import Synchronization
internal import WireFormat

/// A request of 200 bytes and its reply, from one process's transport to another's and back.
///
/// DEALER to ROUTER with CURVE, with every hand-off between the threads of both, and without what a
/// node would do with the request.
enum RoundTrip {
    private static let warmUp = 500
    private static let rounds = 5_000

    /// Measures and prints.
    static func measure(_ fixture: Fixture) async throws {
        let server = try Subprocess(["echo", fixture.folder, "1"])
        defer { server.end() }
        let transport = try RoundTrip.transport(fixture, index: 0)
        let asker = Asker(transport, link: link(fixture, to: 1), rounds: warmUp + rounds)
        transport.setAdmitted([fixture.identities[1].curveKey: .node(fixture.identities[1].node)])
        try await transport.start(delivering: asker)
        transport.wakeUp()
        try await onThread {
            guard asker.done.wait(timeout: .now() + .seconds(30)) == .success else {
                throw BenchmarkError(operation: "ask and wait", detail: "not all answered in 30 s")
            }
        }
        await transport.stop()
        Figures.printPercentiles("rtt", Array(asker.times.withLock { $0 }.dropFirst(warmUp)))
    }

    /// Answers every request with what it holds, until the pipe closes.
    static func echo(_ fixture: Fixture, index: Int) async throws {
        let transport = try RoundTrip.transport(fixture, index: index)
        let echo = Echo(transport, link: link(fixture, to: 0))
        transport.setAdmitted([fixture.identities[0].curveKey: .node(fixture.identities[0].node)])
        try await transport.start(delivering: echo)
        transport.wakeUp()
        try await onThread { Subprocess.waitForEnd() }
        await transport.stop()
    }

    private static func transport(_ fixture: Fixture, index: Int) throws -> ZeroMQTransport {
        let endpoints = fixture.endpoints(of: index)
        return try ZeroMQTransport(
            TransportSettings(
                curveSecret: fixture.identities[index].curveSecret.withUnsafeBytes { [UInt8]($0) },
                address: Fixture.address(of: index), publishPort: endpoints.publishPort,
                requestPort: endpoints.requestPort, clock: HostClocks()))
    }

    private static func link(_ fixture: Fixture, to index: Int) -> PeerLink {
        let endpoints = fixture.endpoints(of: index)
        return PeerLink(
            node: fixture.identities[index].node, curveKey: fixture.identities[index].curveKey,
            host: Fixture.address(of: index), publishPort: endpoints.publishPort,
            requestPort: endpoints.requestPort)
    }
}

/// Sends the next request when the reply to the one before is there.
private final class Asker: TransportSink {
    /// How long the first reply may take.
    ///
    /// Unit: nanoseconds.
    private static let patience: UInt64 = 50_000_000
    /// One a round trip.
    ///
    /// Unit: nanoseconds.
    let times = Mutex<[UInt64]>([])
    let done = DispatchSemaphore(value: 0)
    private let transport: ZeroMQTransport
    private let link: PeerLink
    private let rounds: Int
    private let sentAt = Atomic<UInt64>(0)
    /// Tells the reply that is awaited from late ones to requests before it.
    private let number = Atomic<UInt64>(0)
    private let isLinked = Atomic(false)

    init(_ transport: ZeroMQTransport, link: PeerLink, rounds: Int) {
        self.transport = transport
        self.link = link
        self.rounds = rounds
    }

    func turn() -> Bool {
        if !isLinked.exchange(true, ordering: .relaxed) {
            transport.setLinks([link])
            ask()
        }
        while let delivery = transport.next() {
            switch delivery {
            case .reply(let frames, from: _):
                guard isAwaited(frames) else { continue }
                let time = MonotonicClock.now() - sentAt.load(ordering: .relaxed)
                let count = times.withLock { times in
                    times.append(time)
                    return times.count
                }
                if count == rounds { done.signal() } else { ask() }
            case .broadcast, .request, .linkUp, .linkDown, .linkTrouble, .dropped, .refused: break
            }
        }
        askAgainWhereNobodyAnswered()
        return false
    }

    private func isAwaited(_ frames: [[UInt8]]) -> Bool {
        guard let bytes = frames.last, bytes.count >= 8 else { return false }
        return bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
            == number.load(ordering: .relaxed)
    }

    /// Before the link is up a request may be lost.
    private func askAgainWhereNobodyAnswered() {
        guard times.withLock({ $0.isEmpty }) else { return }
        let now = MonotonicClock.now()
        if now - sentAt.load(ordering: .relaxed) > Asker.patience { ask() }
        transport.wake(at: Instant(nanoseconds: now + Asker.patience))
    }

    private func ask() {
        let request = Payload.bytes(number.add(1, ordering: .relaxed).newValue, count: 200)
        sentAt.store(MonotonicClock.now(), ordering: .relaxed)
        _ = transport.request([request], of: link.node)
    }
}

/// Sends every request back.
private final class Echo: TransportSink {
    private let transport: ZeroMQTransport
    private let link: PeerLink
    private let isLinked = Atomic(false)

    init(_ transport: ZeroMQTransport, link: PeerLink) {
        self.transport = transport
        self.link = link
    }

    func turn() -> Bool {
        if !isLinked.exchange(true, ordering: .relaxed) { transport.setLinks([link]) }
        while let delivery = transport.next() {
            if case .request(let frames, from: _, let ticket) = delivery {
                transport.reply(frames, to: ticket)
            }
        }
        return false
    }
}
