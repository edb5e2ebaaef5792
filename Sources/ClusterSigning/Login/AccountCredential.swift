// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
internal import WireFormat

/// What goes beside an account's record for logins: parameters, verifier, and the sealed user key.
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

    /// What the account's record holds of it.
    public var digest: Digest { Digest(ofCredential: encoded) }

    private static let length =
        Argon2idParameters.encodedLength + Spake2PlusVerifierRecord.encodedLength
        + SealedUserKey.length
}

extension ClusterPin {
    /// What a sealed user key is bound to: opening one pins the cluster on a fresh node.
    public var associatedData: [UInt8] { cluster.bytes + root.bytes }
}

extension PasswordOwner {
    /// Whom a login is for: a name or an address, as it was typed, in a cluster.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength` for an impossible name.
    public init(asking name: String, in cluster: ClusterID) throws(CryptographyError) {
        try self.init(name: Array(name.utf8), realm: cluster.bytes)
    }

    /// What passwords of a cluster's users are stretched for.
    ///
    /// Not for a name: who logs in by an address would have to be told his name before he has
    /// proved anything, and so would everybody who tries addresses. Users differ by their salts.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength`; never for a cluster's ID.
    public init(accountsOf cluster: ClusterID) throws(CryptographyError) {
        try self.init(name: Array("account".utf8), realm: cluster.bytes)
    }
}
