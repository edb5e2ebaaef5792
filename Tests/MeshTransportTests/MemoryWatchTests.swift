// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import NodeRuntime
import Synchronization
import Testing

@testable import MeshTransport

@Suite("Memory that no queue explains")
struct MemoryWatchTests {
    private static let suspects: [MemoryWatch.Suspect] = [
        .subscription(NodeID(.zero)), .requests(NodeID(.zero)), .answers,
    ]

    private func steps(_ readings: [(resident: Int, queued: Int)]) -> [MemoryWatch.Step] {
        var watch = MemoryWatch(allowance: 100)
        return readings.map {
            watch.look(resident: $0.resident, queued: $0.queued, suspects: Self.suspects)
        }
    }

    @Test("growth within the allowance, or explained by the queues, is left alone")
    func rests() {
        let steps = steps([(1_000, 0), (1_100, 0), (5_000, 4_000), (900, 0), (1_000, 2_000)])
        #expect(steps == Array(repeating: .rest, count: 5))
    }

    @Test("sockets are made anew one by one, until the end of one sets memory free")
    func convicts() {
        let steps = steps([(1_000, 0), (1_200, 0), (1_210, 0), (1_020, 0), (1_020, 0)])
        #expect(
            steps == [
                .rest, .recycle(Self.suspects[0]), .recycle(Self.suspects[1]),
                .convict(Self.suspects[1], bytes: 190), .rest,
            ])
    }

    @Test("when all were in vain the growth becomes usual, and a second one is looked into")
    func acquits() {
        let steps = steps([
            (1_000, 0), (1_200, 0), (1_200, 0), (1_200, 0), (1_200, 0), (1_250, 0), (1_400, 0),
        ])
        #expect(
            steps == [
                .rest, .recycle(Self.suspects[0]), .recycle(Self.suspects[1]),
                .recycle(Self.suspects[2]), .acquit(bytes: 200), .rest,
                .recycle(Self.suspects[0]),
            ])
    }

    @Test("this process has some memory")
    func reads() throws {
        let resident = try #require(ProcessMemory.resident())
        #expect(resident > 1 << 20 && resident < 1 << 40)
    }

    @Test("the socket whose end sets memory free is made anew, and its peer is named")
    func recycles() async throws {
        // Once there is a link, much at the second look: the first suspect is the subscription.
        let looks = Mutex<Int?>(nil)
        let right = try TestPeer(2) {
            looks.withLock { looks in
                looks = looks.map { $0 + 1 }
                return looks == 2 ? 1 << 30 : 0
            }
        }
        let left = try TestPeer(1)
        try await left.start(admitting: [right], linkingTo: [])
        try await right.start(admitting: [left], linkingTo: [left])
        looks.withLock { $0 = 0 }
        #expect(
            await right.waits {
                guard case .dropped(from: left.node, let reason) = $0 else { return false }
                return reason.contains("ending its broadcast set 1024 MiB free")
            })
        #expect(await right.waits { $0 == .linkUp(left.node) })
        await left.transport.stop()
        await right.transport.stop()
    }
}
