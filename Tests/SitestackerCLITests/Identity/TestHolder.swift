// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterCore
import ClusterModel
import ClusterSigning
import NodeConfiguration
import NodeRuntimeTesting
import Synchronization
import WireFormat

@testable import NodeRuntime
@testable import SitestackerCLI

/// A clock that only tests move.
final class SteppedClock: HostClock {
    private let passed = Mutex<UInt64>(0)

    func now() -> Moment {
        let nanoseconds = passed.withLock { $0 }
        return Moment(
            instant: Instant(nanoseconds: nanoseconds),
            wall: WallTime(milliseconds: 1_800_000_000_000 + nanoseconds / 1_000_000))
    }

    func advance(seconds: UInt64) { passed.withLock { $0 += seconds * 1_000_000_000 } }
}

/// The records of a cluster with one user, and the node of its first server.
struct TestCluster {
    static let password = "correct horse battery"

    let pin: ClusterPin
    let node: NodeIdentity
    let key: SigningKey
    let account: Account
    let credential: AccountCredential
    let records: [SealedRecord]

    init(user: String = "alice") throws {
        node = try NodeIdentity()
        guard let random = Bytes32(SecureRandom.bytes(32)) else { throw TestFailure() }
        let cluster = ClusterID(random)
        let made = try NewCredential(
            password: secret(TestCluster.password), of: cluster, root: nil)
        key = made.key
        credential = made.credential
        pin = ClusterPin(cluster: cluster, root: key.user)
        account = Account(
            name: user, email: "\(user)@example.com", fullName: "Alice Admin", key: key.user,
            scopes: .all, serial: 1, credential: credential.digest)
        let grant = Grant(
            user: key.user, nodeKey: node.nodeKey, node: node.node, curveKey: node.curveKey,
            scopes: .all, notBefore: WallTime(milliseconds: 0),
            notAfter: WallTime(milliseconds: 2_000_000_000_000), serial: 1)
        let sealer = RecordSealer(cluster: cluster)
        records = [
            try sealer.seal(.account(account), credential: credential.encoded, with: key).sealed,
            try sealer.seal(.grant(grant), with: key).sealed,
        ]
    }
}

struct TestFailure: Error {}

func secret(_ text: String) -> SecretBytes {
    var bytes = Array(text.utf8)
    return SecretBytes(moving: &bytes)
}

/// A holder's side of the login, as its node runs it, with its records in memory.
final class TestHolder: Sendable {
    let cluster: TestCluster
    let clock = SteppedClock()
    let granted = Mutex<[SealedRecord]>([])
    let trail = InMemoryAuditTrail()
    private let logins: LoginService
    private let records: [SealedRecord]

    init(_ cluster: TestCluster, records: [SealedRecord]? = nil) {
        self.cluster = cluster
        self.records = records ?? cluster.records
        logins = LoginService(
            identity: cluster.node, clock: clock, counters: Counters(),
            audit: Auditor(trail: trail, clock: clock))
    }

    /// Looks for logins that nobody finishes, as the node's process does.
    func watch() async { await logins.watch(every: .milliseconds(1)) }

    func take(_ message: LoginMessage) async throws(ErrorDocument) -> LoginReply {
        let (cluster, records) = (cluster, records)
        return try await logins.take(
            message, from: "192.0.2.7",
            holding: LoginService.Holding(
                pin: cluster.pin,
                account: { name in
                    [cluster.account.name, cluster.account.email].contains(name)
                        ? LoginService.KnownAccount(
                            name: cluster.account.name, key: cluster.account.key,
                            credential: cluster.credential) : nil
                },
                secret: secret(String(repeating: "s", count: 32)),
                records: { records },
                accept: { [weak self] record in
                    self?.granted.withLock { $0.append(record.sealed) }
                    return true
                }))
    }
}

/// Doors by the name of their host, each with what answers there.
final class TestDoors: Doors {
    typealias Answer = @Sendable (LoginMessage) async throws(ErrorDocument) -> LoginReply
    private let answers: [String: Answer]
    private let hellos: [String: NodeIdentity]
    let sent = Mutex<[(host: String, message: LoginMessage)]>([])

    init(_ answers: [String: Answer], hellos: [String: NodeIdentity] = [:]) {
        self.answers = answers
        self.hellos = hellos
    }

    /// The hosts that were asked to begin a login, in order.
    var asked: [String] {
        sent.withLock { $0 }.filter { $0.message.step == "start" }.map(\.host)
    }

    func hello(at door: Door) async throws(ErrorDocument) -> (hello: Hello, address: String?) {
        guard let node = hellos[door.url.host.canonical] else { throw silence(door) }
        return (
            Hello(
                nonce: .zero, cluster: nil, node: node.node, nodeKey: node.nodeKey,
                curveKey: node.curveKey, instance: InstanceID(high: 1, low: 1),
                endpoints: Endpoints(host: nil, publishPort: 5572, requestPort: 5571),
                version: "test", wall: WallTime(milliseconds: 0), grant: nil, isReady: false),
            "192.0.2.1"
        )
    }

    func login(_ message: LoginMessage, at door: Door) async throws(ErrorDocument) -> LoginReply {
        let host = door.url.host.canonical
        sent.withLock { $0.append((host, message)) }
        guard let answer = answers[host] else { throw silence(door) }
        return try await answer(message)
    }

    private func silence(_ door: Door) -> ErrorDocument {
        ErrorDocument(
            code: "door-unreachable", message: "\(door.url): expected a door, found nobody",
            exitStatus: ExitStatus.unreachable)
    }
}

/// The daemon of a node, as far as the commands ask it: it verifies like the real one.
final class TestDaemon: Administration {
    struct State {
        var pin: ClusterPin?
        var records: [VerifiedRecord] = []
        var isReady = true
        var url: String?
        var joinedAs: String?
        var loggedOut: UInt64 = 0
        var ended: Authority?
        var submissions = 0
        /// How often more has been published meanwhile, when what ends something is submitted.
        var overtakes = 0
        /// How this server hears the other members.
        var hearing = "alive"
        var pins: [PinRequestDocument] = []
        var replays: [String] = []
        var retries: [String] = []
        var userProblems: [String] = []
        var refusals: [RefusalRequestDocument] = []
    }

    let node: NodeIdentity
    let state: Mutex<State>

    init(node: NodeIdentity, pin: ClusterPin? = nil, records: [SealedRecord] = []) throws {
        self.node = node
        var state = State(pin: pin)
        if let pin {
            state.records = try records.map {
                try RecordVerifier(cluster: pin.cluster).verify($0).get()
            }
        }
        self.state = Mutex(state)
    }

    var authority: Authority {
        state.withLock {
            Authority(pin: $0.pin, own: node.node, joinedAs: $0.joinedAs, records: $0.records)
        }
    }

    func identity() async throws -> IdentityDocument {
        let authority = authority
        let state = state.withLock { $0 }
        let member = authority.ownMember
        return IdentityDocument(
            cluster: state.pin?.cluster.description, root: state.pin?.root.description,
            node: node.node.description, nodeKey: node.nodeKey.description,
            curveKey: node.curveKey.description, fingerprint: node.fingerprint, url: state.url,
            user: member.map { member in
                let account = authority.account(named: member.user)?.account
                return UserDocument(
                    name: member.user, email: account?.email ?? "",
                    fullName: account?.fullName ?? "", scopes: "\(member.grant.scopes)",
                    expires: member.grant.notAfter.milliseconds)
            }, grantSerial: max(member?.grant.serial ?? 0, state.loggedOut),
            grantUser: member?.user ?? state.joinedAs, heads: [])
    }

    func remoteIdentity(_ request: RemoteIdentityRequest) async throws -> IdentityDocument {
        throw ErrorDocument(code: "silent", message: request.url, exitStatus: ExitStatus.incomplete)
    }

    func status() async throws -> StatusDocument {
        let isReady = state.withLock { $0.isReady }
        var own = ServerDocument(
            url: "http://web2", warnings: isReady ? [] : ["12 events are missing"])
        own.isReady = isReady
        own.userProblems = state.withLock { $0.userProblems }
        return StatusDocument(own: own, servers: [], problems: [])
    }

    func accounts() async throws -> AccountsDocument {
        let authority = authority
        let wall = WallTime(milliseconds: 1_800_000_000_000)
        let sealed = authority.recordsForMembers(authority.hashes)
        return AccountsDocument(
            accounts: authority.accounts.map { standing in
                AccountDocument(
                    user: UserDocument(standing.account), key: "\(standing.account.key)",
                    keys: standing.keys.map(\.description), serial: standing.account.serial,
                    credential: Hexadecimal.encode(
                        authority.credential(of: standing.account) ?? []),
                    allowed: "yes",
                    grants: authority.grants(at: wall).filter {
                        $0.user == standing.account.name && $0.state.isCurrent
                    }.map { GrantDocument($0, heads: []) },
                    signed: authority.lasting(of: standing.account.key, among: sealed).map {
                        SealedRecordDocument(
                            body: Hexadecimal.encode($0.body),
                            signer: "\($0.signer)", signature: Hexadecimal.encode($0.signature),
                            credential: $0.credential.map { Hexadecimal.encode($0) })
                    }, isRemoved: standing.isRemoved)
            }, unresolved: [], heads: state.withLock { _ in [] })
    }

    func members() async throws -> MembersDocument {
        let hearing = state.withLock { $0.hearing }
        return MembersDocument(
            members: authority.members.map {
                MemberDocument(
                    node: "\($0.node)", url: $0.node == node.node ? "http://web1" : nil,
                    state: hearing, user: $0.user, silentMilliseconds: nil)
            })
    }

    func submit(_ request: RecordsRequestDocument) async throws -> RecordsAnswer {
        let isOvertaken = state.withLock { state in
            defer { state.overtakes = max(0, state.overtakes - 1) }
            return state.overtakes > 0
        }
        guard !isOvertaken else {
            throw ErrorDocument(
                code: ErrorDocument.outdatedCovers, message: "more was published",
                exitStatus: ExitStatus.tryLater)
        }
        let count = try take(request.records)
        state.withLock { $0.submissions += 1 }
        return RecordsAnswer(added: count, effective: count)
    }

    func join(_ request: JoinRequestDocument) async throws -> IdentityDocument {
        guard let cluster = ClusterID(hex: request.cluster), let root = UserKey(hex: request.root)
        else { throw TestFailure() }
        state.withLock { $0.pin = ClusterPin(cluster: cluster, root: root) }
        // What the holder knows may have been ended since.
        try keep(request.records)
        guard
            let report = authority.grants(at: WallTime(milliseconds: 0)).first(where: {
                $0.hash.description == request.grant
            })
        else { throw TestFailure() }
        state.withLock { $0.joinedAs = report.user }
        guard authority.ownGrant == report.hash else { throw TestFailure() }
        return try await identity()
    }

    /// What was known at the logout.
    var ended: Authority? { state.withLock { $0.ended } }

    func logout() async throws -> IdentityDocument {
        let authority = authority
        state.withLock {
            $0.ended = authority
            $0.records = []
        }
        return try await identity()
    }

    func pin(_ request: PinRequestDocument) async throws -> AccountsDocument {
        state.withLock { $0.pins.append(request) }
        return try await accounts()
    }

    func noteRefusal(_ request: RefusalRequestDocument) async throws -> RefusalAnswer {
        state.withLock { $0.refusals.append(request) }
        return RefusalAnswer()
    }

    func retryParked(_ request: RetryRequestDocument) async throws -> RetryAnswer {
        state.withLock { $0.retries.append(request.id ?? "all") }
        return RetryAnswer(events: 2)
    }

    func replay(_ request: ReplayUserRequestDocument) async throws -> RecordsAnswer {
        state.withLock { $0.replays.append(request.name) }
        return RecordsAnswer(added: 0, effective: 1)
    }

    @discardableResult
    private func keep(_ documents: [SealedRecordDocument]) throws -> [VerifiedRecord] {
        guard let cluster = state.withLock({ $0.pin?.cluster }) else { throw TestFailure() }
        let verified = try documents.map {
            try RecordVerifier(cluster: cluster).verify(try SealedRecord($0)).get()
        }
        state.withLock { $0.records += verified }
        return verified
    }

    /// Takes records as a node does: every one must count.
    private func take(_ documents: [SealedRecordDocument]) throws -> Int {
        let verified = try keep(documents)
        let authority = authority
        guard verified.allSatisfy({ authority.standing(of: $0.hash) == .effective }) else {
            throw ErrorDocument(
                code: "record-without-effect", message: "a record does not count",
                exitStatus: ExitStatus.notAuthorised)
        }
        return verified.count
    }
}
