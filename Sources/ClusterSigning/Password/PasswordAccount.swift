// SPDX-License-Identifier: Apache-2.0

/// What a password is stretched for: one name in one cluster.
///
/// Both are bound into the result, so the record of one name or cluster is of no use for another.
public struct PasswordOwner: Hashable, Sendable {
    /// The bytes of the name; the caller decides which spellings are one name.
    ///
    /// Limit: 1 to 256.
    public let name: [UInt8]
    /// The bytes of the cluster's identity.
    ///
    /// Limit: 1 to 256.
    public let realm: [UInt8]

    /// Gathers name and realm.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength`.
    public init(name: [UInt8], realm: [UInt8]) throws(CryptographyError) {
        for (field, what) in [(name, "name of an account"), (realm, "realm of an account")] {
            guard (1...256).contains(field.count) else {
                throw .wrongLength(what, expected: "1 to 256 bytes", found: field.count)
            }
        }
        self.name = name
        self.realm = realm
    }
}

/// What comes of a password: the secret that logs in and the key that opens the user key.
///
/// One memory-hard computation yields both, by unrelated labels: the verifier's record tells
/// nothing of the sealing key. They exist only where the password was typed.
public struct PasswordSecrets: Sendable {
    /// Accepted lengths of a password.
    ///
    /// Unit: bytes. The upper end keeps a hostile caller from making the first hash expensive.
    public static let acceptedPassword = 1...1_024

    /// The prover's half of a login.
    public let prover: Spake2PlusProverSecret
    /// The key under which the user key is sealed.
    public let sealingKey: SealingKey

    /// Stretches a password; takes as long as ``Argon2id/stretch(_:parameters:count:)`` does.
    ///
    /// The bytes are taken as they are: the caller decides on one normalisation of text.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength` for a password that is not accepted,
    ///   with `memoryUnavailable`.
    public init(
        password: SecretBytes, owner: PasswordOwner, parameters: Argon2idParameters
    ) throws(CryptographyError) {
        guard Self.acceptedPassword.contains(password.count) else {
            throw .wrongLength("password", expected: "1 to 1024 bytes", found: password.count)
        }
        var prefix: [UInt8] = []
        prefix.append(field: Array("sitestacker password v1".utf8))
        prefix.append(field: owner.realm)
        prefix.append(field: owner.name)
        // Whatever follows the last length is the password, so no two inputs coincide.
        let input = SecretBytes(count: prefix.count + password.count) { input in
            input.copyBytes(from: prefix)
            password.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: input[prefix.count...]).copyMemory(from: $0)
            }
        }
        let stretched = try Argon2id.stretch(
            input, parameters: parameters, count: 64)
        prover = try Spake2PlusProverSecret(
            stretched: try HKDFSHA256.derive(
                from: stretched, label: Array("sitestacker login v1".utf8),
                count: Spake2PlusProverSecret.shortestStretch))
        sealingKey = try SealingKey(
            try HKDFSHA256.derive(
                from: stretched, label: Array("sitestacker user key v1".utf8),
                count: SealingKey.length))
    }
}

/// What a node holds of an account's password: enough to let its owner log in, not to be them.
public struct PasswordAccount: Equatable, Sendable {
    /// What the owner's program needs before it can stretch the password; told to anybody.
    public let parameters: Argon2idParameters
    /// The verifier's half of a login.
    public let verifier: Spake2PlusVerifierRecord

    /// Gathers what was stored.
    public init(parameters: Argon2idParameters, verifier: Spake2PlusVerifierRecord) {
        self.parameters = parameters
        self.verifier = verifier
    }

    /// Makes an account with a new salt, and what its owner's program goes on with.
    ///
    /// - Throws: As ``PasswordSecrets/init(password:owner:parameters:)``.
    public static func create(
        password: SecretBytes, owner: PasswordOwner, cost: Argon2idCost = .standard
    ) throws(CryptographyError) -> (account: PasswordAccount, secrets: PasswordSecrets) {
        let parameters = try Argon2idParameters(
            cost: cost, salt: SecureRandom.bytes(Argon2idParameters.saltLength))
        let secrets = try PasswordSecrets(
            password: password, owner: owner, parameters: parameters)
        let account = PasswordAccount(
            parameters: parameters, verifier: try secrets.prover.verifierRecord())
        return (account, secrets)
    }

    /// The account that a node shows for a name which has none; no password opens it.
    ///
    /// The same secret, name and cost give the same account, so asking twice tells nothing. To
    /// tell nothing at all the secret must be one for the whole cluster and outlive restarts, the
    /// cost must be that of real accounts, and a node must make this account for known names too,
    /// since making it takes time.
    ///
    /// - Parameters:
    ///   - serverSecret: Known to the cluster's nodes only. Limit: at least 32 bytes.
    ///   - owner: The name that was asked for.
    ///   - cost: What real accounts cost.
    /// - Throws: ``CryptographyError`` with `wrongLength` for a shorter secret.
    public static func fakeVerifier(
        serverSecret: SecretBytes, owner: PasswordOwner, cost: Argon2idCost = .standard
    ) throws(CryptographyError) -> PasswordAccount {
        guard serverSecret.count >= 32 else {
            throw .wrongLength(
                "secret for unknown names", expected: "at least 32 bytes",
                found: serverSecret.count)
        }
        let salt = try derive(serverSecret, "salt", owner, Argon2idParameters.saltLength)
        let stretched = try derive(
            serverSecret, "verifier", owner, Spake2PlusProverSecret.shortestStretch)
        return PasswordAccount(
            parameters: try Argon2idParameters(
                cost: cost, salt: salt.withUnsafeBytes { [UInt8]($0) }),
            verifier: try Spake2PlusProverSecret(stretched: stretched).verifierRecord())
    }

    private static func derive(
        _ secret: SecretBytes, _ purpose: String, _ owner: PasswordOwner, _ count: Int
    ) throws(CryptographyError) -> SecretBytes {
        var label: [UInt8] = []
        label.append(field: Array("sitestacker unknown name v1".utf8))
        label.append(field: Array(purpose.utf8))
        label.append(field: owner.realm)
        label.append(field: owner.name)
        return try HKDFSHA256.derive(from: secret, label: label, count: count)
    }
}
