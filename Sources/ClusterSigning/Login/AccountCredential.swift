// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
internal import WireFormat

/// What an account's record carries for logins: parameters, verifier, and the sealed user key.
///
/// Opaque to the core. Law: one encoding each, so equal credentials have equal bytes.
public struct AccountCredential: Equatable, Sendable {
    /// Parameters and verifier.
    public let account: PasswordAccount
    /// The user's key, which only the password opens.
    public let sealedKey: SealedUserKey

    /// Joins the parts.
    public init(account: PasswordAccount, sealedKey: SealedUserKey) {
        self.account = account
        self.sealedKey = sealedKey
    }

    /// Reads what ``encoded`` wrote.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength`, or what the parts say.
    public init(encoded: [UInt8]) throws(CryptographyError) {
        let expected = AccountCredential.length
        guard encoded.count == expected else {
            throw .wrongLength(
                "account credential", expected: "\(expected) bytes", found: encoded.count)
        }
        let parametersEnd = Argon2idParameters.encodedLength
        let verifierEnd = parametersEnd + Spake2PlusVerifierRecord.encodedLength
        var verifier = Array(encoded[parametersEnd..<verifierEnd])
        account = PasswordAccount(
            parameters: try Argon2idParameters(encoded: Array(encoded[..<parametersEnd])),
            verifier: try Spake2PlusVerifierRecord(encoded: SecretBytes(moving: &verifier)))
        sealedKey = try SealedUserKey(Array(encoded[verifierEnd...]))
    }

    /// Parameters, verifier, sealed key.
    public var encoded: [UInt8] {
        account.parameters.encoded
            + account.verifier.encoded().withUnsafeBytes { [UInt8]($0) } + sealedKey.bytes
    }

    private static let length =
        Argon2idParameters.encodedLength + Spake2PlusVerifierRecord.encodedLength
        + SealedUserKey.length
}

extension ClusterPin {
    /// What a sealed user key is bound to: opening one pins the cluster on a fresh node.
    public var associatedData: [UInt8] { cluster.bytes + root.bytes }
}

extension PasswordOwner {
    /// The owner of a password: a user of a cluster.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength` for an impossible name.
    public init(user: String, of cluster: ClusterID) throws(CryptographyError) {
        try self.init(name: Array(user.utf8), realm: cluster.bytes)
    }
}
