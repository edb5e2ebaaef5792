// SPDX-License-Identifier: Apache-2.0
import CSodium

/// Lengths of Ed25519, the signature of every batch, grant and account.
///
/// Source: RFC 8032.
public enum Ed25519 {
    /// Length of a signature.
    ///
    /// Unit: bytes.
    public static let signatureLength = 64
    /// Length of a public key.
    ///
    /// Unit: bytes.
    public static let keyLength = 32
    /// Length of the seed from which a key pair is made.
    ///
    /// Unit: bytes.
    public static let seedLength = 32
}

/// The secret half of an Ed25519 key pair, in locked memory that is zeroed when released.
///
/// Source: crypto_sign_seed_keypair, crypto_sign_detached.
public final class SigningKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The public half.
    public let verificationKey: VerificationKey
    /// Seed and public key, the form in which libsodium takes the secret half.
    private let secret: SecretBytes

    /// Makes the key pair of a seed; the same seed always gives the same pair.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength` for other than 32 bytes.
    public init(seed: SecretBytes) throws(CryptographyError) {
        Sodium.prepare()
        guard seed.count == Ed25519.seedLength else {
            throw .wrongLength("Ed25519 seed", expected: "32 bytes", found: seed.count)
        }
        var publicKey = [UInt8](repeating: 0, count: Ed25519.keyLength)
        var secret = [UInt8](repeating: 0, count: 64)
        let code = seed.withPointer {
            crypto_sign_ed25519_seed_keypair(&publicKey, &secret, $0)
        }
        self.secret = SecretBytes(moving: &secret)
        guard code == 0 else { throw .library("making an Ed25519 key pair") }
        verificationKey = try VerificationKey(publicKey)
    }

    /// Makes a new key pair from a random seed.
    ///
    /// - Throws: ``CryptographyError`` with `libraryFailure`.
    public convenience init() throws(CryptographyError) {
        try self.init(seed: SecretBytes(randomCount: Ed25519.seedLength))
    }

    /// The seed, for sealing it; it makes the same pair again.
    public func seed() -> SecretBytes {
        secret.withUnsafeBytes { secret in
            SecretBytes(count: Ed25519.seedLength) {
                $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: secret[..<$0.count]))
            }
        }
    }

    /// Signs the parts one after the other, as if they were one message.
    ///
    /// Nothing marks where a part ends: the caller's format must make the whole unambiguous.
    public func sign(_ parts: [UInt8]...) -> [UInt8] {
        guard parts.count != 1 else { return parts[0].withUnsafeBytes { sign($0) } }
        return parts.flatMap { $0 }.withUnsafeBytes { sign($0) }
    }

    /// Signs a buffer without copying it.
    public func sign(_ message: UnsafeRawBufferPointer) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: Ed25519.signatureLength)
        let code = secret.withPointer {
            crypto_sign_ed25519_detached(
                &signature, nil, message.baseAddress?.assumingMemoryBound(to: UInt8.self),
                UInt64(message.count), $0)
        }
        precondition(code == 0, "libsodium refused to sign")
        return signature
    }

    /// The public half only.
    public var description: String { "signing key (redacted) of \(verificationKey)" }

    /// The public half only.
    public var debugDescription: String { description }
}

/// The public half of an Ed25519 key pair: canonical, on the curve and not of small order.
///
/// With a key of small order one signature fits many messages, and with two encodings of one key
/// identities split, so neither becomes a value of this type. The checks use no call whose answer
/// changed between versions of libsodium (CVE-2025-69277), so all nodes agree.
public struct VerificationKey: Hashable, Sendable, CustomStringConvertible {
    /// The 32 bytes.
    public let bytes: [UInt8]

    /// Checks and wraps a key.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength`, with `malformedEncoding` for bytes that
    ///   are not the canonical encoding of a point, with `unsafeKey` for a point of small order.
    public init(_ bytes: [UInt8]) throws(CryptographyError) {
        Sodium.prepare()
        guard bytes.count == Ed25519.keyLength else {
            throw .wrongLength("Ed25519 public key", expected: "32 bytes", found: bytes.count)
        }
        guard Self.isCanonical(bytes) else {
            throw Self.refusal(.malformedEncoding, found: "a coordinate of 2^255 - 19 or more")
        }
        guard !Self.isOfSmallOrder(bytes) else {
            throw Self.refusal(.unsafeKey, found: "a point of small order")
        }
        var double = bytes
        guard crypto_core_ed25519_add(&double, bytes, bytes) == 0 else {
            throw Self.refusal(.malformedEncoding, found: "no point of the curve")
        }
        self.bytes = bytes
    }

    /// Whether `signature` is this key's for exactly `message`; other lengths are just false.
    ///
    /// Strict, and never in batches: S below the group order, no point of small order, no
    /// cofactor, so that all nodes answer alike. Signatures are not unique, so never use one as
    /// an identity.
    /// Source: crypto_sign_verify_detached.
    public func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        signature.withUnsafeBytes { signature in
            message.withUnsafeBytes { verifies(signature, of: $0) }
        }
    }

    /// Whether `signature` is this key's for exactly `message`, without copying either.
    public func verifies(
        _ signature: UnsafeRawBufferPointer, of message: UnsafeRawBufferPointer
    ) -> Bool {
        guard signature.count == Ed25519.signatureLength, let start = signature.baseAddress else {
            return false
        }
        return crypto_sign_ed25519_verify_detached(
            start.assumingMemoryBound(to: UInt8.self),
            message.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(message.count), bytes)
            == 0
    }

    /// The bytes in hexadecimal digits.
    public var description: String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    private static func refusal(
        _ code: CryptographyError.Code, found: String
    ) -> CryptographyError {
        CryptographyError(
            code, operation: "reading an Ed25519 public key",
            expected: "the canonical encoding of a point of large order", found: found,
            hint: "no honest program makes such a key; refuse whoever sent it")
    }

    /// Whether the coordinate y, little endian without the sign bit, is below 2^255 - 19.
    private static func isCanonical(_ bytes: [UInt8]) -> Bool {
        bytes[0] < 0xed || bytes[1...30].contains { $0 != 0xff } || bytes[31] & 0x7f != 0x7f
    }

    private static func isOfSmallOrder(_ bytes: [UInt8]) -> Bool {
        let unsigned = bytes[..<31] + [bytes[31] & 0x7f]
        return smallOrderCoordinates.contains { $0.elementsEqual(unsigned) }
    }

    /// The coordinate y of the eight points of small order: 0, 1, -1 and the two of order eight.
    private static let smallOrderCoordinates: [[UInt8]] = [
        [UInt8](repeating: 0, count: 32),
        [1] + [UInt8](repeating: 0, count: 31),
        [0xec] + [UInt8](repeating: 0xff, count: 30) + [0x7f],
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef,
            0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88,
            0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10,
            0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77,
            0x92, 0xac, 0x03, 0x7a,
        ],
    ]
}
