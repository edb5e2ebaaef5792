// SPDX-License-Identifier: Apache-2.0
@_spi(Verification) import ClusterModel

@testable import ClusterCore

/// Makes nodes, records and batches without any cryptography: names for keys, sums for hashes.
enum Forge {
    static let cluster = ClusterID(bytes32(0xC1))
    static let root = UserKey(bytes32(0xA11CE))
    static let mallory = UserKey(bytes32(0x3A11))

    static func bytes32(_ number: UInt64) -> Bytes32 {
        var bytes = [UInt8](repeating: 0, count: 32)
        for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * index)) }
        return Bytes32(bytes) ?? .zero
    }

    static func node(_ index: Int) -> NodeID { NodeID(bytes32(UInt64(index + 1) << 56)) }

    /// A hash that is good enough for tests: FNV-1a over what a value describes itself as.
    static func digest(_ value: some Any) -> Digest {
        var words: [UInt64] = [0xcbf2_9ce4_8422_2325, 1, 2, 3]
        for byte in String(describing: value).utf8 {
            words[0] = (words[0] ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        var bytes: [UInt8] = []
        for word in words.indices {
            var jitter = Jitter(seed: words[0] &+ words[word])
            let next = jitter.next()
            for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: next >> UInt64(8 * index))) }
        }
        return Digest(bytes: bytes) ?? .none
    }

    static func record(_ record: AuthorityRecord, by signer: UserKey = root) -> VerifiedRecord {
        VerifiedRecord(
            hash: digest((record, signer)), record: record, signer: signer,
            sealed: SealedRecord(body: [], signer: signer, signature: []))
    }

    static func account(_ name: String, key: UserKey, serial: UInt64 = 1) -> VerifiedRecord {
        record(
            .account(
                Account(
                    name: name, email: "\(name)@example.com", fullName: name, key: key,
                    scopes: .all, serial: serial, credential: [])))
    }

    static func grant(_ index: Int, of user: UserKey = root) -> VerifiedRecord {
        record(
            .grant(
                Grant(
                    user: user, nodeKey: NodeKey(node(index).raw), node: node(index),
                    curveKey: CurveKey(node(index).raw), scopes: .all,
                    notBefore: WallTime(milliseconds: 0),
                    notAfter: WallTime(milliseconds: .max), serial: 1)), by: user)
    }

    /// The records of a cluster in which alice has granted every node, but for those that another
    /// user has.
    static func records(count: Int, others: [Int] = []) -> [VerifiedRecord] {
        [account("alice", key: root), account("mallory", key: mallory)]
            + (0..<count).map { grant($0, of: others.contains($0) ? mallory : root) }
    }

    static func authority(
        of index: Int, records: [VerifiedRecord], users: [String] = ["alice"]
    ) -> Authority {
        Authority(
            pin: ClusterPin(cluster: cluster, root: root), own: node(index), records: records,
            users: users.map { AllowedUser(identifier: $0, scopes: .all) })
    }

    /// Seals a draft, as the signing shell would.
    static func seal(_ draft: BatchDraft) -> VerifiedBatch {
        let header = BatchHeader(
            cluster: cluster, log: draft.log, first: draft.first, count: draft.events.count,
            bodyByteCount: 0, timestamp: draft.events[0].timestamp, previous: draft.previous,
            bodyHash: digest(draft.events), grant: draft.grant, policy: 0)
        let body = [UInt8](repeating: 0, count: draft.events.reduce(0) {
            $0 + $1.content.estimatedByteCount
        })
        return VerifiedBatch(
            header: header, hash: digest(header), events: draft.events,
            sealed: SealedBatch(
                header: digest(header).bytes, signature: digest(draft.log).bytes, body: body))
    }

    static func application(_ topic: String, _ text: String = "") -> EventContent {
        .application(ApplicationEvent(topic: topic, payload: .inline(Array(text.utf8))))
    }

    /// A chain of batches of one log, with so many application events each.
    static func chain(
        _ log: EpochID, counts: [Int], grant: Digest = .none, topic: String = "t",
        after start: EpochHead? = nil, wall: UInt64 = 1_000_000
    ) -> [VerifiedBatch] {
        var tail = start ?? EpochHead(log: log, last: 0, chain: .none)
        var result: [VerifiedBatch] = []
        for count in counts {
            let events = (0..<count).map { index in
                Event(
                    timestamp: HybridTimestamp(
                        milliseconds: wall, counter: UInt16(truncatingIfNeeded: index)),
                    content: application(topic, "\(tail.last.advanced(by: index + 1))"))
            }
            let batch = seal(
                BatchDraft(
                    log: log, first: tail.last.next, previous: tail.chain, grant: grant,
                    events: events))
            tail = EpochHead(log: log, last: batch.header.last, chain: batch.hash)
            result.append(batch)
        }
        return result
    }
}
