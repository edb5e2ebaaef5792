// SPDX-License-Identifier: Apache-2.0

/// A user's signing key, sealed under the password: what members keep and cannot use.
///
/// The form is version (1 byte, 1), public key (32), sealed seed (24 + 32 + 16). The public key is
/// bound to the seal and compared with what the seed makes, so a blob opens under one key only
/// and names the user before it is opened.
public struct SealedUserKey: Hashable, Sendable {
    /// Length of every sealed key.
    ///
    /// Unit: bytes.
    public static let length = 1 + Ed25519.keyLength + Ed25519.seedLength + AEAD.overhead
    private static let version: UInt8 = 1

    /// The public half, readable without the password; trust it only after opening.
    public let verificationKey: VerificationKey
    /// The whole blob, as it is stored and sent.
    public let bytes: [UInt8]

    /// Reads a blob.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength`, with `malformedEncoding` for another
    ///   version or a key that is none, with `unsafeKey`.
    public init(_ bytes: [UInt8]) throws(CryptographyError) {
        guard bytes.count == Self.length else {
            throw .wrongLength(
                "sealed user key", expected: "\(Self.length) bytes", found: bytes.count)
        }
        guard bytes[0] == Self.version else {
            throw CryptographyError(
                .malformedEncoding, operation: "reading a sealed user key",
                expected: "version \(Self.version)", found: "version \(bytes[0])",
                hint: "the other side is newer; update this program")
        }
        verificationKey = try VerificationKey(Array(bytes[1...Ed25519.keyLength]))
        self.bytes = bytes
    }

    /// Seals a user key.
    ///
    /// - Parameters:
    ///   - signingKey: The key to seal.
    ///   - sealingKey: From the password.
    ///   - associatedData: What opening it must pin: cluster and root key.
    public init(_ signingKey: SigningKey, under sealingKey: SealingKey, associatedData: [UInt8]) {
        verificationKey = signingKey.verificationKey
        let header = [Self.version] + verificationKey.bytes
        var seed = signingKey.seed().withUnsafeBytes { [UInt8]($0) }
        defer { seed.wipe() }
        bytes =
            header
            + AEAD.seal(
                seed, key: sealingKey,
                associatedData: Self.bound(header: header, associatedData))
    }

    /// Opens the user key.
    ///
    /// - Throws: ``CryptographyError`` with `authenticationFailed` for another password, other
    ///   associated data or a changed blob.
    public func open(
        under sealingKey: SealingKey, associatedData: [UInt8]
    ) throws(CryptographyError) -> SigningKey {
        let header = Array(bytes[...Ed25519.keyLength])
        var seed = try AEAD.open(
            Array(bytes[(1 + Ed25519.keyLength)...]), key: sealingKey,
            associatedData: Self.bound(header: header, associatedData))
        let key = try SigningKey(seed: SecretBytes(moving: &seed))
        guard key.verificationKey == verificationKey else {
            throw CryptographyError(
                .authenticationFailed, operation: "opening a sealed user key",
                expected: "the seed of \(verificationKey)", found: "another seed",
                hint: "whoever made this blob did so to deceive; do not log in there")
        }
        return key
    }

    private static func bound(header: [UInt8], _ associatedData: [UInt8]) -> [UInt8] {
        var bound: [UInt8] = []
        bound.append(field: Array("sitestacker sealed user key".utf8))
        bound.append(field: header)
        bound.append(field: associatedData)
        return bound
    }
}
