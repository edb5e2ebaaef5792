// SPDX-License-Identifier: Apache-2.0

import CacheTargets
import ClusterModel
import Synchronization
import Testing

@Suite("A clear that is begun without a task")
struct BeginningTests {
    private static func step(_ name: String) -> StepReceipt {
        StepReceipt(target: name, action: "clear", failure: nil, proof: [], microseconds: 1)
    }

    /// A cache that needs a task.
    private struct Slow: CacheTarget {
        let name: String
        let abilities: Set<OrderPart> = [.opcode]

        func clear(_ order: Invalidation, sparing spared: Set<String>) async -> [StepReceipt] {
            spared.contains(name) ? [] : [step(name)]
        }
    }

    /// A cache that ends when it is told to.
    private final class Threaded: ThreadedCacheTarget {
        let name: String
        let abilities: Set<OrderPart> = [.opcode]
        private let waiting = Mutex<[@Sendable () -> Void]>([])

        init(name: String) { self.name = name }

        func begin(
            _ order: Invalidation, sparing spared: Set<String>,
            then: @escaping @Sendable ([StepReceipt]) -> Void
        ) {
            let steps = spared.contains(name) ? [] : [step(name)]
            waiting.withLock { $0.append { then(steps) } }
        }

        func end() {
            let all = waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            for one in all { one() }
        }
    }

    private var order: Invalidation {
        var order = Invalidation()
        order.opcodeCache = true
        order.tags = ["a"]
        return order
    }

    @Test("All steps come once, in the order of the configuration, when the last has ended")
    func order() async {
        let (first, last) = (Threaded(name: "first"), Threaded(name: "last"))
        let set = CacheSet([first, Slow(name: "middle"), last])
        let jobs = Mutex<[@Sendable () async -> Void]>([])
        let told = Mutex<[[String]]>([])
        set.begin(order, sparing: []) { job in
            jobs.withLock { $0.append(job) }
        } then: { steps in
            told.withLock { $0.append(steps.map(\.target)) }
        }
        let tasks = jobs.withLock { $0 }
        #expect(tasks.count == 1)
        last.end()
        for task in tasks { await task() }
        #expect(told.withLock { $0.isEmpty })
        first.end()
        #expect(told.withLock { $0 } == [["first", "middle", "last", "caches"]])
        first.end()
        #expect(told.withLock { $0.count } == 1)
    }

    @Test("What is spared has no step, and without caches the answer comes at once")
    func spared() {
        let cache = Threaded(name: "one")
        let told = Mutex<[[String]]>([])
        let note: @Sendable ([StepReceipt]) -> Void = { steps in
            told.withLock { $0.append(steps.map(\.target)) }
        }
        CacheSet([cache]).begin(.plain, sparing: ["one"], running: { _ in }, then: note)
        cache.end()
        CacheSet([]).begin(.plain, sparing: [], running: { _ in }, then: note)
        #expect(told.withLock { $0 } == [["caches"], ["caches", "caches"]])
    }
}
