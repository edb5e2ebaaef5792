// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterModel
import ClusterSigning
import NodeRuntime
import NodeRuntimeTesting
import Testing

/// What takes another clock to try; IntegrationTests has the rest, through the program.
@Suite("Refusals of nodes", .timeLimit(.minutes(2)))
struct RefusalTests {
    /// What a refusal must leave as it was.
    private struct Kept: Equatable {
        let accounts: [AccountDocument]
        let members: [String?]
        let clears: Int
        let records: Int
        let applied: [String?]
    }

    private func kept(_ server: TestServer) async throws -> Kept {
        var applied: [String?] = []
        let events = try await server.installation.events(since: "0", limit: 1_000, follow: false)
        for try await event in events
        where event.kind == "application" && event.disposition == "accepted" {
            applied.append(event.id)
        }
        return Kept(
            accounts: try await server.installation.accounts().accounts,
            members: try await server.installation.members().members.map(\.node),
            clears: server.caches.clears,
            records: try await server.log.recover().records.count, applied: applied)
    }

    private func publish(_ server: TestServer) async throws -> PublishAnswer {
        try await server.installation.publish(
            PublishRequestDocument(
                topic: "order.paid", payload: "1", payloadBase64: nil, confirm: "local",
                timeoutMilliseconds: 5_000))
    }

    /// Waits for an entry of the trail, and for its count in what `status` has as refused.
    private func expectNoted(
        _ event: AuditEntry.Event, _ words: String, by count: String, on server: TestServer,
        address: String?, subject: String? = nil
    ) async throws {
        try await eventually("\(server.name) to note it") {
            !server.trail.entries(of: event, .refused).isEmpty
        }
        let entry = try #require(server.trail.entries(of: event, .refused).first)
        #expect(entry.reason?.contains(words) == true, "\(entry)")
        #expect(entry.address == address, "\(entry)")
        if let subject { #expect(entry.subject == subject, "\(entry)") }
        let refused = try await server.installation.status().own.events?.refused ?? [:]
        #expect(refused[count, default: 0] > 0, "\(refused)")
    }

    private func inAnHour() -> WallTime {
        WallTime(milliseconds: TestClock().now().wall.milliseconds + 3_600_000)
    }

    @Test("under an expired grant nothing is published")
    func expiredHere() async throws {
        let cluster = try TestCluster(2, until: inAnHour())
        try await cluster.run {
            let server = cluster.servers[0]
            _ = try await publish(server)
            let before = try await kept(server)
            server.clock.setAhead(hours: 2)
            let error = await #expect(throws: ErrorDocument.self) { try await publish(server) }
            #expect(error?.exitStatus == ExitStatus.notAuthorised)
            #expect(error?.message.contains("has expired; log this node in again") == true)
            #expect(try await kept(server) == before)
            try await expectNoted(
                .publish, "has expired", by: "publish.not-allowed", on: server, address: "local",
                subject: server.identity.node.description)
            #expect(server.trail.entries(of: .publish, .refused)[0].user == "alice")
        }
    }

    @Test("what is first seen after its grant's end has no effect elsewhere")
    func expiredElsewhere() async throws {
        let cluster = try TestCluster(2, until: inAnHour())
        try await cluster.run {
            let (here, there) = (cluster.servers[0], cluster.servers[1])
            let before = try await kept(there)
            there.clock.setAhead(hours: 2)
            let id = try await publish(here).id
            try await eventually("the receipt") {
                try await here.installation.event(id: id).outcomes?.contains {
                    $0.node == there.name && $0.outcome == "failed"
                        && $0.reason?.contains("log that node in again") == true
                } == true
            }
            #expect(try await kept(there).applied == before.applied)
            try await expectNoted(
                .events, "first seen after the grant", by: "withheld", on: there,
                address: here.identity.node.description)
            #expect(here.trail.entries(of: .events, .refused).isEmpty)
        }
    }

    @Test("a name is pinned to no key but its user's")
    func strangePin() async throws {
        let cluster = try TestCluster(1)
        try await cluster.run {
            let server = cluster.servers[0]
            try await eventually("the node to find itself") {
                try await kept(server).members.contains(server.identity.node.description)
            }
            let before = try await kept(server)
            let stranger = try SigningKey().verificationKey.bytes
            let key = try #require(UserKey(bytes: stranger))
            let error = await #expect(throws: ErrorDocument.self) {
                try await server.installation.pin(
                    PinRequestDocument(identifier: "alice", key: key.description))
            }
            #expect(error?.code == "unknown-key")
            #expect(try await kept(server) == before)
            try await expectNoted(
                .pin, "unknown-key", by: "pin.unknown-key", on: server, address: "local",
                subject: "alice")
        }
    }

    @Test("the users file knows no letter case, nor do pins and what is shown of it")
    func letterCase() async throws {
        for listed in ["ALICE", "Alice@Example.com"] {
            let cluster = try TestCluster(1, allowing: [listed])
            try await cluster.run {
                let installation = cluster.servers[0].installation
                #expect(try await installation.accounts().accounts.map(\.allowed) == ["yes"])
                _ = try await installation.pin(
                    PinRequestDocument(identifier: listed, key: cluster.pin.root.description))
            }
        }
    }

    @Test("what the command line refuses is counted and noted here; nonsense is not")
    func commandLine() async throws {
        let cluster = try TestCluster(1)
        try await cluster.run {
            let server = cluster.servers[0]
            _ = try await server.installation.noteRefusal(
                RefusalRequestDocument(
                    attempt: .login, user: "alice", subject: "http://web9", code: "wrong-server"))
            try await expectNoted(
                .login, "wrong-server", by: "login.wrong-server", on: server, address: "local",
                subject: "http://web9")
            for code in ["", "A", "a b", String(repeating: "a", count: 41)] {
                await #expect(throws: ErrorDocument.self) {
                    try await server.installation.noteRefusal(
                        RefusalRequestDocument(attempt: .records, user: "alice", code: code))
                }
            }
            #expect(server.trail.entries(of: .records, .refused).isEmpty)
        }
    }
}
