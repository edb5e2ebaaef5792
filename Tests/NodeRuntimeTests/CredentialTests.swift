// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterModel
import ClusterSigning
import NodeRuntime
import NodeRuntimeTesting
import Synchronization
import Testing
import WireFormat

/// Members complete one another with what logins are checked against; clients never see it.
@Suite("Credentials in the mesh", .timeLimit(.minutes(2)))
struct CredentialTests {
    @Test("a member that lacks a credential gets it from one that has it, and keeps it")
    func completing() async throws {
        let cluster = try TestCluster(2) { $0 == 1 }
        try await cluster.run {
            let server = cluster.servers[1]
            try await eventually("the credential") {
                try await server.installation.accounts().accounts.first?.credential
                    == Hexadecimal.encode(TestCluster.credential)
            }
            try await eventually("the credential on the disk") {
                try await server.log.recover().records.contains {
                    $0.credential == TestCluster.credential
                }
            }
        }
    }

    @Test("a client with the scope query is given the records without credentials")
    func clients() async throws {
        let cluster = try TestCluster(1)
        try await cluster.run {
            let server = cluster.servers[0]
            let client = try NodeIdentity()
            let record = try RecordSealer(cluster: cluster.pin.cluster).seal(
                .client(ClientKey(name: "reports", curveKey: client.curveKey, scopes: .query)),
                with: cluster.owner)
            _ = try await server.installation.submit([record.sealed])
            let asker = Asker(cluster.mesh.transport(for: client.node, key: client.curveKey))
            try await asker.start(linkedTo: server.identity)
            for known in [[], [record.hash]] {
                let page = try await asker.records(
                    RecordsRequest(digest: .none, known: known), of: server.identity.node)
                #expect(page.records.count == 3 - known.count)
                #expect(page.records.allSatisfy { $0.credential == nil })
            }
            await asker.stop()
        }
    }
}

/// The other end of a request channel, which is no node.
private final class Asker: TransportSink {
    private let transport: LoopbackTransport
    private let replies = Mutex<[[[UInt8]]]>([])

    init(_ transport: LoopbackTransport) { self.transport = transport }

    func start(linkedTo node: NodeIdentity) async throws {
        try await transport.start(delivering: self)
        transport.setLinks([
            PeerLink(
                node: node.node, curveKey: node.curveKey, host: "127.0.0.1", publishPort: 1,
                requestPort: 2)
        ])
    }

    func stop() async { await transport.stop() }

    nonisolated func turn() -> Bool {
        while let delivery = transport.next() {
            if case .reply(let frames, from: _) = delivery {
                replies.withLock { $0.append(frames) }
            }
        }
        return false
    }

    func records(_ request: RecordsRequest, of node: NodeID) async throws -> RecordsPage {
        let id = RequestID(high: SecureRandom.uint64(), low: SecureRandom.uint64())
        let frames = try RequestCodec.encode(.records(request), id: id)
        let before = replies.withLock { $0.count }
        #expect(transport.request(frames, of: node))
        try await eventually("an answer") { self.replies.withLock { $0.count } > before }
        let reply = try ReplyCodec.decode(replies.withLock { $0[before] }, to: .records).reply
        guard case .records(let page) = reply else {
            Issue.record("expected records, found \(reply)")
            throw CancellationError()
        }
        return page
    }
}

extension Installation {
    /// Submits records as the command line does.
    func submit(_ records: [SealedRecord]) async throws {
        _ = try await submit(
            RecordsRequestDocument(
                records: records.map {
                    SealedRecordDocument(
                        body: Hexadecimal.encode($0.body), signer: $0.signer.description,
                        signature: Hexadecimal.encode($0.signature),
                        credential: $0.credential.map { Hexadecimal.encode($0) })
                }))
    }
}
