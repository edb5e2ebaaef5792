// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterModel
import ClusterSigning
import NodeRuntime
import NodeRuntimeTesting
import Testing

/// Whatever changes who may do what is noted; what is refused changes nothing, and is noted too.
@Suite("Audit of an installation", .timeLimit(.minutes(2)))
struct AuditTests {
    /// What somebody submits who has no right to it, or not in that form.
    enum Submission: CaseIterable {
        case strangersAccount, strangersRevocation, ownGrantOfStranger, brokenSignature, wrongScope
        case otherCredential
    }

    private func record(
        _ submission: Submission, _ cluster: TestCluster, by stranger: SigningKey
    ) throws -> SealedRecord {
        let sealer = RecordSealer(cluster: cluster.pin.cluster)
        let key = try #require(UserKey(bytes: stranger.verificationKey.bytes))
        let account = Account(
            name: "mallory", email: "", fullName: "", key: key, scopes: .all, serial: 1,
            credential: Digest(ofCredential: [1]))
        switch submission {
        case .strangersAccount:
            return try sealer.seal(.account(account), with: stranger).sealed
        case .strangersRevocation:
            let revocation = Revocation(
                subject: .node(cluster.servers[0].identity.node), covers: [])
            return try sealer.seal(.revocation(revocation), with: stranger).sealed
        case .ownGrantOfStranger:
            let identity = try NodeIdentity()
            let grant = Grant(
                user: key, nodeKey: identity.nodeKey, node: identity.node,
                curveKey: identity.curveKey, scopes: .all, notBefore: WallTime(milliseconds: 0),
                notAfter: WallTime(milliseconds: 1 << 47), serial: 1)
            return try sealer.seal(.grant(grant), with: stranger).sealed
        case .brokenSignature:
            let sealed = try sealer.seal(.account(account), with: cluster.owner).sealed
            return SealedRecord(body: sealed.body, signer: key, signature: sealed.signature)
        case .wrongScope:
            let client = ClientKey(name: "c", curveKey: CurveKey(Bytes32.zero), scopes: .query)
            return try sealer.seal(.client(client), with: stranger).sealed
        case .otherCredential:
            return try sealer.seal(.account(account), with: cluster.owner).sealed.carrying([2])
        }
    }

    @Test(
        "what has no standing is refused, stored nowhere, and noted", arguments: Submission.allCases
    )
    func refusedSubmissions(_ submission: Submission) async throws {
        let cluster = try TestCluster(1)
        try await cluster.run {
            let server = cluster.servers[0]
            let record = try record(submission, cluster, by: try SigningKey())
            let error = await #expect(throws: ErrorDocument.self) {
                try await server.installation.submit([record])
            }
            #expect(try await !server.log.recover().records.contains { $0.body == record.body })
            let noted = server.trail.entries(of: .records, .refused)
            #expect(noted.map(\.reason) == [error?.code])
            #expect(noted.first?.address == "local")
            #expect(server.trail.entries(of: .userAdded, .done).isEmpty)
        }
    }

    @Test("accounts, clients and revocations that count are noted with who signed them")
    func submissions() async throws {
        let cluster = try TestCluster(1)
        try await cluster.run {
            let server = cluster.servers[0]
            let sealer = RecordSealer(cluster: cluster.pin.cluster)
            let bob = try #require(UserKey(bytes: try SigningKey().verificationKey.bytes))
            let account = Account(
                name: "bob", email: "", fullName: "", key: bob, scopes: .publish, serial: 1,
                credential: Digest(ofCredential: [1]))
            let client = ClientKey(
                name: "reports", curveKey: CurveKey(Bytes32.zero), scopes: .query)
            var removed = account
            removed.serial = 2
            removed.isRemoved = true
            for record in [
                AuthorityRecord.account(account), .client(client), .account(removed),
                .revocation(Revocation(subject: .user(bob), covers: [])),
            ] {
                try await server.installation.submit([
                    try sealer.seal(record, with: cluster.owner).sealed
                ])
            }
            let noted = server.trail.entries.filter { $0.outcome == .done }
            #expect(noted.map(\.event) == [.userAdded, .clientAdded, .userRemoved, .keyRevoked])
            #expect(
                noted.map(\.subject) == ["bob", "reports", "bob", bob.description])
            #expect(noted.allSatisfy { $0.user == "alice" && $0.address == "local" })
        }
    }

    @Test("an event of a user who is not listed is refused, and noted where it was")
    func unlisted() async throws {
        let cluster = try TestCluster(2, allowing: [])
        try await cluster.run {
            _ = try await cluster.servers[0].installation.publish(
                PublishRequestDocument(
                    topic: "order.paid", payload: "1", payloadBase64: nil, confirm: "local",
                    timeoutMilliseconds: 1_000))
            try await eventually("the refusal") {
                !cluster.servers[1].trail.entries(of: .events, .refused).isEmpty
            }
            let entry = cluster.servers[1].trail.entries(of: .events, .refused)[0]
            #expect(entry.address == cluster.servers[0].identity.node.description)
            #expect(entry.reason?.contains("not listed") == true)
            #expect(cluster.servers[0].trail.entries(of: .events, .refused).isEmpty)
        }
    }

    @Test("a logout is noted, and pins are")
    func logout() async throws {
        let cluster = try TestCluster(1)
        try await cluster.run {
            let server = cluster.servers[0]
            _ = try await server.installation.pin(
                PinRequestDocument(identifier: "alice", key: cluster.pin.root.description))
            _ = try await server.installation.logout()
            #expect(server.trail.entries.map(\.event) == [.pin, .logout])
            #expect(server.trail.entries.last?.user == "alice")
            #expect(server.trail.entries.last?.reason == "local")
        }
    }

    @Test("another node knows of a logout whose grant was ended before it")
    func heardLogout() async throws {
        let cluster = try TestCluster(2)
        try await cluster.run {
            let server = cluster.servers[1]
            let member = try #require(
                try await server.installation.accounts().accounts.first?.grants
                    .first { $0.node == server.identity.node.description })
            let hash = try #require(Digest(hex: member.hash))
            let record = try RecordSealer(cluster: cluster.pin.cluster).seal(
                .revocation(Revocation(subject: .grant(hash), covers: [])), with: cluster.owner)
            try await server.installation.submit([record.sealed])
            let identity = try await server.installation.logout()
            #expect(identity.isHeard == true)
            #expect(identity.user == nil)
            try await eventually("the other to see it leave") {
                try await cluster.servers[0].installation.members().members
                    .allSatisfy { $0.node != server.identity.node.description }
            }
        }
    }

    @Test("another server is asked for its login anew; a silent one is named")
    func remoteIdentity() async throws {
        let cluster = try TestCluster(2)
        try await cluster.run {
            let url = cluster.servers[1].name
            let installation = cluster.servers[0].installation
            let identity = try await installation.remoteIdentity(RemoteIdentityRequest(url: url))
            #expect(identity.user?.name == "alice")
            #expect(identity.node == cluster.servers[1].identity.node.description)
            cluster.mesh.cut(cluster.servers[1].identity.node, true)
            let error = await #expect(throws: ErrorDocument.self) {
                try await installation.remoteIdentity(RemoteIdentityRequest(url: url))
            }
            #expect(error?.code == "silent")
            #expect(error?.exitStatus == ExitStatus.incomplete)
            #expect(error?.message.contains(url) == true)
        }
    }
}
