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
        guard let node, let holding = await node.holding() else {
            throw ErrorDocument(
                code: "not-a-holder", message: "this node holds no accounts",
                hint: "ask a node that is logged in", exitStatus: ExitStatus.notAuthorised)
        }
        return try await logins.take(message, from: address, holding: holding)
    }

    /// Whether the node is fit to serve.
    public func isReady() async -> Bool { await node?.readiness.isReady ?? false }
}

extension Node {
    /// What the login service may use of this node; `nil` without any account.
    func holding() -> LoginService.Holding? {
        let authority = core.currentAuthority
        // The founder's first record is never compacted, and secret to members: what is derived
        // from it is the same on each of them, and outlives every restart.
        guard
            let founder = authority.records(authority.hashes).filter({ $0.signer == pin.root })
                .min(by: { $0.body.lexicographicallyPrecedes($1.body) })
        else { return nil }
        var seed = Blake2b.hash(founder.body + Array("unknown names".utf8))
        return LoginService.Holding(
            pin: pin,
            account: { [weak self] name in await self?.account(for: name) },
            secret: SecretBytes(moving: &seed),
            records: { [weak self] in await self?.allRecords() ?? [] },
            accept: { [weak self] record in await self?.accept(record) ?? false })
    }

    private func account(for name: String) -> (name: String, credential: AccountCredential)? {
        let standing = core.currentAuthority.accounts.first {
            ($0.account.name == name || $0.account.email == name) && !$0.isRemoved
        }
        guard let standing, standing.keys.count == 1 else { return nil }
        do {
            return (
                standing.account.name,
                try AccountCredential(encoded: standing.account.credential)
            )
        } catch {
            counters.count("login.unusable-credential")
            return nil
        }
    }

    private func allRecords() -> [SealedRecord] {
        core.currentAuthority.records(core.currentAuthority.hashes)
    }

    private func accept(_ record: SealedRecord) -> Bool {
        receive(records: [record], from: nil)
        return core.currentAuthority.standing(of: RecordVerifier.hash(of: record)) == .effective
    }
}
