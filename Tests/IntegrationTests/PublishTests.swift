// SPDX-License-Identifier: Apache-2.0
import Foundation
import ServerTesting
import Testing

extension BlackBox {
    @Suite("Publishing")
    struct PublishTests {}
}

extension BlackBox.PublishTests {
    @Test("Each level is confirmed, and every server has the events", .timeLimit(.minutes(2)))
    func levels() async throws {
        try await Cluster.founded { cluster in
            var published: [String] = []
            for level in ["local", "one", "all"] {
                let outcome = try await cluster[2].run(
                    "publish", "order.paid", "{\"level\": \"\(level)\"}", "--confirm", level)
                #expect(outcome.status == 0, "\(outcome)")
                published.append(outcome.text)
            }
            try await cluster.agree(on: published)
            let shown = try await cluster[3].done("events", "show", published[2])
            #expect(shown.text.contains("User: alice"))
            #expect(shown.text.contains("Node: \(cluster[2].url)"))
        }
    }

    @Test(
        "A frozen server is named by `all`, ignored by `one`, and catches up",
        .timeLimit(.minutes(2)))
    func frozen() async throws {
        try await Cluster.founded { cluster in
            cluster[3].freeze()
            let one = try await cluster[1].run("publish", "order.paid", "1", "--confirm", "one")
            #expect(one.status == 0, "\(one)")
            let all = try await cluster[1].run(
                "publish", "order.paid", "2", "--confirm", "all", "--timeout", "1s", "--json")
            #expect(all.status == 3)
            let answer = try all.document(Publication.self)
            #expect(!answer.isConfirmed)
            #expect(answer.missing == [cluster[3].url])
            let text = try await cluster[1].run(
                "publish", "order.paid", "3", "--confirm", "all", "--timeout", "1s")
            #expect(text.status == 3)
            #expect(EventPlace(text.text) != nil, "the ID is printed: \(text)")
            #expect(text.errors.contains(cluster[3].url))
            cluster[3].resume()
            try await cluster.agree(on: [one.text, answer.id, text.text])
            let later = try await cluster[1].run("publish", "order.paid", "4", "--confirm", "all")
            #expect(later.status == 0, "\(later)")
        }
    }

    @Test("A server that was down meanwhile has every event afterwards", .timeLimit(.minutes(2)))
    func absence() async throws {
        try await Cluster.founded { cluster in
            try await cluster[2].stop()
            var published: [String] = []
            for number in 0..<5 {
                published.append(try await cluster[1].publish("order.paid", "\(number)"))
                published.append(try await cluster[3].publish("order.sent", "\(number)"))
            }
            try await cluster[2].start()
            try await cluster.agree(on: published)
        }
    }

    @Test(
        "What was confirmed survives kill -9 at any moment, everywhere and in order",
        .timeLimit(.minutes(4)), arguments: [UInt64(7)])
    func crashes(seed: UInt64) async throws {
        try await Cluster.founded { cluster in
            var random = SeededGenerator(seed: seed)
            var confirmed: [String] = []
            for round in 0..<5 {
                let victim = Int.random(in: 1...3, using: &random)
                let origin = Int.random(in: 1...3, using: &random)
                var stream: [RunningProcess] = []
                let killAt = Int.random(in: 0..<6, using: &random)
                for number in 0..<6 {
                    stream.append(
                        try cluster[origin].begin(
                            ["publish", "load.\(origin)", "\(round)/\(number)", "--timeout", "5s"]))
                    if number == killAt { try await cluster[victim].crash() }
                }
                for publication in stream {
                    let outcome = try await publication.end()
                    if outcome.status == 0 { confirmed.append(outcome.text) }
                }
                try await cluster[victim].start()
                try await cluster[victim].becomeAbleToPublish()
            }
            #expect(!confirmed.isEmpty)
            try await cluster.agree(on: confirmed)
        }
    }

    @Test(
        "A payload arrives as it was, up to 1 MiB", .timeLimit(.minutes(2)),
        arguments: [
            0, 1, 192 * 1_024, 192 * 1_024 + 1, 1_048_576,
        ])
    func payloads(size: Int) async throws {
        try await Cluster.founded { cluster in
            var random = SeededGenerator(seed: UInt64(size))
            let payload = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
            let outcome = try await cluster[1].begin(
                ["publish", "picture.new", "--confirm", "all", "--timeout", "20s"], input: payload
            ).end()
            #expect(outcome.status == 0, "\(outcome.errors)")
            for server in cluster.servers {
                let subscriber = try server.begin(["subscribe", "picture.*", "--since", "0"])
                let line = try await eventually("the picture on server \(server.number)") {
                    subscriber.text.contains("\n") ? subscriber.output : nil
                }
                let event = try JSONDecoder().decode(
                    SubscribedEvent.self, from: Foundation.Data(line))
                #expect(event.id == outcome.text)
                #expect(event.bytes == payload)
            }
        }
    }

    @Test("A payload above 1 MiB is refused, and nothing is published", .timeLimit(.minutes(1)))
    func tooLarge() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let payload = [UInt8](repeating: 0x20, count: 1_048_577)
            let outcome = try await cluster[1].begin(
                ["publish", "picture.new", "--confirm", "local", "--json"], input: payload
            ).end()
            #expect(outcome.status == 1)
            #expect(try outcome.failure().code == "payload-too-large")
            #expect(outcome.output.isEmpty)
            #expect(try await cluster[1].applicationEvents().isEmpty)
        }
    }
}

extension Cluster {
    /// Waits until all three logs hold these events, and checks that they agree.
    ///
    /// Law: the application events of one origin are the same, in the same order, everywhere.
    func agree(on published: [String]) async throws {
        var logs: [[String]] = []
        for server in servers {
            logs.append(
                try await eventually("server \(server.number) to have all events") {
                    let ids = try await server.applicationEvents().map(\.id)
                    return Set(ids).isSuperset(of: published) ? ids : nil
                })
        }
        for (server, log) in zip(servers, logs) {
            #expect(Set(log).count == log.count, "server \(server.number) has an event twice")
            var last: [String: UInt64] = [:]
            for id in log {
                let place = try #require(EventPlace(id))
                #expect(place.sequence > last[place.log] ?? 0, "\(id) is out of order")
                last[place.log] = place.sequence
            }
        }
        // What was not confirmed may still be on its way.
        let everything = Set(logs.joined())
        for server in servers {
            try await eventually("server \(server.number) to have what the others have") {
                Set(try await server.applicationEvents().map(\.id)) == everything
            }
        }
    }
}

extension SubscribedEvent {
    /// The payload, however it was written.
    var bytes: [UInt8]? {
        if let payload { return Array(payload.utf8) }
        return payloadBase64.flatMap { Foundation.Data(base64Encoded: $0) }.map { Array($0) }
    }
}

/// The same numbers from the same seed.
///
/// Source: Steele et al., SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
