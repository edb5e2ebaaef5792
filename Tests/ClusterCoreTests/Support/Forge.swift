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
        for index in 0..<8 {
            bytes[index] = UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * index))
        }
        return Bytes32(bytes) ?? .zero
    }

    static func node(_ index: Int) -> NodeID { NodeID(bytes32(UInt64(index + 1) << 56)) }

    /// A hash that is good enough for tests: mixes words.
    static func digest(_ words: [UInt64]) -> Digest {
        var state = Jitter(seed: UInt64(words.count))
        for word in words { state = Jitter(seed: state.next() ^ word) }
        var bytes: [UInt8] = []
        for _ in 0..<4 {
            let next = state.next()
            for index in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: next >> UInt64(8 * index)))
            }
        }
        return Digest(bytes: bytes) ?? .none
    }

    /// A hash of a text, FNV-1a.
    static func digest(_ text: String) -> Digest {
        digest([text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }])
    }

    /// Words that tell contents apart as far as tests need it.
    static func words(_ event: Event) -> [UInt64] {
        let content = event.content
        var words = [event.timestamp.raw, UInt64(content.estimatedByteCount)]
        switch content {
        case .application(let event):
            words.append(digest(event.topic).raw.prefix)
            if case .inline(let bytes) = event.payload { words += bytes.map { UInt64($0) } }
        case .receipt(let receipt):
            words += [receipt.subject.first.value, receipt.subject.last.value]
        case .revision(let proposal): words.append(proposal.generation)
        case .lock(let change): words.append(change.generation)
        case .invalidation, .checkpoint, .unknown: break
        }
        return words
    }

    static func record(_ record: AuthorityRecord, by signer: UserKey = root) -> VerifiedRecord {
        VerifiedRecord(
            hash: digest("\(record) \(signer)"), record: record, signer: signer,
            sealed: SealedRecord(body: [], signer: signer, signature: []))
    }

    static func account(_ name: String, key: UserKey, serial: UInt64 = 1) -> VerifiedRecord {
        record(
            .account(
                Account(
                    name: name, email: "\(name)@example.com", fullName: name, key: key,
                    scopes: .all, serial: serial, credential: nil)))
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
        let body = draft.events.flatMap { words($0) }
        let bodyHash = digest(body)
        let header = BatchHeader(
            cluster: cluster, log: draft.log, first: draft.first, count: draft.events.count,
            bodyByteCount: 0, timestamp: draft.events[0].timestamp, previous: draft.previous,
            bodyHash: bodyHash, grant: draft.grant, policy: 0, isAwaited: draft.isAwaited)
        let hash = digest([
            draft.log.origin.raw.prefix, draft.log.epoch.counter, draft.log.epoch.nonce,
            draft.first.value, UInt64(draft.events.count), draft.previous.raw.prefix,
            bodyHash.raw.prefix,
        ])
        let byteCount = draft.events.reduce(0) { $0 + $1.content.estimatedByteCount }
        return VerifiedBatch(
            header: header, hash: hash, events: draft.events,
            sealed: SealedBatch(
                header: hash.bytes, signature: [],
                body: [UInt8](repeating: 0, count: byteCount)))
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
