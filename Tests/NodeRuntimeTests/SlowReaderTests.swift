// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import NodeRuntimeTesting
import Testing

@testable import NodeRuntime

/// Readers that do not read while much is published.
@Suite("Slow readers", .timeLimit(.minutes(5)))
struct SlowReaderTests {
    /// More than waits for a reader, by count.
    private static let many = 8_000

    private func publish(
        _ topic: String, _ payload: String, on server: TestServer
    ) async throws -> String {
        try await server.installation.publish(
            PublishRequestDocument(
                topic: topic, payload: payload, payloadBase64: nil, confirm: "local",
                timeoutMilliseconds: 60_000)
        ).id
    }

    /// Publishes numbered events, many at a time, and gives the last one's ID.
    private func publish(
        _ count: Int, of size: Int = 0, on server: TestServer
    ) async throws -> String {
        let filling = String(repeating: "x", count: size)
        // More would be refused: what waits to be published is bounded, too.
        let together = size == 0 ? 500 : 8
        for first in stride(from: 1, through: count, by: together) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in first..<min(first + together, count + 1) {
                    group.addTask {
                        _ = try await publish("t", "\(number) \(filling)", on: server)
                    }
                }
                try await group.waitForAll()
            }
        }
        return try await publish("t", "last", on: server)
    }

    @Test(
        "A subscriber that does not read is set back to the log, and misses nothing",
        arguments: [(many, 0), (100, 100_000)])
    func subscriber(count: Int, size: Int) async throws {
        let cluster = try TestCluster(1)
        try await cluster.run {
            let server = cluster.servers[0]
            let stream = try await server.installation.subscribe(topics: ["t"], since: nil)
            let last = try await publish(count, of: size, on: server)
            let before = server.log.pagesRead
            var ids: [String] = []
            var payloads: Set<String> = []
            for try await event in stream {
                ids.append(event.id)
                payloads.insert(String((event.payload ?? "").prefix { $0 != " " }))
                if event.id == last { break }
            }
            #expect(ids.count == count + 1 && Set(ids).count == ids.count)
            #expect(payloads == Set((1...count).map { "\($0)" } + ["last"]))
            // What was not read has waited in the log, and not in memory.
            #expect(server.log.pagesRead > before)
        }
    }

    @Test("Little of the log is read for those who do not read")
    func replaying() async throws {
        let cluster = try TestCluster(1)
        try await cluster.run {
            let server = cluster.servers[0]
            // A batch each, of which a handoff holds 64.
            let filling = String(repeating: "x", count: 4 << 10)
            for number in 1...400 { _ = try await publish("t", "\(number) \(filling)", on: server) }
            let before = server.log.pagesRead
            let subscribed = try await server.installation.subscribe(topics: [], since: "0")
            for number in 1...400 { _ = try await publish("u", "\(number)", on: server) }
            let readAhead = server.log.pagesRead - before
            var numbers: [String] = []
            for try await event in subscribed.prefix(800) {
                numbers.append(event.topic + (event.payload ?? "").prefix { $0 != " " })
            }
            #expect(numbers == (1...400).map { "t\($0)" } + (1...400).map { "u\($0)" })
            // What the handoff and one page hold, and not the whole log.
            #expect(readAhead * 3 < server.log.pagesRead - before)
            let followed = try await server.installation.events(
                since: "0", limit: 1, follow: true)
            let listed = try await server.installation.events(
                since: "0", limit: 100_000, follow: false)
            var count = 0
            for try await event in followed where event.kind == "application" {
                count += 1
                if count == 800 { break }
            }
            var all = 0
            for try await event in listed where event.kind == "application" { all += 1 }
            #expect(all == 800)
        }
    }

    @Test("A reader who left is forgotten")
    func leaving() async throws {
        let cluster = try TestCluster(1)
        try await cluster.run {
            let server = cluster.servers[0]
            for _ in 1...3 {
                let stream = try await server.installation.subscribe(topics: [], since: nil)
                let id = try await publish("t", "x", on: server)
                for try await event in stream {
                    #expect(event.id == id)
                    break
                }
            }
            _ = try await server.installation.subscribe(topics: [], since: nil)
            let reading = Task {
                for try await _ in try await server.installation.subscribe(topics: [], since: nil) {
                }
            }
            try await eventually("the reader to wait") {
                await server.installation.subscriberCount > 0
            }
            reading.cancel()
            _ = await reading.result
            try await eventually("every reader to be forgotten") {
                await server.installation.subscriberCount == 0
            }
        }
    }
}

extension Installation {
    /// How many subscribe.
    fileprivate var subscriberCount: Int { node?.ports.hub.count ?? 0 }
}
