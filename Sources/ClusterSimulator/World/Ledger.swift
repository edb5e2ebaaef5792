// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// What was really signed in a run: the truth that checkers compare with.
struct Ledger {
    /// Every batch that a correct node sealed, by its hash.
    private(set) var sealed: [Digest: VerifiedBatch] = [:]
    /// Every event's batch; the first one sealed, where a mutant seals two.
    private(set) var positions: [EventID: Digest] = [:]
    /// Batches that somebody hostile signed with a stolen key.
    private(set) var hostile: [Digest: VerifiedBatch] = [:]
    /// Logs with two histories.
    private(set) var forkedLogs: Set<EpochID> = []

    /// Notes a batch; returns the ID and the hash of an earlier one which it contradicts.
    mutating func add(_ batch: VerifiedBatch) -> (EventID, Digest)? {
        sealed[batch.hash] = batch
        var contradiction: (EventID, Digest)?
        for index in batch.events.indices {
            let id = batch.id(at: index)
            if let known = positions[id] {
                if known != batch.hash { contradiction = contradiction ?? (id, known) }
            } else {
                positions[id] = batch.hash
            }
        }
        return contradiction
    }

    /// Notes a hostile batch.
    mutating func addHostile(_ batch: VerifiedBatch) {
        hostile[batch.hash] = batch
        forkedLogs.insert(batch.header.log)
    }

    /// The event with that ID.
    func event(_ id: EventID) -> Event? {
        guard let batch = positions[id].flatMap({ sealed[$0] }) else { return nil }
        let index = Int(id.sequence.value - batch.header.first.value)
        return batch.events.indices.contains(index) ? batch.events[index] : nil
    }

    /// IDs of everything signed, in order.
    var ids: [EventID] { positions.keys.sorted() }
}
