// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel
import Dispatch
import Foundation
import NodeRuntime
import Synchronization
import Testing
import ZeroMQ

@testable import MeshTransport

/// One end of a mesh in a test: a transport and what it delivered.
final class TestPeer: TransportSink {
    let transport: ZeroMQTransport
    let node: NodeID
    let link: PeerLink
    let keys: CurveKeyPair
    private let deliveries = Mutex<[Delivery]>([])

    /// A peer on free ports of 127.0.0.1.
    ///
    /// - Parameter allowance: How much its memory may grow; where it is given, it looks often.
    ///   Unit: bytes.
    init(_ number: UInt8, allowance: Int? = nil) throws {
        var bytes = [UInt8](repeating: 0, count: 31)
        bytes.append(number)
        node = try #require(NodeID(bytes: bytes))
        keys = try CurveKeyPair()
        let ports = try (freePort(), freePort())
        var settings = TransportSettings(
            curveSecret: keys.exposedSecretBytes, address: "127.0.0.1",
            publishPort: ports.0, requestPort: ports.1, clock: TestClock())
        if let allowance {
            settings.memoryAllowance = allowance
            settings.memoryLookPause = .milliseconds(250)
        }
        transport = try ZeroMQTransport(settings)
        link = PeerLink(
            node: node, curveKey: try #require(CurveKey(bytes: keys.publicKey.bytes)),
            host: "127.0.0.1", publishPort: ports.0, requestPort: ports.1)
    }

    func start(admitting peers: [TestPeer], linkingTo linked: [TestPeer]) async throws {
        try await transport.start(delivering: self)
        await onExecutor { transport in
            transport.setAdmitted(
                Dictionary(
                    uniqueKeysWithValues: peers.map { ($0.link.curveKey, .node($0.node)) }))
            transport.setLinks(linked.map(\.link))
        }
    }

    /// Runs something where the transport wants to be called.
    func onExecutor<Value: Sendable>(
        _ body: @escaping @Sendable (ZeroMQTransport) -> Value
    ) async -> Value {
        await Caller(executor: transport.executor).call { [transport] in body(transport) }
    }

    nonisolated func turn() -> Bool {
        while let delivery = transport.next() {
            deliveries.withLock { $0.append(delivery) }
        }
        return false
    }

    /// What was delivered so far.
    var delivered: [Delivery] { deliveries.withLock { $0 } }

    /// Asks until the request arrives, again whenever its patience must be over; `nil` where it
    /// does not arrive.
    func asks(_ question: [[UInt8]], of peer: TestPeer) async -> ReplyTicket? {
        for _ in 0..<6 {
            guard await onExecutor({ $0.request(question, of: peer.node) }) else { return nil }
            let isThere = await peer.waits(atMost: .seconds(5)) {
                Self.ticket(of: question, from: self.node, in: $0) != nil
            }
            if isThere { break }
        }
        return peer.delivered.lazy.compactMap {
            Self.ticket(of: question, from: self.node, in: $0)
        }.first
    }

    private static func ticket(
        of question: [[UInt8]], from asker: NodeID, in delivery: Delivery
    ) -> ReplyTicket? {
        guard case .request(question, from: .node(asker), let ticket) = delivery else { return nil }
        return ticket
    }

    /// Waits until a delivery is there; `false` where it does not come within half a minute.
    func waits(
        atMost limit: Duration = .seconds(30), until condition: @escaping (Delivery) -> Bool
    ) async -> Bool {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            if delivered.contains(where: condition) { return true }
            await Task.yield()
        }
        return false
    }
}

/// Runs calls on a given executor.
private actor Caller {
    private let executor: any SerialExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(executor: any SerialExecutor) { self.executor = executor }

    func call<Value: Sendable>(_ body: @Sendable () -> Value) -> Value { body() }
}

/// The host's clocks.
struct TestClock: HostClock {
    private static let zero = ContinuousClock.now

    func now() -> Moment {
        Moment(
            instant: Instant(nanoseconds: TestClock.zero.duration(to: .now).nanoseconds),
            wall: WallTime(milliseconds: UInt64(Date.now.timeIntervalSince1970 * 1_000)))
    }
}

/// A port that nobody listens on just now.
private func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            guard bind(descriptor, address, length) == 0,
                getsockname(descriptor, address, &length) == 0
            else { return }
        }
        return UInt16(bigEndian: pointer.pointee.sin_port)
    }
}
