// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterModel
import ClusterSigning
import WireFormat

/// A login whose password has been proved, both ways.
struct ProvenLogin: Sendable {
    /// What the holder gave.
    let welcome: LoginWelcome
    /// The account as the holder's records have it.
    let account: Account
    /// The user's key.
    let userKey: SigningKey
    /// Whose door it was.
    let door: Door
    fileprivate let session: String
    fileprivate var channel: LoginChannel
}

/// The side of a login that knows the password.
///
/// Law: nothing that the password could be guessed from leaves this process, and nothing that the
/// other side says is believed before it has shown that it holds the account.
/// Source: docs/specification/login.md.
struct LoginClient: Sendable {
    /// The node that is to be logged in.
    let nodeKey: NodeKey
    let curveKey: CurveKey
    /// The cluster that it belongs to already.
    let pinned: ClusterPin?
    let doors: any Doors

    private static let sessionLimit = 128
    private static let shareLength = 65
    private static let confirmationLength = 32

    /// What the holder says first.
    private struct Opening {
        let session: String
        let cluster: ClusterID
        /// As it was typed.
        let name: String
        let parameters: Argon2idParameters
        let holder: NodeKey
    }

    /// Proves the password at one door.
    ///
    /// - Throws: `ErrorDocument`; nothing has changed anywhere then.
    func prove(
        name: String, password: SecretBytes, at door: Door
    ) async throws(ErrorDocument) -> ProvenLogin {
        let opening = try await start(name: name, at: door)
        do {
            let secrets = try PasswordSecrets(
                password: password,
                owner: try PasswordOwner(accountsOf: opening.cluster),
                parameters: opening.parameters)
            var channel = try await exchange(secrets, opening, door)
            let reply = try await doors.login(
                LoginMessage(
                    step: "confirm", session: opening.session,
                    bytes: Hexadecimal.encode(channel.confirmation)), at: door)
            let welcome = try LoginWelcome(
                decoding: try channel.line.open(try bytes(reply.bytes, of: door)))
            return try accept(welcome, opening, secrets, channel.line, door)
        } catch let error as ErrorDocument {
            throw error
        } catch let error as CryptographyError {
            throw ErrorDocument(error)
        } catch let error as WireError {
            throw ErrorDocument(error)
        } catch {
            throw stranger(door)
        }
    }

    /// Hands the new grant to the holder, so that it admits the node at once.
    ///
    /// - Throws: `ErrorDocument` where it does not take it.
    func deliver(
        _ grant: SealedRecord, of login: ProvenLogin
    ) async throws {
        var channel = login.channel
        let sealed = channel.seal(try RecordCodec.encodeSealed(grant))
        _ = try await doors.login(
            LoginMessage(
                step: "grant", session: login.session, bytes: Hexadecimal.encode(sealed)),
            at: login.door)
    }

    // MARK: Steps

    private func start(name: String, at door: Door) async throws(ErrorDocument) -> Opening {
        let reply = try await doors.login(
            LoginMessage(
                step: "start", name: name, nodeKey: nodeKey.description,
                curveKey: curveKey.description), at: door)
        guard let cluster = reply.cluster.flatMap({ ClusterID(hex: $0) }),
            let holder = reply.holderKey.flatMap({ NodeKey(hex: $0) }),
            reply.session.utf8.count <= Self.sessionLimit
        else { throw stranger(door) }
        if let pinned, pinned.cluster != cluster {
            throw .denied(
                "other-cluster",
                "\(door.url) belongs to cluster \(cluster.short), this node to"
                    + " \(pinned.cluster.short)",
                hint: "check the list of URLs; a node never changes its cluster")
        }
        let encoded = try bytes(reply.parameters, of: door)
        do {
            return Opening(
                session: reply.session, cluster: cluster, name: name,
                parameters: try Argon2idParameters(encoded: encoded), holder: holder)
        } catch {
            throw ErrorDocument(error)
        }
    }

    /// Both shares, both confirmations: afterwards each side knows that the other is right.
    private func exchange(
        _ secrets: PasswordSecrets, _ opening: Opening, _ door: Door
    ) async throws -> (line: LoginChannel, confirmation: [UInt8]) {
        let transcript = LoginTranscript(
            owner: try PasswordOwner(asking: opening.name, in: opening.cluster),
            parameters: opening.parameters, holderKeys: [opening.holder.bytes],
            nodeKeys: [nodeKey.bytes, curveKey.bytes])
        var prover = Spake2PlusProver(secret: secrets.prover, binding: transcript.binding)
        let reply = try await doors.login(
            LoginMessage(
                step: "share", session: opening.session,
                bytes: Hexadecimal.encode(try prover.start())), at: door)
        let answer = try bytes(reply.bytes, of: door)
        guard answer.count == Self.shareLength + Self.confirmationLength else {
            throw stranger(door)
        }
        do {
            let outcome = try prover.finish(
                shareV: Array(answer[..<Self.shareLength]),
                confirmV: Array(answer[Self.shareLength...]))
            return (
                try LoginChannel(sharedKey: outcome.sharedKey, end: .prover), outcome.confirmP
            )
        } catch {
            await disbelieve(opening, door)
            throw ErrorDocument.denied(
                "login-refused", "no account with this name and password",
                hint: "check both; names are case-sensitive. If both are right, somebody stands"
                    + " between here and \(door.url)")
        }
    }

    /// Confirms nothing, so that the holder counts the failure at once and ends the login.
    private func disbelieve(_ opening: Opening, _ door: Door) async {
        let nothing = [UInt8](repeating: 0, count: Self.confirmationLength)
        do {
            _ = try await doors.login(
                LoginMessage(
                    step: "confirm", session: opening.session,
                    bytes: Hexadecimal.encode(nothing)), at: door)
        } catch {
            // The holder refuses it, as it should; who is not there need not be told.
        }
    }

    /// Believes the welcome as far as the password vouches for it.
    private func accept(
        _ welcome: LoginWelcome, _ opening: Opening, _ secrets: PasswordSecrets,
        _ channel: LoginChannel, _ door: Door
    ) throws -> ProvenLogin {
        guard welcome.pin.cluster == opening.cluster,
            pinned == nil || pinned == welcome.pin
        else { throw stranger(door) }
        // Opening the key is what pins the cluster and its root: both are sealed with it.
        let key = try welcome.sealedKey.open(
            under: secrets.sealingKey, associatedData: welcome.pin.associatedData)
        let account = welcome.records.compactMap { record -> Account? in
            guard
                case .success(let verified) = RecordVerifier(cluster: welcome.pin.cluster)
                    .verify(record), case .account(let account) = verified.record,
                account.name == welcome.name, account.key.bytes == key.verificationKey.bytes,
                // Else the door would choose the account.
                account.name == opening.name || account.email == opening.name
            else { return nil }
            return account
        }.max { $0.serial < $1.serial }
        guard let account, !account.isRemoved else {
            throw ErrorDocument.denied(
                "no-account", "\(door.url) gave no account of \(welcome.name) for this key")
        }
        return ProvenLogin(
            welcome: welcome, account: account, userKey: key, door: door,
            session: opening.session, channel: channel)
    }

    private func bytes(_ text: String?, of door: Door) throws(ErrorDocument) -> [UInt8] {
        guard let text, let bytes = Hexadecimal.decode(text) else { throw stranger(door) }
        return bytes
    }

    private func stranger(_ door: Door) -> ErrorDocument {
        ErrorDocument(
            code: "wrong-server",
            message: "\(door.url): expected the next step of a login, found something else",
            hint: "Does another program or another version listen there?",
            exitStatus: ExitStatus.unreachable)
    }
}
