// SPDX-License-Identifier: Apache-2.0
import CSodium

/// Keys of CURVE, the encryption of every link; only their making is done here.
///
/// Source: RFC 7748; crypto_scalarmult_curve25519_base.
public enum Curve25519 {
    /// Length of both halves of a key.
    ///
    /// Unit: bytes.
    public static let keyLength = 32

    /// Answers the public key that belongs to a secret one.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength` for other than 32 bytes.
    public static func publicKey(
        fromSecret secret: SecretBytes
    ) throws(CryptographyError) -> [UInt8] {
        Sodium.prepare()
        guard secret.count == keyLength else {
            throw .wrongLength("CURVE secret key", expected: "32 bytes", found: secret.count)
        }
        var key = [UInt8](repeating: 0, count: keyLength)
        let code = secret.withPointer { crypto_scalarmult_curve25519_base(&key, $0) }
        guard code == 0 else { throw .library("making a CURVE public key") }
        return key
    }
}
