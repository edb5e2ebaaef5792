// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Foundation
import WireFormat

/// Values that the tests encode; every optional part is present in one of them.
enum Samples {
    static func bytes32(_ byte: UInt8) -> Bytes32 {
        guard let bytes = Bytes32([UInt8](repeating: byte, count: 32)) else {
            preconditionFailure("thirty-two bytes")
        }
        return bytes
    }

    static let cluster = ClusterID(bytes32(0xC1))
    static let node = NodeID(bytes32(0x01))
    static let log = EpochID(
        origin: node, epoch: LogEpoch(counter: 7, nonce: 0x9c1f_22ab_0102_0304))
    static let otherLog = EpochID(
        origin: NodeID(bytes32(0x02)), epoch: LogEpoch(counter: 1, nonce: 0))
    static let stamp = HybridTimestamp(milliseconds: 1_700_000_000_000, counter: 3)
    static let head = EpochHead(log: log, last: 41, chain: Digest(bytes32(0xAA)))
    static let otherHead = EpochHead(log: otherLog, last: 9, chain: Digest(bytes32(0xAB)))

    static func vector(_ entries: [(EpochID, SequenceNumber)]) -> VersionVector {
        VersionVector(entries)
    }

    static let header = BatchHeader(
        cluster: cluster, log: log, first: 42, count: 2, bodyByteCount: 300, timestamp: stamp,
        previous: Digest(bytes32(0xA1)), bodyHash: Digest(bytes32(0xA2)),
        grant: Digest(bytes32(0xA3)), policy: 0x0102_0304_0506_0708)

    static let contents: [EventContent] = [
        .application(ApplicationEvent(topic: "order.paid", payload: .inline([1, 2, 0, 255]))),
        .application(ApplicationEvent(topic: "ä", payload: .inline([]))),
        .application(
            ApplicationEvent(
                topic: "big",
                payload: .blob(
                    BlobReference(digest: Digest(bytes32(0xB1)), byteCount: 1_048_576)))),
        .invalidation(.plain),
        .invalidation(fullInvalidation),
        .revision(
            RevisionProposal(
                generation: 1, parent: nil,
                commits: [
                    RepositoryCommit(path: ".", commit: String(repeating: "a", count: 40))
                ])),
        .revision(
            RevisionProposal(
                generation: 2, parent: EventID(log: log, sequence: 5),
                commits: [
                    RepositoryCommit(path: ".", commit: String(repeating: "0", count: 64)),
                    RepositoryCommit(
                        path: "packages/x/y", commit: String(repeating: "9f", count: 20)),
                ])),
        .lock(LockChange(generation: 1, claim: LockClaim(reason: "", ttl: 1_000))),
        .lock(
            LockChange(
                generation: 2,
                claim: LockClaim(
                    since: WallTime(milliseconds: 1_700_000_000_000), reason: "release 7",
                    ttl: 2_592_000_000))),
        .lock(LockChange(generation: 3, claim: nil)),
        .receipt(
            Receipt(subject: EventRange(log: log, first: 1, last: 1), outcome: .applied)),
        .receipt(fullReceipt),
        .receipt(
            Receipt(
                subject: EventRange(log: log, first: 3, last: 9), outcome: .refused(reason: ""))),
        .checkpoint(
            Checkpoint(heads: [head, otherHead], wall: WallTime(milliseconds: 1_700_000_000_000))),
        .checkpoint(Checkpoint(heads: [], wall: WallTime(milliseconds: 0))),
        .unknown(kind: 8, bytes: [9, 9, 9]),
        .unknown(kind: .max, bytes: []),
    ]

    static var fullInvalidation: Invalidation {
        var order = Invalidation()
        order.everything = true
        order.paths = ["webroot/index.php", "a b"]
        order.keys = ["site:1"]
        order.keyPrefixes = ["site:"]
        order.keyPatterns = ["^x.*$"]
        order.urls = ["http://web1/"]
        order.tags = ["node:5", "node:5"]
        order.seen = vector([(log, 4), (otherLog, 1)])
        return order
    }

    static let fullReceipt = Receipt(
        subject: EventRange(log: otherLog, first: 2, last: 4),
        outcome: .failed(reason: "connection refused\n"),
        steps: [
            StepReceipt(
                target: "php-fpm unix:/run/php/php8.2-fpm.sock", action: "opcode cache",
                failure: nil, proof: [Proof(counter: "scripts", before: 500, after: 0)],
                microseconds: 190),
            StepReceipt(
                target: "redis", action: "prefix", failure: "", proof: [], microseconds: 0),
        ], attempt: 3)

    static func events(_ contents: [EventContent] = contents) -> [Event] {
        contents.enumerated().map { index, content in
            Event(
                timestamp: HybridTimestamp(raw: stamp.raw + UInt64(index)), content: content)
        }
    }

    static let beacon = Beacon(
        sender: node, instance: InstanceID(high: 1, low: 2), number: 12,
        wall: WallTime(milliseconds: 1_700_000_000_123), heads: [head, otherHead],
        allHeads: Digest(bytes32(0xD1)), records: Digest(bytes32(0xD2)),
        allowed: Digest(bytes32(0xD3)),
        applied: vector([(log, 40), (otherLog, 9)]), isReady: true)

    static let account = Account(
        name: "alice", email: "alice@example.com", fullName: "Alice Admin",
        key: UserKey(bytes32(0xE1)), scopes: .all, serial: 1, credential: Digest(bytes32(0xE5)))

    static let records: [AuthorityRecord] = [
        .account(account),
        .account(
            Account(
                name: "b", email: "", fullName: "", key: UserKey(bytes32(0xE2)), scopes: [],
                serial: 9, credential: nil, isRemoved: true)),
        .grant(
            Grant(
                user: UserKey(bytes32(0xE1)), nodeKey: NodeKey(bytes32(0xE3)), node: node,
                curveKey: CurveKey(bytes32(0xE4)), scopes: [.update, .publish],
                notBefore: WallTime(milliseconds: 1), notAfter: WallTime(milliseconds: 2),
                serial: 3, covers: [otherHead, head])),
        .revocation(Revocation(subject: .grant(Digest(bytes32(1))), covers: [])),
        .revocation(Revocation(subject: .node(node), covers: [head])),
        .revocation(Revocation(subject: .user(UserKey(bytes32(2))), covers: [])),
        .revocation(Revocation(subject: .client(CurveKey(bytes32(3))), covers: [])),
        .void(EventID(log: log, sequence: 77)),
        .client(
            ClientKey(name: "grafana", curveKey: CurveKey(bytes32(4)), scopes: [.query])),
    ]

    static let sealedRecord = SealedRecord(
        body: [1, 2, 3], signer: UserKey(bytes32(0xE1)),
        signature: [UInt8](repeating: 5, count: 64))

    static let recordWithCredential = sealedRecord.carrying([7, 8, 9])

    static let hello = Hello(
        nonce: bytes32(0xF1), cluster: cluster, node: node, nodeKey: NodeKey(bytes32(0xF2)),
        curveKey: CurveKey(bytes32(0xF3)), instance: InstanceID(high: 3, low: 4),
        endpoints: Endpoints(host: "192.168.7.8", publishPort: 5572, requestPort: 5571),
        version: "0.1.0", wall: WallTime(milliseconds: 5), grant: sealedRecord, isReady: true)

    static var loggedOutHello: Hello {
        var hello = hello
        hello.cluster = nil
        hello.grant = nil
        hello.isReady = false
        hello.endpoints = Endpoints(host: nil, publishPort: 1, requestPort: 65_535)
        return hello
    }

    static let sealedHello = SealedHello(
        nodeKey: NodeKey(bytes32(0xF2)), body: [7], signature: [UInt8](repeating: 8, count: 64))

    static let id = RequestID(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)

    static let batch = SealedBatch(
        header: [UInt8](repeating: 1, count: 256), signature: [UInt8](repeating: 2, count: 64),
        body: [3, 3])

    static let requests: [Request] = [
        .ping,
        .replay(ReplayRequest(log: log, first: 1, last: 1_000_000, credit: 262_144)),
        .replay(
            ReplayRequest(log: log, first: 1, last: 7, credit: 262_144, isStateOnly: true)),
        .heads(after: nil),
        .heads(after: log),
        .records(RecordsRequest(digest: Digest(bytes32(1)), known: [])),
        .records(
            RecordsRequest(
                digest: Digest(bytes32(1)), known: [Digest(bytes32(0)), Digest(bytes32(9))])),
        .acknowledge([
            Acknowledgement(log: log, durable: 9, applied: 0),
            Acknowledgement(log: otherLog, durable: 3, applied: 3),
        ]),
        .status,
        .ownHead(node),
        .blob(BlobRequest(digest: Digest(bytes32(1)), offset: 0, length: 262_144)),
        .blob(BlobRequest(digest: Digest(bytes32(1)), offset: 1_048_575, length: 1)),
        .hello(HelloRequest(nonce: bytes32(6), cluster: nil)),
        .hello(HelloRequest(nonce: bytes32(6), cluster: cluster)),
    ]

    static let replies: [(verb: RequestVerb, reply: Reply)] = [
        (
            .ping,
            .pong(Pong(instance: InstanceID(high: 0, low: 1), wall: WallTime(milliseconds: 7)))
        ),
        (.replay, .replay(.served, [batch, batch])),
        (.replay, .replay(.notHeld, [])),
        (.replay, .replay(.truncated(head), [])),
        (.heads, .heads(HeadsPage(heads: [head, otherHead], isLast: false))),
        (.ownHead, .heads(HeadsPage(heads: [], isLast: true))),
        (
            .records,
            .records(RecordsPage(records: [sealedRecord, recordWithCredential], isLast: true))
        ),
        (.status, .status(SealedStatus(body: [1], signature: batch.signature))),
        (.blob, .blob(BlobChunk(blobByteCount: 10, offset: 7, bytes: [1, 2, 3]))),
        (.hello, .hello(sealedHello)),
        (.status, .refused(Refusal(.notAllowed, expected: "scope query", found: "none"))),
        (.ping, .refused(Refusal(.failed, expected: "", found: ""))),
    ]

    static var status: StatusReport {
        var report = StatusReport(node: node, wall: WallTime(milliseconds: 1_700_000_000_000))
        report.url = "http://192.168.7.8"
        report.hostName = "DWIGHT01"
        report.path = "/var/www/html"
        report.version = "0.1.0"
        report.userName = "alice"
        report.fullName = "Alice Ädmin"
        report.email = "alice@example.com"
        report.isReady = true
        report.members = [
            MemberReport(
                node: NodeID(bytes32(2)), url: "http://web2", state: .alive,
                skewMilliseconds: -12, lag: 3),
            MemberReport(node: nil, url: "http://web3", state: .notLoggedIn),
        ]
        report.events = EventCounts(
            stored: 10, applied: 8, missing: 3, waiting: 2, parked: 1, withheld: 1)
        report.refused = [RefusalCount(reason: "batch.signature", count: 7)]
        report.warnings = ["the login of this node ends within 30 days"]
        report.userProblems = ["bob is no account of the cluster"]
        report.caches = [
            CacheReport(target: "php-fpm unix:/run/php/php8.2-fpm.sock", problem: nil),
            CacheReport(target: "redis 127.0.0.1:6379", problem: "Connection refused"),
        ]
        report.database = DatabaseState(version: "5.7.17", sizeBytes: 30_408_704)
        report.lock = LockState(
            holder: "alice", since: WallTime(milliseconds: 1_700_000_000_000),
            reason: "release 7", expires: WallTime(milliseconds: 1_700_000_600_000))
        report.repositories = [core, template]
        report.repositoriesProblem = "packages/x: not readable"
        report.extensions = [StatusExtension(name: "weather", value: [1, 2])]
        return report
    }

    static let core = RepositoryState(
        path: ".", commit: String(repeating: "6212a58f", count: 5), short: "6212a58",
        names: ["master", "origin/master", "origin/HEAD"], isModified: true,
        updatedOn: WallTime(milliseconds: 1_700_000_000_000), updatedBy: "alice",
        origin: "https://git.example.com/core")
    static let template = RepositoryState(
        path: "packages/templates/Ä", commit: nil, short: nil, problem: "no commit yet")
}

/// A small generator of random numbers that a seed repeats: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// `SEED` from the environment, or a fixed one, so that a failure can be repeated.
    static func fromEnvironment() -> (generator: SeededGenerator, seed: UInt64) {
        let seed = ProcessInfo.processInfo.environment["SEED"].flatMap(UInt64.init) ?? 2_026
        return (SeededGenerator(seed: seed), seed)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Messages of Protocol Buffers written by hand, so that wrong ones can be made too.
struct RawMessage {
    var bytes: [UInt8] = []

    static func varint(_ number: UInt64) -> [UInt8] {
        var number = number
        var bytes: [UInt8] = []
        while number >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: number) | 0x80)
            number >>= 7
        }
        return bytes + [UInt8(number)]
    }

    func varint(_ field: UInt64, _ number: UInt64) -> RawMessage {
        RawMessage(bytes: bytes + Self.varint(field << 3) + Self.varint(number))
    }

    func fixed(_ field: UInt64, _ number: UInt64) -> RawMessage {
        let little = (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) }
        return RawMessage(bytes: bytes + Self.varint(field << 3 | 1) + little)
    }

    func bytes(_ field: UInt64, _ content: [UInt8]) -> RawMessage {
        RawMessage(
            bytes: bytes + Self.varint(field << 3 | 2) + Self.varint(UInt64(content.count))
                + content)
    }
}

/// The code of the refusal; `nil` where nothing was refused.
func refusal(_ body: () throws(WireError) -> Void) -> WireError.Code? {
    do {
        try body()
        return nil
    } catch {
        return error.code
    }
}
