// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import ClusterSigning
import WireFormat

/// A small cluster whose keys come from fixed seeds, so that its bytes never change.
struct SigningSamples {
    static let nodeSeed = [UInt8](repeating: 0x11, count: 32)
    static let curveSecret = [UInt8](repeating: 0x22, count: 32)
    static let userSeed = [UInt8](repeating: 0x33, count: 32)
    static let nonce = filled(0x44)
    static let cluster = ClusterID(filled(0xC1))

    let identity: NodeIdentity
    let userKey: SigningKey
    let user: UserKey
    let ring: NodeKeyRing

    init() throws {
        identity = try NodeIdentity(
            signingKey: SigningKey(seed: secretBytes(Self.nodeSeed)),
            curveSecret: secretBytes(Self.curveSecret))
        userKey = try SigningKey(seed: secretBytes(Self.userSeed))
        user = UserKey(Self.wrap(userKey.verificationKey.bytes))
        var ring = NodeKeyRing()
        try ring.insert(identity.nodeKey)
        self.ring = ring
    }

    static func filled(_ byte: UInt8) -> Bytes32 { wrap([UInt8](repeating: byte, count: 32)) }

    static func wrap(_ bytes: [UInt8]) -> Bytes32 {
        guard let bytes = Bytes32(bytes) else { preconditionFailure("thirty-two bytes") }
        return bytes
    }

    var log: EpochID {
        EpochID(
            origin: identity.node, epoch: LogEpoch(counter: 7, nonce: 0x9c1f_22ab_0102_0304))
    }

    var events: [Event] {
        let stamp = HybridTimestamp(milliseconds: 1_700_000_000_000, counter: 3)
        return [
            Event(
                timestamp: stamp,
                content: .application(
                    ApplicationEvent(
                        topic: "order.paid", payload: .inline(Array("{\"id\":7}".utf8))))),
            Event(
                timestamp: HybridTimestamp(raw: stamp.raw + 1), content: .invalidation(.plain)),
            Event(
                timestamp: HybridTimestamp(raw: stamp.raw + 2),
                content: .unknown(kind: 99, bytes: [1, 2, 3])),
        ]
    }

    var draft: BatchDraft {
        BatchDraft(
            log: log, first: 42, previous: Digest(Self.filled(0xA1)),
            grant: Digest(Self.filled(0xA3)), events: events)
    }

    var sealer: BatchSealer {
        BatchSealer(cluster: Self.cluster, policy: 0x0102_0304_0506_0708, identity: identity)
    }

    let verifier = BatchVerifier(cluster: Self.cluster)

    func verify(_ batch: SealedBatch) -> Result<VerifiedBatch, Rejection> {
        verifier.verify(batch) { ring[$0] }
    }

    /// Signs any header and body, as a hostile member could.
    func sign(header: [UInt8], body: [UInt8]) -> SealedBatch {
        SealedBatch(header: header, signature: identity.signingKey.sign(header), body: body)
    }

    /// A header which fits a body of any content, so that only the content can be refused.
    func sign(body: [UInt8], count: Int, timestamp: HybridTimestamp) throws -> SealedBatch {
        let hash = Blake2b.hash(body, key: try Blake2b.Key(Array("SSTKBODY".utf8)))
        let header = BatchHeader(
            cluster: Self.cluster, log: log, first: 1, count: count, bodyByteCount: body.count,
            timestamp: timestamp, previous: .none, bodyHash: Digest(Self.wrap(hash)),
            grant: .none, policy: 0)
        return sign(header: try BatchHeaderCodec.encode(header), body: body)
    }

    var beacon: Beacon {
        Beacon(
            sender: identity.node, instance: InstanceID(high: 1, low: 2), number: 12,
            wall: WallTime(milliseconds: 1_700_000_000_123),
            heads: [EpochHead(log: log, last: 44, chain: Digest(Self.filled(0xAA)))],
            allHeads: Digest(Self.filled(0xD1)), records: Digest(Self.filled(0xD2)),
            allowed: Digest(Self.filled(0xD3)),
            applied: VersionVector([(log, SequenceNumber(44))]), isReady: true)
    }

    var grant: Grant {
        Grant(
            user: user, nodeKey: identity.nodeKey, node: identity.node,
            curveKey: identity.curveKey, scopes: [.update, .publish],
            notBefore: WallTime(milliseconds: 1_700_000_000_000),
            notAfter: WallTime(milliseconds: 1_731_536_000_000), serial: 1)
    }

    var hello: Hello {
        Hello(
            nonce: Self.nonce, cluster: Self.cluster, node: identity.node,
            nodeKey: identity.nodeKey, curveKey: identity.curveKey,
            instance: InstanceID(high: 3, low: 4),
            endpoints: Endpoints(host: nil, publishPort: 5_572, requestPort: 5_571),
            version: "0.1.0", wall: WallTime(milliseconds: 1_700_000_000_000), grant: nil,
            isReady: false)
    }

    let requestID = RequestID(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)

    var status: StatusReport {
        var report = StatusReport(
            node: identity.node, wall: WallTime(milliseconds: 1_700_000_000_000))
        report.url = "http://127.0.0.1"
        report.hostName = "web1"
        report.events = EventCounts(stored: 44, applied: 44)
        report.database = DatabaseState(version: "5.7.17", sizeBytes: 30_408_704)
        report.repositories = [
            RepositoryState(
                path: ".", commit: String(repeating: "6212a58f", count: 5), short: "6212a58",
                names: ["master", "origin/master", "origin/HEAD"]),
            RepositoryState(
                path: "packages/templates/ACSSA",
                commit: "27d9bb77457e12f3ac06043f1b3b3f61959e96de", short: "27d9bb7",
                names: ["1.0.0"], isDetached: true,
                updatedOn: WallTime(milliseconds: 1_699_999_999_000), updatedBy: "alice"),
        ]
        return report
    }
}

/// The rejection of a result; `nil` where it is a success.
func rejection<Value>(_ result: Result<Value, Rejection>) -> Rejection? {
    switch result {
    case .success: nil
    case .failure(let rejection): rejection
    }
}
