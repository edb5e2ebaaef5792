// SPDX-License-Identifier: Apache-2.0

import ClusterModel
import NodeRuntimeTesting
import Testing

@testable import NodeRuntime

/// What is written when, and in which order.
@Suite("Writes that wait a moment")
struct PendingWritesTests {
    private static let start = Instant(nanoseconds: 1_000_000_000)

    private static func value(_ name: String) -> LogOperation { .value(name: name, bytes: []) }

    private static func names(_ writes: [PendingWrites.Write]) -> [[String]] {
        writes.map { write in
            write.operations.map {
                if case .value(let name, _) = $0 { name } else { "?" }
            }
        }
    }

    private static func pending(_ adds: [(name: String, isAwaited: Bool)]) -> PendingWrites {
        var writes = PendingWrites()
        writes.yield(now: start)
        for add in adds {
            writes.add([value(add.name)], isAwaited: add.isAwaited) { _ in }
        }
        return writes
    }

    @Test("Nothing waits where no clear has begun")
    func ordinary() {
        var writes = PendingWrites()
        writes.add([Self.value("a")], isAwaited: false) { _ in }
        #expect(Self.names(writes.takeDue()) == [["a"]])
        #expect(writes.takeDue().isEmpty)
        #expect(writes.deadline == nil)
    }

    @Test("What nobody waits for lets a clear go first, but not beyond its time")
    func courtesy() {
        var writes = Self.pending([("a", false), ("b", false)])
        #expect(writes.takeDue().isEmpty)
        #expect(writes.deadline == Self.start + PendingWrites.courtesy)
        // A second clear does not make it later.
        writes.yield(now: Self.start + .milliseconds(1))
        #expect(writes.deadline == Self.start + PendingWrites.courtesy)
        #expect(Self.names(writes.takeDue(evenUnawaited: true)) == [["a"], ["b"]])
        #expect(writes.deadline == nil)
        writes.add([Self.value("c")], isAwaited: false) { _ in }
        #expect(Self.names(writes.takeDue()) == [["c"]])
    }

    @Test("What somebody waits for takes along all that came before it, in order")
    func awaited() {
        var writes = Self.pending([("a", false), ("b", true)])
        #expect(Self.names(writes.takeDue()) == [["a"], ["b"]])
        writes.add([Self.value("c")], isAwaited: false) { _ in }
        #expect(writes.takeDue().isEmpty, "the clear still goes first")
    }

    @Test("What was held back goes before what comes later, and alone when its time is over")
    func held() {
        var writes = PendingWrites()
        writes.hold(Self.value("a"), now: Self.start)
        writes.hold(Self.value("b"), now: Self.start + .milliseconds(7))
        #expect(writes.deadline == Self.start + PendingWrites.patience)
        writes.add([Self.value("c")], isAwaited: true) { _ in }
        #expect(Self.names(writes.takeDue()) == [["a", "b", "c"]])
        #expect(writes.takeHeld().isEmpty)
        #expect(writes.deadline == nil)
    }
}
