// SPDX-License-Identifier: Apache-2.0

import CacheTargets
import ClusterModel
import Testing

@Suite("All caches of a configuration")
struct CacheSetTests {
    /// A cache that says what it was asked.
    private struct Twin: CacheTarget {
        let name: String
        let abilities: Set<OrderPart>

        func clear(_ order: Invalidation, sparing spared: Set<String>) async -> [StepReceipt] {
            guard !spared.contains(name), !order.parts.isDisjoint(with: abilities) else {
                return []
            }
            return [
                StepReceipt(
                    target: name, action: "clear", failure: nil, proof: [], microseconds: 1)
            ]
        }
    }

    private static func order(_ change: (inout Invalidation) -> Void) -> Invalidation {
        var order = Invalidation()
        change(&order)
        return order
    }

    @Test("Each cache that knows a part has a step, in the order of the configuration")
    func steps() async {
        let set = CacheSet([
            Twin(name: "one", abilities: [.all, .opcode]), Twin(name: "two", abilities: [.tag]),
            Twin(name: "three", abilities: [.all, .opcode, .user]),
        ])
        #expect(await set.clear(.plain).map(\.target) == ["one", "three"])
        #expect(await set.clear(.plain, sparing: ["one"]).map(\.target) == ["three"])
        let tags = Self.order { $0.tags = ["a"] }
        #expect(await set.clear(tags).map(\.target) == ["two"])
    }

    @Test(
        "What no cache knows is said so",
        arguments: [
            (Self.order { $0.tags = ["a"] }, ["knows tags"]),
            (Self.order { $0.urls = ["/"] }, ["knows URLs"]),
            (Self.order { $0.keyPatterns = ["."] }, ["knows keys"]),
            (Self.order { $0.userCache = true }, ["is a user cache"]),
            (
                Self.order {
                    $0.opcodeCache = true
                    $0.paths = ["a"]
                    $0.urls = ["/"]
                }, ["knows files", "knows URLs"]
            ),
        ])
    func unknown(order: Invalidation, subjects: [String]) async {
        let set = CacheSet([Twin(name: "one", abilities: [.opcode])])
        let said = await set.clear(order).filter { $0.target == "caches" }
        #expect(
            said.map(\.action)
                == subjects.map {
                    "nothing to clear: no configured cache \($0)"
                })
        #expect(said.allSatisfy { $0.failure == nil })
    }

    @Test("Without any cache nothing is silent")
    func none() async {
        #expect(await CacheSet([]).clear(.plain).count == 2)
        let everything = await CacheSet([]).clear(
            Self.order {
                $0.everything = true
                $0.tags = ["a"]
            })
        #expect(everything.map(\.action) == ["nothing to clear: no cache is configured"])
    }
}
