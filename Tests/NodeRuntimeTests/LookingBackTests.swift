// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterCore
import ClusterModel
import NodeRuntime
import NodeRuntimeTesting
import Testing

@Suite("Looking back, and what was withheld", .timeLimit(.minutes(2)))
struct LookingBackTests {
    private func publish(_ payload: String, on server: TestServer) async throws -> String {
        try await server.installation.publish(
            PublishRequestDocument(
                topic: "t", payload: payload, payloadBase64: nil, confirm: "all",
                timeoutMilliseconds: 10_000)
        ).id
    }

    private func payloads(
        _ count: Int, _ stream: AsyncThrowingStream<ApplicationEventDocument, any Error>
    ) async throws -> [String?] {
        var payloads: [String?] = []
        for try await document in stream.prefix(count) { payloads.append(document.payload) }
        return payloads
    }

    @Test("Without --since the newest events are listed, the oldest of them first")
    func newest() async throws {
        let cluster = try TestCluster(1)
        try await cluster.run {
            var ids: [String] = []
            for number in 1...300 {
                ids.append(try await publish("\(number)", on: cluster.servers[0]))
            }
            let newest = ids
            func listed(_ since: String?, _ limit: Int) async throws -> [String] {
                var found: [String] = []
                let stream = try await cluster.servers[0].installation.events(
                    since: since, limit: limit, follow: false)
                for try await event in stream where event.kind == "application" {
                    found.append(event.id)
                }
                return found
            }
            #expect(try await listed(nil, 100_000) == newest)
            // Checkpoints and receipts may stand among them.
            let last = try await listed(nil, 150)
            #expect(last.count > 100 && last == Array(newest.suffix(last.count)))
            #expect(try await listed("0", 100_000) == newest)
            #expect(try await listed(newest[297], 100_000) == Array(newest.suffix(2)))
        }
    }

    @Test("Events that replay --user releases reach those who subscribed long before, and once")
    func released() async throws {
        let cluster = try TestCluster(2)
        try await cluster.run {
            let (here, there) = (cluster.servers[0], cluster.servers[1])
            await there.installation.setUsers([])
            _ = try await publish("withheld", on: here)
            await there.installation.setUsers([AllowedUser(identifier: "alice", scopes: .all)])
            let stream = try await there.installation.subscribe(topics: [], since: nil)
            _ = try await publish("allowed", on: here)
            async let live = payloads(3, stream)
            try await eventually("the allowed event to be applied there") {
                let document = try await there.installation.status()
                return document.own.isReady == true
            }
            _ = try await there.installation.replay(ReplayUserRequestDocument(name: "alice"))
            try await eventually("the withheld event to be accepted") {
                var found: [String] = []
                let events = try await there.installation.events(
                    since: nil, limit: 1000, follow: false)
                for try await event in events where event.kind == "application" {
                    found.append(event.disposition)
                }
                return found == ["accepted", "accepted"]
            }
            _ = try await publish("later", on: here)
            #expect(try await live == ["allowed", "withheld", "later"])
            let again = try await there.installation.subscribe(topics: [], since: "0")
            #expect(try await payloads(3, again) == ["withheld", "allowed", "later"])
        }
    }

    @Test("What is not parked cannot be tried again")
    func notParked() async throws {
        let cluster = try TestCluster(1)
        try await cluster.run {
            let installation = cluster.servers[0].installation
            let id = try await publish("x", on: cluster.servers[0])
            let error = await #expect(throws: ErrorDocument.self) {
                try await installation.retryParked(RetryRequestDocument(id: id))
            }
            #expect(error?.code == "not-parked")
            await #expect(throws: ErrorDocument.self) {
                try await installation.retryParked(RetryRequestDocument(id: "nonsense"))
            }
            #expect(try await installation.retryParked(RetryRequestDocument()).events == 0)
        }
    }
}
