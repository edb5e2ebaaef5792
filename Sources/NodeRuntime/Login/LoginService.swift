// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ClusterModel
internal import ClusterSigning
internal import WireFormat

/// The holder's side of logins at the door: proves to people with a password, and to nobody else,
/// what belongs to them.
///
/// No step costs this node a memory-hard computation, no answer lets a guess be checked, and an
/// unknown name is answered like a known one until the proof fails.
/// Source: RFC 9383; docs/specification/login.md.
actor LoginService {
    /// Logins under way at once; the oldest gives way.
    static let sessionLimit = 64
    /// How long one may take, Argon2id on the other side included.
    static let patience: Duration = .seconds(60)
    /// Tries per name, and per address, in each minute.
    static let triesPerMinute = 5

    /// The counts of what went well.
    static let successes: Set<String> = ["login.proven", "login.granted"]

    /// An account that can be logged in to.
    struct KnownAccount: Sendable {
        /// Its canonical name.
        let name: String
        let key: UserKey
        let credential: AccountCredential
    }

    /// What a holder must know to answer.
    struct Holding: Sendable {
        let pin: ClusterPin
        /// The account of a name or address.
        let account: @Sendable (String) async -> KnownAccount?
        /// What unknown names are answered from: known to members only.
        let secret: SecretBytes
        /// The records to give.
        let records: @Sendable () async -> [SealedRecord]
        /// Takes the new grant.
        let accept: @Sendable (VerifiedRecord) async -> Bool
    }

    private enum Step {
        case started(Spake2PlusVerifier)
        case shared(Spake2PlusVerifier)
        case proven(LoginChannel)
    }

    private struct Session {
        var step: Step
        let account: KnownAccount?
        /// The keys that may be granted.
        let nodeKey: NodeKey
        let curveKey: CurveKey
        /// As it was typed.
        let name: String
        let address: String
        let began: Instant
    }

    private let identity: NodeIdentity
    private let clock: any HostClock
    private let counters: Counters
    private let audit: Auditor
    private var sessions: [String: Session] = [:]
    private var tries: [String: [Instant]] = [:]

    init(identity: NodeIdentity, clock: any HostClock, counters: Counters, audit: Auditor) {
        self.identity = identity
        self.clock = clock
        self.counters = counters
        self.audit = audit
    }

    /// Takes one message; everything that is wrong ends its session.
    func take(
        _ message: LoginMessage, from address: String, holding: Holding
    ) async throws(ErrorDocument) -> LoginReply {
        forgetOld()
        do {
            switch message.step {
            case "start": return try await start(message, from: address, holding)
            case "share": return try share(message)
            case "confirm": return try await confirm(message, holding)
            case "grant": return try await grant(message, holding)
            default:
                throw LoginService.refusal(
                    "unknown-step", "expected start, share, confirm or grant as the step")
            }
        } catch let error as ErrorDocument {
            refuse(message, from: address, error.code)
            throw error
        } catch {
            refuse(message, from: address, LoginService.wrongPassword.code)
            throw LoginService.wrongPassword
        }
    }

    /// Notes logins that nobody finishes, until the task is cancelled: who guesses goes away
    /// before he proves anything, and no other message may come for days.
    func watch(every interval: Duration = LoginService.patience / 2) async {
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: interval)
            } catch {
                return
            }
            forgetOld()
        }
    }

    /// Ends the login that a message was for, counts it, and notes it.
    private func refuse(_ message: LoginMessage, from address: String, _ code: String) {
        let session = message.session.flatMap { sessions[$0] }
        end(message.session)
        counters.count("login.\(code)")
        audit.refused(
            .login, user: session?.name ?? message.name, address: session?.address ?? address,
            reason: code)
    }

    // MARK: Steps

    private func start(
        _ message: LoginMessage, from address: String, _ holding: Holding
    ) async throws -> LoginReply {
        guard let name = message.name, (1...256).contains(name.utf8.count),
            let nodeKey = message.nodeKey.flatMap({ NodeKey(hex: $0) }),
            let curveKey = message.curveKey.flatMap({ CurveKey(hex: $0) })
        else {
            throw LoginService.refusal("malformed", "expected a name and the keys of the node")
        }
        try admit(name, from: address)
        let known = await holding.account(name)
        let owner = try PasswordOwner(asking: name, in: holding.pin.cluster)
        // Made for known names too, so that both take the same time.
        let unknown = try PasswordAccount.fakeVerifier(
            serverSecret: holding.secret, owner: owner)
        let account = known?.credential.account ?? unknown
        let transcript = LoginTranscript(
            owner: owner, parameters: account.parameters,
            holderKeys: [identity.nodeKey.bytes], nodeKeys: [nodeKey.bytes, curveKey.bytes])
        let session = InstanceID(high: SecureRandom.uint64(), low: SecureRandom.uint64())
        makeRoom()
        sessions[session.description] = Session(
            step: .started(
                Spake2PlusVerifier(record: account.verifier, binding: transcript.binding)),
            account: known, nodeKey: nodeKey, curveKey: curveKey, name: name, address: address,
            began: clock.now().instant)
        return LoginReply(
            session: session.description, cluster: holding.pin.cluster.description,
            parameters: Hexadecimal.encode(account.parameters.encoded),
            holderKey: identity.nodeKey.description)
    }

    private func share(_ message: LoginMessage) throws -> LoginReply {
        let (id, session) = try session(of: message)
        guard case .started(var verifier) = session.step else { throw LoginService.outOfOrder }
        let response = try verifier.respond(to: try LoginService.bytes(of: message))
        sessions[id]?.step = .shared(verifier)
        return LoginReply(
            session: id, bytes: Hexadecimal.encode(response.shareV + response.confirmV))
    }

    private func confirm(_ message: LoginMessage, _ holding: Holding) async throws -> LoginReply {
        let (id, session) = try session(of: message)
        guard case .shared(var verifier) = session.step else { throw LoginService.outOfOrder }
        let key = try verifier.finish(confirmP: try LoginService.bytes(of: message))
        guard let account = session.account else { throw LoginService.wrongPassword }
        var channel = try LoginChannel(sharedKey: key, end: .verifier)
        let welcome = LoginWelcome(
            pin: holding.pin, name: account.name, sealedKey: account.credential.sealedKey,
            records: await holding.records())
        let sealed = channel.seal(try welcome.encoded())
        sessions[id]?.step = .proven(channel)
        counters.count("login.proven")
        audit.done(.login, user: account.name, address: session.address)
        return LoginReply(session: id, bytes: Hexadecimal.encode(sealed))
    }

    private func grant(_ message: LoginMessage, _ holding: Holding) async throws -> LoginReply {
        let (id, session) = try session(of: message)
        guard case .proven(var channel) = session.step else { throw LoginService.outOfOrder }
        let record = try RecordCodec.decodeSealed(
            try channel.open(try LoginService.bytes(of: message)))
        end(id)
        guard
            case .success(let verified) = RecordVerifier(cluster: holding.pin.cluster)
                .verify(record), case .grant(let grant) = verified.record,
            grant.user == session.account?.key, grant.nodeKey == session.nodeKey,
            grant.curveKey == session.curveKey
        else {
            throw LoginService.refusal(
                "other-grant", "expected a grant by this user for the keys of this login")
        }
        guard await holding.accept(verified) else {
            throw LoginService.refusal("grant-refused", "expected a grant that counts")
        }
        counters.count("login.granted")
        audit.done(.grant, user: session.account?.name, address: session.address)
        return LoginReply(session: id)
    }

    // MARK: Sessions

    private func session(of message: LoginMessage) throws -> (String, Session) {
        guard let id = message.session, let session = sessions[id] else {
            throw LoginService.refusal(
                "unknown-session", "expected a login that is under way; it may have taken too long")
        }
        return (id, session)
    }

    private func end(_ id: String?) {
        if let id { sessions[id] = nil }
    }

    private func forgetOld() {
        let now = clock.now().instant
        let old = sessions.filter { now.since($0.value.began) >= LoginService.patience }
        for (id, _) in old.sorted(by: { $0.key < $1.key }) { abandon(id) }
        tries = tries.compactMapValues { times in
            let recent = times.filter { now.since($0) < .seconds(60) }
            return recent.isEmpty ? nil : recent
        }
    }

    private func makeRoom() {
        guard sessions.count >= LoginService.sessionLimit else { return }
        let oldest = sessions.min { ($0.value.began, $0.key) < ($1.value.began, $1.key) }
        abandon(oldest?.key)
    }

    /// Ends a login that its prover left: who guesses learns that he is wrong before he proves
    /// anything, so a guess shows as a login that was never finished.
    private func abandon(_ id: String?) {
        guard let id, let session = sessions[id] else { return }
        let isProven = if case .proven = session.step { true } else { false }
        if !isProven {
            counters.count("login.unfinished")
            audit.refused(
                .login, user: session.name, address: session.address, reason: "unfinished")
        }
        end(id)
    }

    private func admit(_ name: String, from address: String) throws {
        let now = clock.now().instant
        for key in ["name \(name)", "address \(address)"] {
            guard tries[key, default: []].count < LoginService.triesPerMinute else {
                throw ErrorDocument(
                    code: "too-many-tries",
                    message: "more than \(LoginService.triesPerMinute) logins in a minute",
                    hint: "wait a minute", exitStatus: ExitStatus.tryLater)
            }
        }
        guard tries.count < 10_000 else {
            throw ErrorDocument(
                code: "busy", message: "too many logins from too many places",
                hint: "try again later", exitStatus: ExitStatus.tryLater)
        }
        for key in ["name \(name)", "address \(address)"] { tries[key, default: []].append(now) }
    }

    // MARK: Refusals

    private static func bytes(of message: LoginMessage) throws -> [UInt8] {
        guard let bytes = message.bytes.flatMap({ Hexadecimal.decode($0) }) else {
            throw refusal("malformed", "expected hexadecimal digits")
        }
        return bytes
    }

    private static func refusal(_ code: String, _ message: String) -> ErrorDocument {
        ErrorDocument(code: code, message: message, exitStatus: ExitStatus.notAuthorised)
    }

    private static let outOfOrder = refusal(
        "out-of-order", "expected the steps of a login in their order")

    private static let wrongPassword = ErrorDocument(
        code: "login-refused", message: "no account with this name and password",
        hint: "check both; names are case-sensitive", exitStatus: ExitStatus.notAuthorised)
}
