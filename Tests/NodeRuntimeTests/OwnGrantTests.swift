// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterModel
import ClusterSigning
import NodeRuntime
import NodeRuntimeTesting
import Testing
import WireFormat

@Suite("Whose grant an installation speaks under", .timeLimit(.minutes(2)))
struct OwnGrantTests {
    /// A grant for a server, dated as its user likes.
    private func grant(
        for server: TestServer, by user: SigningKey, in cluster: TestCluster, scopes: Scopes,
        from start: UInt64, serial: UInt64
    ) throws -> (document: SealedRecordDocument, hash: Digest) {
        let key = try #require(UserKey(bytes: user.verificationKey.bytes))
        let record = try RecordSealer(cluster: cluster.pin.cluster).seal(
            .grant(
                Grant(
                    user: key, nodeKey: server.identity.nodeKey, node: server.identity.node,
                    curveKey: server.identity.curveKey, scopes: scopes,
                    notBefore: WallTime(milliseconds: start),
                    notAfter: WallTime(milliseconds: 1 << 47), serial: serial)),
            with: user)
        return (document(record.sealed), record.hash)
    }

    private func document(_ record: SealedRecord) -> SealedRecordDocument {
        SealedRecordDocument(
            body: Hexadecimal.encode(record.body), signer: record.signer.description,
            signature: Hexadecimal.encode(record.signature))
    }

    private func addBob(_ bob: SigningKey, to cluster: TestCluster) throws -> SealedRecordDocument {
        let account = Account(
            name: "bob", email: "bob@example.com", fullName: "Bob",
            key: try #require(UserKey(bytes: bob.verificationKey.bytes)), scopes: .query,
            serial: 1, credential: nil)
        return document(
            try RecordSealer(cluster: cluster.pin.cluster)
                .seal(.account(account), with: cluster.owner).sealed)
    }

    @Test("a user of the cluster who grants others' servers takes none of them over")
    func takeover() async throws {
        let cluster = try TestCluster(2)
        let bob = try SigningKey()
        try await cluster.run {
            let records =
                [try addBob(bob, to: cluster)]
                + (try cluster.servers.map {
                    try grant(
                        for: $0, by: bob, in: cluster, scopes: .query,
                        from: 1 << 47, serial: UInt64(Int64.max)
                    ).document
                })
            for server in cluster.servers {
                _ = try await server.installation.submit(RecordsRequestDocument(records: records))
                let identity = try await server.installation.identity()
                #expect(identity.user?.name == "alice")
                #expect(identity.grantUser == "alice")
                #expect(identity.grantSerial == 1)
            }
            let answer = try await cluster.servers[1].installation.publish(
                PublishRequestDocument(
                    topic: "order.paid", payload: "1", payloadBase64: nil, confirm: "all",
                    timeoutMilliseconds: 5_000))
            #expect(answer.isConfirmed)
            let members = try await cluster.servers[0].installation.members().members
            #expect(members.map(\.user) == ["alice", "alice"])
        }
    }

    @Test("a login whose grant would stay behind another one of the same user is refused")
    func behind() async throws {
        let cluster = try TestCluster(1)
        let server = cluster.servers[0]
        try await cluster.run {
            let high = try grant(
                for: server, by: cluster.owner, in: cluster, scopes: .all, from: 0, serial: 7)
            _ = try await server.installation.submit(
                RecordsRequestDocument(records: [high.document]))
            let low = try grant(
                for: server, by: cluster.owner, in: cluster, scopes: .query, from: 1_000,
                serial: 6)
            let request = JoinRequestDocument(
                cluster: cluster.pin.cluster.description, root: cluster.pin.root.description,
                records: [low.document], grant: low.hash.description)
            let error = await #expect(throws: ErrorDocument.self) {
                try await server.installation.join(request)
            }
            #expect(error?.code == "newer-grant")
            let next = try grant(
                for: server, by: cluster.owner, in: cluster, scopes: .query, from: 0, serial: 8)
            let identity = try await server.installation.join(
                JoinRequestDocument(
                    cluster: cluster.pin.cluster.description, root: cluster.pin.root.description,
                    records: [next.document], grant: next.hash.description))
            #expect(identity.user?.scopes == "query")
        }
    }

    @Test("what ends a server's grants must cover all that it has published")
    func covers() async throws {
        let cluster = try TestCluster(1)
        let server = cluster.servers[0]
        try await cluster.run {
            let before = try await server.installation.identity().heads
            _ = try await server.installation.publish(
                PublishRequestDocument(
                    topic: "order.paid", payload: "1", payloadBase64: nil, confirm: "local",
                    timeoutMilliseconds: 5_000))
            let subjects: [Revocation.Subject] = [
                .grant(cluster.grants[0]), .node(server.identity.node),
            ]
            for subject in subjects {
                let error = await #expect(throws: ErrorDocument.self) {
                    try await end(subject, with: before, on: server, in: cluster)
                }
                #expect(error?.code == ErrorDocument.outdatedCovers)
            }
            let heads = try await server.installation.identity().heads
            #expect(heads != before)
            try await end(subjects[0], with: heads, on: server, in: cluster)
            try await eventually("the node to be logged out") {
                try await server.installation.identity().user == nil
            }
        }
    }

    private func end(
        _ subject: Revocation.Subject, with heads: [HeadDocument], on server: TestServer,
        in cluster: TestCluster
    ) async throws {
        let covers = try heads.map { head in
            EpochHead(
                log: EpochID(
                    origin: server.identity.node,
                    epoch: LogEpoch(
                        counter: head.epoch,
                        nonce: try #require(Hexadecimal.decodeWord(head.nonce)))),
                last: SequenceNumber(head.last), chain: try #require(Digest(hex: head.chain)))
        }
        let record = try RecordSealer(cluster: cluster.pin.cluster).seal(
            .revocation(Revocation(subject: subject, covers: covers)), with: cluster.owner)
        _ = try await server.installation.submit(
            RecordsRequestDocument(records: [document(record.sealed)]))
    }

    @Test("status tells of the end of the grant that the server speaks under, and of no other")
    func expiry() async throws {
        let day: UInt64 = 86_400_000
        let now = TestClock().now().wall.milliseconds
        let cluster = try TestCluster(1, until: WallTime(milliseconds: now + 20 * day))
        let server = cluster.servers[0]
        try await cluster.run {
            let end = WallTime(milliseconds: now + 20 * day)
            #expect(
                try await server.installation.status().own.warnings
                    == ["the login of this node as alice ends \(end): log in again"])
            server.clock.setAhead(hours: 21 * 24)
            #expect(
                try await server.installation.status().own.warnings.contains {
                    $0.hasPrefix("the login of this node as alice ended \(end): it publishes")
                })
            let next = try grant(
                for: server, by: cluster.owner, in: cluster, scopes: .all, from: 0, serial: 2)
            _ = try await server.installation.submit(
                RecordsRequestDocument(records: [next.document]))
            #expect(
                try await server.installation.status().own.warnings.contains {
                    $0.contains("login of this node")
                } == false)
        }
    }

    @Test("a server that joins as somebody else speaks under his grant, restarts included")
    func otherUser() async throws {
        let cluster = try TestCluster(1)
        let server = cluster.servers[0]
        let bob = try SigningKey()
        try await cluster.run {
            let own = try grant(
                for: server, by: bob, in: cluster, scopes: .query, from: 0, serial: 1)
            _ = try await server.installation.join(
                JoinRequestDocument(
                    cluster: cluster.pin.cluster.description, root: cluster.pin.root.description,
                    records: [try addBob(bob, to: cluster), own.document],
                    grant: own.hash.description))
            try await eventually("the node to speak as bob") {
                try await server.installation.identity().user?.name == "bob"
            }
        }
    }
}
