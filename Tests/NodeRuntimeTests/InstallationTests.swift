// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterModel
import ClusterSigning
import Foundation
import NodeRuntime
import NodeRuntimeTesting
import Testing

@Suite("Installations on twins of their ports", .timeLimit(.minutes(2)))
struct InstallationTests {
    private func publish(
        _ topic: String, _ payload: String, on server: TestServer, confirm: String? = nil,
        timeout: UInt64 = 5_000
    ) async throws -> PublishAnswer {
        try await server.installation.publish(
            PublishRequestDocument(
                topic: topic, payload: payload, payloadBase64: nil, confirm: confirm,
                timeoutMilliseconds: timeout))
    }

    @Test("an event confirmed by all is in every log, with its publisher's name")
    func publishing() async throws {
        let cluster = try TestCluster(3)
        try await cluster.run {
            let answer = try await publish(
                "order.paid", "7", on: cluster.servers[0], confirm: "all")
            #expect(answer.isConfirmed)
            #expect(answer.confirmedBy.sorted() == cluster.servers.map(\.name))
            for server in cluster.servers {
                let document = try await server.installation.event(id: answer.id)
                #expect(document.user == "alice")
                #expect(document.node == "http://web1")
                #expect(document.disposition == "accepted")
            }
        }
    }

    @Test("a node that is cut off is named, and catches up when it is back")
    func catchingUp() async throws {
        let cluster = try TestCluster(3)
        try await cluster.run {
            let away = cluster.servers[2]
            cluster.mesh.cut(away.identity.node, true)
            let answer = try await publish(
                "order.paid", "8", on: cluster.servers[0], confirm: "all", timeout: 300)
            #expect(!answer.isConfirmed)
            #expect(answer.missing == [away.name])
            cluster.mesh.cut(away.identity.node, false)
            try await eventually("the event on \(away.name)") {
                try await away.installation.holds(answer.id)
            }
        }
    }

    @Test("a subscriber sees what was before, then what comes, each once and in order")
    func subscribing() async throws {
        let cluster = try TestCluster(2)
        try await cluster.run {
            for number in 1...5 {
                _ = try await publish(
                    "order.paid", "\(number)", on: cluster.servers[0], confirm: "all")
            }
            let stream = try await cluster.servers[1].installation.subscribe(
                topics: ["order.*"], since: "0")
            for number in 6...9 {
                _ = try await publish(
                    "order.paid", "\(number)", on: cluster.servers[0], confirm: "all")
                _ = try await publish("other", "x", on: cluster.servers[0], confirm: "all")
            }
            var payloads: [String?] = []
            for try await document in stream.prefix(9) { payloads.append(document.payload) }
            #expect(payloads == (1...9).map { "\($0)" })
        }
    }

    @Test("a payload too big for an event arrives as a blob")
    func blobs() async throws {
        let cluster = try TestCluster(2)
        try await cluster.run {
            let payload = String(repeating: "sitestacker ", count: 50_000)
            let stream = try await cluster.servers[1].installation.subscribe(
                topics: [], since: "0")
            let answer = try await publish("big", payload, on: cluster.servers[0], confirm: "all")
            #expect(answer.isConfirmed)
            for try await document in stream.prefix(1) { #expect(document.payload == payload) }
        }
    }

    @Test("an invalidation is receipted by every node, with proof")
    func invalidating() async throws {
        let cluster = try TestCluster(3)
        try await cluster.run {
            let before = cluster.servers.map(\.caches.clears)
            let lines = try await invalidate(cluster.servers[1])
            #expect(lines.first?.nodes?.sorted() == cluster.servers.map(\.name))
            #expect(lines.compactMap(\.outcome?.node).sorted() == cluster.servers.map(\.name))
            #expect(lines.compactMap(\.outcome?.outcome) == ["applied", "applied", "applied"])
            #expect(lines.last?.silent == [])
            for (server, count) in zip(cluster.servers, before) {
                #expect(server.caches.clears > count)
            }
        }
    }

    @Test("a cache that cannot be cleared is a failed receipt, and cleared later")
    func failingCache() async throws {
        let cluster = try TestCluster(2)
        try await cluster.run {
            cluster.servers[1].caches.fail(with: "down")
            let lines = try await invalidate(cluster.servers[0])
            let failed = lines.compactMap(\.outcome).first { $0.node == cluster.servers[1].name }
            #expect(failed?.outcome == "failed")
            #expect(failed?.reason?.contains("down") == true)
            let id = try #require(lines.first?.id)
            cluster.servers[1].caches.fail(with: nil)
            try await eventually("the retry") {
                let outcomes = try await cluster.servers[0].installation.event(id: id).outcomes
                return outcomes?.allSatisfy { $0.outcome == "applied" } == true
            }
        }
    }

    @Test("events of a user whom a node does not list are refused there, and say so")
    func unlisted() async throws {
        let cluster = try TestCluster(2)
        try await cluster.run {
            await cluster.servers[1].installation.setUsers([])
            let answer = try await publish(
                "order.paid", "1", on: cluster.servers[0], confirm: "all")
            #expect(answer.isConfirmed)
            try await eventually("the refusal") {
                let outcomes = try await cluster.servers[0].installation.event(id: answer.id)
                    .outcomes
                return outcomes?.contains { $0.outcome == "refused" } == true
            }
            let there = try await cluster.servers[1].installation.event(id: answer.id)
            #expect(there.disposition == "withheld")
        }
    }

    @Test("status shows this server first, then every other as it describes itself")
    func status() async throws {
        let cluster = try TestCluster(3)
        try await cluster.run {
            let document = try await cluster.servers[0].installation.status()
            #expect(document.own.hostname == "host1")
            #expect(document.own.user?.name == "alice")
            #expect(document.servers.map(\.url) == ["http://web2", "http://web3"])
            #expect(document.servers.map(\.hostname) == ["host2", "host3"])
            #expect(document.servers.allSatisfy { $0.error == nil })
        }
    }

    @Test(
        "what no batch can hold is refused with a reason",
        arguments: [
            ("", "x", "local"), ("a\u{7}b", "x", "local"), ("ok", "x", "some"),
            (String(repeating: "t", count: 201), "x", "local"),
        ])
    func refusals(topic: String, payload: String, confirm: String) async throws {
        let cluster = try TestCluster(1)
        try await cluster.run {
            await #expect(throws: ErrorDocument.self) {
                try await publish(topic, payload, on: cluster.servers[0], confirm: confirm)
            }
        }
    }

    @Test("after a logout nothing is published, and status says why")
    func logout() async throws {
        let cluster = try TestCluster(1)
        try await cluster.run {
            let identity = try await cluster.servers[0].installation.logout()
            #expect(identity.user == nil)
            await #expect(throws: ErrorDocument.self) {
                try await publish("order.paid", "1", on: cluster.servers[0])
            }
            let status = try await cluster.servers[0].installation.status()
            #expect(status.own.node == "not logged in")
        }
    }

    private func invalidate(_ server: TestServer) async throws -> [InvalidateLine] {
        let stream = try await server.installation.invalidate(
            InvalidateRequestDocument(
                opcodeCache: true, userCache: true, wait: true, timeoutMilliseconds: 10_000))
        var lines: [InvalidateLine] = []
        for await line in stream { lines.append(line) }
        return lines
    }
}
