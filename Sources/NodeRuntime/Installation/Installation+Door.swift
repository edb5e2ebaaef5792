// SPDX-License-Identifier: Apache-2.0

public import AdminAPI
internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import Logging
internal import WireFormat

// What anybody may ask.
extension Installation {
    /// Answers a hello with a signed one; `nil` where the request cannot be read.
    public func hello(_ request: [UInt8]) async -> [UInt8]? {
        do {
            let request = try HelloCodec.decodeRequest(request)
            let sealed =
                if let node {
                    try await node.hello(request)
                } else {
                    try introduction.answer(
                        request, cluster: try ports.store.clusterPin()?.cluster, grant: nil,
                        isReady: false, wall: ports.clock.now().wall)
                }
            return try HelloCodec.encode(sealed)
        } catch {
            counters.count("door.hello-refused")
            logger.debug("a hello that cannot be answered: \(error)")
            return nil
        }
    }

    /// Takes one message of a login.
    public func login(
        _ message: LoginMessage, from address: String
    ) async throws(ErrorDocument) -> LoginReply {
        guard let holding = try await holding() else {
            throw ErrorDocument(
                code: "not-a-holder", message: "this node holds no accounts",
                hint: "ask a node that is logged in", exitStatus: ExitStatus.notAuthorised)
        }
        return try await logins.take(message, from: address, holding: holding)
    }

    /// What the login service may use: of the node, or, where it is logged out, of its log, so that
    /// the last node of a cluster that logs out can still be logged in.
    private func holding() async throws(ErrorDocument) -> LoginService.Holding? {
        if let node { return await node.holding() }
        if let idleHolding { return idleHolding }
        guard let pin = try stored({ try ports.store.clusterPin() }) else { return nil }
        let authority = try await idleAuthority(pin)
        idleHolding = LoginService.Holding(pin: pin, authority: authority) { [weak self] record in
            await self?.keepWhileIdle(record) ?? false
        }
        return idleHolding
    }

    /// What the log holds, for a node that is not logged in.
    func idleAuthority(_ pin: ClusterPin) async throws(ErrorDocument) -> Authority {
        let bootstrap = try stored { try ports.store.bootstrapRecords() }
        let recovered: RecoveredEventLog
        do {
            recovered = try await ports.log.recover()
        } catch {
            throw ErrorDocument(error)
        }
        return Authority(
            pin: pin, own: identity.node,
            records: RecordVerifier(cluster: pin.cluster)
                .verified(recovered.records + bootstrap))
    }

    /// Keeps a grant that came to a node which is logged out; whether it is durable.
    private func keepWhileIdle(_ record: VerifiedRecord) async -> Bool {
        idleHolding = nil
        return await withCheckedContinuation { continuation in
            ports.log.submit([.records([record])]) { continuation.resume(returning: $0 == nil) }
        }
    }

    /// What keeps the node from being fit to serve, a word for each kind, which names nobody.
    public func obstacles() async -> [String] {
        guard let readiness = await node?.readiness else {
            return [Readiness.Obstacle.notLoggedIn.word]
        }
        return readiness.obstacles.map(\.word).reduce(into: []) { words, word in
            if !words.contains(word) { words.append(word) }
        }
    }

    /// Whether the node is fit to serve.
    public func isReady() async -> Bool { await obstacles().isEmpty }
}

extension Readiness.Obstacle {
    /// Its kind, for anybody: no name, number or path.
    fileprivate var word: String {
        switch self {
        case .notLoggedIn: "login"
        case .cloned: "clone"
        case .awaitingOwnHeads, .awaitingEpoch, .awaitingBeacon: "start"
        case .behind, .applying: "log"
        case .awaitingClear: "clear"
        case .awaitingSurvey, .behindRevision: "code"
        }
    }
}

extension Node {
    /// What the login service may use of this node; `nil` without any account.
    func holding() -> LoginService.Holding? {
        LoginService.Holding(pin: pin, authority: core.currentAuthority) { [weak self] record in
            await self?.accept(record) ?? false
        }
    }

    private func accept(_ record: VerifiedRecord) -> Bool {
        receive(records: [record.sealed], from: nil)
        return core.currentAuthority.standing(of: record.hash) == .effective
    }
}

extension LoginService.Holding {
    /// What may be used of a fold; `nil` without any account.
    init?(
        pin: ClusterPin, authority: Authority,
        keep: @escaping @Sendable (VerifiedRecord) async -> Bool
    ) {
        // The founder's first credential is never compacted, and secret to members: what is
        // derived from it is the same on each of them, and outlives every restart.
        guard let founder = authority.foundingCredential(by: pin.root) else { return nil }
        var seed = Blake2b.hash(founder + Array("unknown names".utf8))
        self.init(
            pin: pin,
            account: { name in authority.credential(for: name) },
            secret: SecretBytes(moving: &seed),
            records: { authority.records(authority.hashes) },
            accept: { record in
                var later = authority
                _ = later.add([record])
                guard later.standing(of: record.hash) == .effective else { return false }
                return await keep(record)
            })
    }
}

extension Authority {
    /// The one live account of a name or address, as far as it can be logged in to.
    fileprivate func credential(for name: String) -> LoginService.KnownAccount? {
        let standing = accounts.first {
            ($0.account.name == name || $0.account.email == name) && !$0.isRemoved
        }
        guard let standing, standing.keys.count == 1 else { return nil }
        do {
            guard let encoded = self.credential(of: standing.account) else { return nil }
            return LoginService.KnownAccount(
                name: standing.account.name, key: standing.account.key,
                credential: try AccountCredential(encoded: encoded))
        } catch {
            // Whoever signed such a record has locked that account himself.
            return nil
        }
    }
}

extension RecordVerifier {
    /// Those of the records that hold.
    func verified(_ sealed: [SealedRecord]) -> [VerifiedRecord] {
        sealed.compactMap { record in
            switch verify(record) {
            case .success(let verified): verified
            case .failure: nil
            }
        }
    }
}
