// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterModel
import NodeRuntime
import NodeRuntimeTesting
import Testing

@Suite("What is refused before it is published", .timeLimit(.minutes(2)))
struct RefusedOrderTests {
    private func kinds(_ server: TestServer) async throws -> [String] {
        var kinds: [String] = []
        let events = try await server.installation.events(since: "0", limit: 1_000, follow: false)
        for try await event in events { kinds.append(event.kind) }
        return kinds
    }

    private func request(
        elsewhere: Bool = false, wait: Bool = true
    ) -> InvalidateRequestDocument {
        var request = InvalidateRequestDocument(
            opcodeCache: false, userCache: false, wait: wait, timeoutMilliseconds: 10_000)
        request.tags = ["news"]
        request.elsewhere = elsewhere
        return request
    }

    @Test("An order that no cache here could carry out is refused, and nothing is published")
    func refused() async throws {
        let cluster = try TestCluster(1)
        try await cluster.run {
            let server = cluster.servers[0]
            for (refusal, elsewhere) in [
                (ClearRefusal.unknown(reason: "no tags"), false),
                (.unusable(reason: "no tags"), false), (.unusable(reason: "no tags"), true),
            ] {
                server.caches.refuse(refusal)
                for wait in [true, false] {
                    let error = await #expect(throws: ErrorDocument.self) {
                        try await server.installation.invalidate(
                            request(elsewhere: elsewhere, wait: wait))
                    }
                    #expect(error?.code == "cannot-clear")
                    #expect(error?.exitStatus == ExitStatus.usage)
                    #expect(error?.message.contains("no tags") == true)
                }
            }
            let published = try await kinds(server)
            #expect(!published.contains("invalidation"))
        }
    }

    @Test("What only other servers have a cache for is published where that is said")
    func elsewhere() async throws {
        let cluster = try TestCluster(1)
        try await cluster.run {
            let server = cluster.servers[0]
            server.caches.refuse(.unknown(reason: "no tags"))
            let lines = try await server.installation.invalidate(request(elsewhere: true))
            var outcomes: [String] = []
            for await line in lines { outcomes += [line.outcome?.outcome].compactMap(\.self) }
            #expect(outcomes == ["applied"])
            let published = try await kinds(server)
            #expect(published.contains("invalidation"))
        }
    }

    @Test("What a node's caches can never do is a failure of that node, and not tried again")
    func refusedStep() async throws {
        let cluster = try TestCluster(2)
        try await cluster.run {
            let (here, there) = (cluster.servers[0], cluster.servers[1])
            there.caches.act("nothing cleared: the pattern ( is none")
            let before = there.caches.clears
            var found: [String: OutcomeDocument] = [:]
            for await line in try await here.installation.invalidate(request()) {
                if let outcome = line.outcome { found[outcome.node] = outcome }
            }
            #expect(found[here.name]?.outcome == "applied")
            let outcome = try #require(found[there.name])
            #expect(outcome.outcome == "failed")
            #expect(outcome.reason == "cache: the pattern ( is none")
            #expect(outcome.steps.map(\.action) == ["nothing cleared"])
            #expect(outcome.steps.map(\.failure) == ["the pattern ( is none"])
            // A failure would be tried again before the next order is cleared for.
            there.caches.act("clear")
            for await _ in try await here.installation.invalidate(request()) {}
            #expect(there.caches.clears <= before + 4)
            try await eventually("nothing to wait any more") {
                try await there.installation.status().own.events?.waiting == 0
            }
        }
    }

    @Test("A payload beyond the limit of the configuration is refused with both sizes")
    func payload() async throws {
        let cluster = try TestCluster(1)
        try await cluster.run {
            let installation = cluster.servers[0].installation
            func publish(_ size: Int) async throws(ErrorDocument) {
                _ = try await installation.publish(
                    PublishRequestDocument(
                        topic: "t", payload: String(repeating: "x", count: size),
                        payloadBase64: nil, confirm: "local", timeoutMilliseconds: 10_000))
            }
            await installation.setConfiguration(
                addresses: [NodeAddress(url: "http://web1", host: "web1", port: 5570)],
                handlers: [], retention: Retention(), payloadLimit: 1_000)
            try await publish(1_000)
            let error = await #expect(throws: ErrorDocument.self) { try await publish(1_001) }
            #expect(error?.code == "payload-too-large")
            #expect(error?.message.contains("at most 1000 bytes, found 1001") == true)
            // A limit beyond that of the wire is that of the wire.
            await installation.setConfiguration(
                addresses: [NodeAddress(url: "http://web1", host: "web1", port: 5570)],
                handlers: [], retention: Retention(), payloadLimit: .max)
            try await publish(1 << 20)
            await #expect(throws: ErrorDocument.self) { try await publish(1 << 20 + 1) }
            let published = try await kinds(cluster.servers[0])
            #expect(published.count { $0 == "application" } == 2)
        }
    }

    @Test("Outcomes come in the order of the list")
    func order() async throws {
        let cluster = try TestCluster(5)
        try await cluster.run {
            var lines: [InvalidateLine] = []
            for await line in try await cluster.servers[2].installation.invalidate(request()) {
                lines.append(line)
            }
            let names = cluster.servers.map(\.name)
            #expect(lines.first?.nodes == names)
            let id = try #require(lines.first?.id)
            for server in cluster.servers {
                let event = try await server.installation.event(id: id)
                #expect(event.outcomes?.map(\.node) == names)
            }
        }
    }
}
