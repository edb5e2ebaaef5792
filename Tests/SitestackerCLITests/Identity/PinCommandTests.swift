// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser
import ClusterModel
import ClusterSigning
import Synchronization
import Testing

@testable import SitestackerCLI

/// Which key `user pin` takes.
@Suite struct PinCommandTests {
    private let cluster: TestCluster
    private let daemon: TestDaemon
    /// Keys that alice's own key has both named its successor, in order.
    private let twins: [UserKey]

    init() throws {
        cluster = try TestCluster()
        daemon = try TestDaemon(node: cluster.node, pin: cluster.pin, records: cluster.records)
        twins = try (0..<2).map { _ in try SigningKey().user }.sorted()
    }

    /// Disputes the key of alice.
    private func dispute() throws {
        let sealer = RecordSealer(cluster: cluster.pin.cluster)
        for twin in twins {
            var account = cluster.account
            account.key = twin
            account.serial = 2
            let record = try sealer.seal(
                .account(account), credential: cluster.credential.encoded, with: cluster.key)
            daemon.state.withLock { $0.records.append(record) }
        }
    }

    private func pin(_ arguments: String...) async throws -> Int32 {
        try await UserPinCommand.parse(arguments).run(in: Desk().context, daemon)
    }

    @Test(arguments: ["alice", "ALICE", "alice@example.com"])
    func `Of several keys none is taken by itself, and all are named`(name: String) async throws {
        try dispute()
        let error = await #expect(throws: ErrorDocument.self) { try await pin(name) }
        #expect(error?.exitStatus == ExitStatus.usage)
        for twin in twins { #expect(error?.message.contains("\(twin)") == true) }
        #expect(error?.hint?.contains("--key") == true)
        #expect(daemon.state.withLock { $0.pins.isEmpty })
        #expect(try await pin(name, "--key", "\(twins[1])") == 0)
        #expect(daemon.state.withLock { $0.pins.map(\.key) } == ["\(twins[1])"])
    }

    @Test func `The list of users shows every key to programs`() async throws {
        try dispute()
        let desk = Desk(json: true)
        _ = try await UserListCommand.parse(["--json"]).run(in: desk.context, daemon)
        #expect(desk.output.text.contains(#""keys":["\#(twins[0])","\#(twins[1])"]"#))
    }

    @Test func `An only key is taken, in whatever case of letters the users file has the name`()
        async throws
    {
        #expect(try await pin("Alice") == 0)
        #expect(
            daemon.state.withLock { $0.pins } == [
                PinRequestDocument(identifier: "Alice", key: "\(cluster.key.user)")
            ])
    }
}
