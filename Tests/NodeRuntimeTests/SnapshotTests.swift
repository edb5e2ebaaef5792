// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import ClusterSigning
import NodeRuntime
import NodeRuntimeTesting
import Testing

@Suite("State below a floor") struct SnapshotTests {
    private func event(_ millisecond: UInt64, _ content: EventContent) -> Event {
        Event(
            timestamp: HybridTimestamp(milliseconds: 1_700_000_000_000 + millisecond, counter: 0),
            content: content)
    }

    /// An earlier life of the second server, of which only the first one knows: an event, a
    /// proposal of code, and two more.
    private func history(of cluster: TestCluster) throws -> [VerifiedBatch] {
        let server = cluster.servers[1]
        let sealer = BatchSealer(cluster: cluster.pin.cluster, policy: 0, identity: server.identity)
        let log = EpochID(origin: server.identity.node, epoch: LogEpoch(counter: 1, nonce: 5))
        let news = EventContent.application(
            ApplicationEvent(topic: "news", payload: .inline([1])))
        let proposal = EventContent.revision(
            RevisionProposal(
                generation: 1, parent: nil,
                commits: [
                    RepositoryCommit(path: ".", commit: String(repeating: "a", count: 40))
                ]))
        var batches: [VerifiedBatch] = []
        var previous = Digest.none
        var first: SequenceNumber = 1
        for (index, contents) in [[news], [proposal], [news], [news]].enumerated() {
            let batch = try sealer.seal(
                BatchDraft(
                    log: log, first: first, previous: previous, grant: cluster.grants[1],
                    events: contents.map { event(UInt64(index), $0) }))
            batches.append(batch)
            previous = batch.hash
            first = batch.header.last.next
        }
        return batches
    }

    @Test("comes to a server that never saw what was truncated, and only it")
    func comes() async throws {
        let cluster = try TestCluster(2)
        let batches = try history(of: cluster)
        let log = batches[0].header.log
        let floor = EpochHead(log: log, last: batches[2].header.last, chain: batches[2].hash)
        var operations = batches.map { LogOperation.append($0, .accepted) }
        operations += [
            .applied(log, through: batches[3].header.last, []), .truncate(floor),
        ]
        let prepared = operations
        await withCheckedContinuation { continuation in
            cluster.servers[0].log.submit(prepared) { error in
                #expect(error == nil)
                continuation.resume()
            }
        }
        // Nobody serves the code that is wanted, so nobody gets ready.
        try await cluster.run(whenReady: false) {
            let log = cluster.servers[1].log
            try await eventually("the state") {
                let recovered = try await log.recover()
                return recovered.stateBatches.contains { $0.sealed == batches[1].sealed }
                    && recovered.epochs.allSatisfy { $0.missingState == nil }
                    && recovered.epochs.contains { $0.head.chain == batches[3].hash }
            }
            let held = try await log.batches(
                of: batches[0].header.log, from: 1, through: 9, byteLimit: .max)
            #expect(held.map(\.sealed) == [batches[1].sealed, batches[3].sealed])
            let epoch = try await log.recover().epochs.first { $0.floor != nil }
            #expect(epoch?.floor == floor)
        }
    }
}
