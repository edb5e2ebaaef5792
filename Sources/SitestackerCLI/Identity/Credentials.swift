// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterModel
import ClusterSigning

/// A user's new key with everything that a password makes of it.
struct NewCredential: Sendable {
    /// The key.
    let key: SigningKey
    /// What the account carries.
    let credential: AccountCredential

    /// Makes a key and seals it; takes as long as Argon2id does.
    ///
    /// - Throws: `CryptographyError`.
    init(password: SecretBytes, of cluster: ClusterID, root: UserKey?) throws {
        let key = try SigningKey()
        // The first user's key is the root itself.
        let pin = ClusterPin(cluster: cluster, root: root ?? key.user)
        let (account, secrets) = try PasswordAccount.create(
            password: password, owner: try PasswordOwner(accountsOf: cluster))
        self.key = key
        credential = AccountCredential(
            account: account,
            sealedKey: SealedUserKey(
                key, under: secrets.sealingKey, associatedData: pin.associatedData))
    }
}

/// Opens a user's key, from what this node holds of the account.
///
/// - Throws: `ErrorDocument`: `wrong-password`, or what the credential says.
func unsealedKey(
    of account: AccountDocument, password: SecretBytes, in pin: ClusterPin
) throws -> SigningKey {
    guard let bytes = Hexadecimal.decode(account.credential) else {
        throw ErrorDocument.unexpected("the credential of \(account.user.name)", "digits")
    }
    guard !bytes.isEmpty else {
        throw ErrorDocument(
            code: "no-credential",
            message: "this server does not have the credential of \(account.user.name) yet",
            hint: "try again when it has heard another server; see sitestacker status",
            exitStatus: ExitStatus.tryLater)
    }
    let credential = try AccountCredential(encoded: bytes)
    let secrets = try PasswordSecrets(
        password: password,
        owner: try PasswordOwner(accountsOf: pin.cluster),
        parameters: credential.account.parameters)
    do {
        let key = try credential.sealedKey.open(
            under: secrets.sealingKey, associatedData: pin.associatedData)
        guard key.user.description == account.key else {
            throw ErrorDocument.unexpected(
                "the credential of \(account.user.name)", "the key of the account")
        }
        return key
    } catch let error as CryptographyError where error.code == .authenticationFailed {
        throw ErrorDocument.denied(
            "wrong-password", "this is not the password of \(account.user.name)")
    }
}
