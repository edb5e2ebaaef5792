// SPDX-License-Identifier: Apache-2.0
import CSodium

/// A key for sealing: 32 secret bytes.
public struct SealingKey: Sendable, CustomStringConvertible {
    /// Length of every key.
    ///
    /// Unit: bytes.
    public static let length = 32

    let bytes: SecretBytes

    /// Wraps a secret.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength` for other than 32 bytes.
    public init(_ bytes: SecretBytes) throws(CryptographyError) {
        guard bytes.count == Self.length else {
            throw .wrongLength("sealing key", expected: "32 bytes", found: bytes.count)
        }
        self.bytes = bytes
    }

    /// Redacted.
    public var description: String { "sealing key (redacted)" }
}

/// Sealing with associated data: XChaCha20-Poly1305.
///
/// A sealed message is nonce (24), ciphertext, tag (16). The nonce is random; with 192 bits two
/// never meet. The cipher does not commit to its key: one message may open under two keys, so what
/// is sealed under a password must carry a further check, as ``SealedUserKey`` does.
///
/// Source: draft-irtf-cfrg-xchacha; crypto_aead_xchacha20poly1305_ietf_encrypt.
public enum AEAD {
    /// What sealing adds to the length of a message.
    ///
    /// Unit: bytes.
    public static let overhead = nonceLength + tagLength

    static let nonceLength = 24
    static let tagLength = 16

    /// Seals `message`; only who has the key and the same associated data can open it.
    public static func seal(
        _ message: [UInt8], key: SealingKey, associatedData: [UInt8]
    ) -> [UInt8] {
        seal(
            message, key: key, associatedData: associatedData,
            nonce: SecureRandom.bytes(nonceLength))
    }

    static func seal(
        _ message: [UInt8], key: SealingKey, associatedData: [UInt8], nonce: [UInt8]
    ) -> [UInt8] {
        Sodium.prepare()
        precondition(nonce.count == nonceLength)
        var sealed = [UInt8](repeating: 0, count: message.count + tagLength)
        let code = key.bytes.withPointer {
            crypto_aead_xchacha20poly1305_ietf_encrypt(
                &sealed, nil, message, UInt64(message.count), associatedData,
                UInt64(associatedData.count), nil, nonce, $0)
        }
        precondition(code == 0, "libsodium refused to seal")
        return nonce + sealed
    }

    /// Opens what ``seal(_:key:associatedData:)`` sealed.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength` for less than ``overhead`` bytes, with
    ///   `authenticationFailed` if one bit of message, key or associated data differs.
    public static func open(
        _ sealed: [UInt8], key: SealingKey, associatedData: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        Sodium.prepare()
        guard sealed.count >= overhead else {
            throw .wrongLength(
                "opening a sealed message", expected: "at least \(overhead) bytes",
                found: sealed.count)
        }
        var message = [UInt8](repeating: 0, count: sealed.count - overhead)
        let code = key.bytes.withPointer {
            crypto_aead_xchacha20poly1305_ietf_decrypt(
                &message, nil, nil, Array(sealed[nonceLength...]),
                UInt64(sealed.count - nonceLength), associatedData,
                UInt64(associatedData.count), Array(sealed[..<nonceLength]), $0)
        }
        guard code == 0 else {
            throw CryptographyError(
                .authenticationFailed, operation: "opening a sealed message",
                expected: "the tag of this key and associated data", found: "another tag",
                hint: "the key is wrong, or the message was changed or belongs elsewhere")
        }
        return message
    }
}
