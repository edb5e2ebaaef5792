// SPDX-License-Identifier: Apache-2.0
import Testing

extension BlackBox {
    @Suite("Servers that stay silent")
    struct NamingTests {}
}

extension BlackBox.NamingTests {
    @Test(
        "Servers that never answered are named once each, by every command", .timeLimit(.minutes(2))
    )
    func never() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let others = [cluster[2].url, cluster[3].url]
            let order = try await cluster[1].run("invalidate", "--timeout", "1s", "--json")
            #expect(order.status == 3, "\(order)")
            let last = try order.documents(Silence.self).first { $0.silent != nil }
            #expect(last?.silent?.sorted() == others)
            // They are members that are away.
            #expect(last?.notLoggedIn == nil)
            let event = try await cluster[1].run(
                "publish", "t", "x", "--confirm", "all", "--timeout", "1s", "--json")
            #expect(event.status == 3, "\(event)")
            let missing = try event.document(Publication.self).missing
            #expect(missing.sorted() == others)
        }
    }
}

/// A line of an invalidation.
private struct Silence: Decodable {
    var silent: [String]?
    var notLoggedIn: [String]?
}
