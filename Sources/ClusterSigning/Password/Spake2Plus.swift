// SPDX-License-Identifier: Apache-2.0

/// SPAKE2+ on P-256 with SHA-256, HKDF and HMAC: login without showing the password.
///
/// The prover knows the password, the verifier only a record from which it cannot be read, and
/// who listens learns nothing to guess against. Each run allows one guess, which is made as soon
/// as the verifier has answered: count runs that were begun, not only those that failed.
///
/// Source: RFC 9383, ciphersuite P256-SHA256-HKDF-SHA256-HMAC-SHA256.
public enum Spake2Plus {
    /// Length of `shareP` and `shareV`, uncompressed points.
    ///
    /// Unit: bytes.
    public static let shareLength = P256.pointLength
    /// Length of `confirmP` and `confirmV`.
    ///
    /// Unit: bytes.
    public static let confirmationLength = HMACSHA256.codeLength
    /// Length of the shared key.
    ///
    /// Unit: bytes.
    public static let sharedKeyLength = 32

    /// The mask of the prover's share.
    ///
    /// Source: RFC 9383, section 4.
    static let maskM: [UInt8] = [
        0x04, 0x88, 0x6e, 0x2f, 0x97, 0xac, 0xe4, 0x6e, 0x55, 0xba, 0x9d, 0xd7, 0x24,
        0x25, 0x79, 0xf2, 0x99, 0x3b, 0x64, 0xe1, 0x6e, 0xf3, 0xdc, 0xab, 0x95, 0xaf,
        0xd4, 0x97, 0x33, 0x3d, 0x8f, 0xa1, 0x2f, 0x5f, 0xf3, 0x55, 0x16, 0x3e, 0x43,
        0xce, 0x22, 0x4e, 0x0b, 0x0e, 0x65, 0xff, 0x02, 0xac, 0x8e, 0x5c, 0x7b, 0xe0,
        0x94, 0x19, 0xc7, 0x85, 0xe0, 0xca, 0x54, 0x7d, 0x55, 0xa1, 0x2e, 0x2d, 0x20,
    ]

    /// The mask of the verifier's share.
    ///
    /// Source: RFC 9383, section 4.
    static let maskN: [UInt8] = [
        0x04, 0xd8, 0xbb, 0xd6, 0xc6, 0x39, 0xc6, 0x29, 0x37, 0xb0, 0x4d, 0x99, 0x7f,
        0x38, 0xc3, 0x77, 0x07, 0x19, 0xc6, 0x29, 0xd7, 0x01, 0x4d, 0x49, 0xa2, 0x4b,
        0x4f, 0x98, 0xba, 0xa1, 0x29, 0x2b, 0x49, 0x07, 0xd6, 0x0a, 0xa6, 0xbf, 0xad,
        0xe4, 0x50, 0x08, 0xa6, 0x36, 0x33, 0x7f, 0x51, 0x68, 0xc6, 0x4d, 0x9b, 0xd3,
        0x60, 0x34, 0x80, 0x8c, 0xd5, 0x64, 0x49, 0x0b, 0x1e, 0x65, 0x6e, 0xdb, 0xe7,
    ]
}

/// What both sides must agree on before a run; a difference makes the confirmation fail.
public struct Spake2PlusBinding: Hashable, Sendable {
    /// Names the application and everything else that the run is to be bound to.
    public let context: [UInt8]
    /// Names the prover.
    public let proverID: [UInt8]
    /// Names the verifier.
    public let verifierID: [UInt8]

    /// Gathers the three; each is bound with its length, so that no two bindings coincide.
    public init(context: [UInt8], proverID: [UInt8], verifierID: [UInt8]) {
        self.context = context
        self.proverID = proverID
        self.verifierID = verifierID
    }
}

/// What both sides have computed of one run before they derive keys.
struct Spake2PlusExchange {
    let shareP: [UInt8]
    let shareV: [UInt8]
    /// The point `Z`; secret.
    var z: [UInt8]
    /// The point `V`; secret.
    var v: [UInt8]

    /// The transcript `TT`; secret.
    ///
    /// Source: RFC 9383, section 3.3.
    func transcript(binding: Spake2PlusBinding, w0: SecretBytes) -> [UInt8] {
        var transcript: [UInt8] = []
        for field in [
            binding.context, binding.proverID, binding.verifierID, Spake2Plus.maskM,
            Spake2Plus.maskN, shareP, shareV, z, v,
        ] {
            transcript.append(field: field)
        }
        w0.withUnsafeBytes { transcript.append(field: [UInt8]($0)) }
        return transcript
    }

    /// Derives all keys and overwrites what they came from.
    ///
    /// Source: RFC 9383, section 3.4.
    mutating func finish(
        binding: Spake2PlusBinding, w0: SecretBytes
    ) throws(CryptographyError) -> Spake2PlusKeys {
        var transcript = transcript(binding: binding, w0: w0)
        z.wipe()
        v.wipe()
        var hash = SHA256.hash(transcript)
        transcript.wipe()
        let main = SecretBytes(moving: &hash)
        let length = Spake2Plus.confirmationLength
        let confirmation = try HKDFSHA256.derive(
            from: main, label: Array("ConfirmationKeys".utf8), count: 2 * length)
        return Spake2PlusKeys(
            confirmP: confirmation.withUnsafeBytes {
                HMACSHA256.code(of: shareV, key: UnsafeRawBufferPointer(rebasing: $0[..<length]))
            },
            confirmV: confirmation.withUnsafeBytes {
                HMACSHA256.code(of: shareP, key: UnsafeRawBufferPointer(rebasing: $0[length...]))
            },
            sharedKey: try HKDFSHA256.derive(
                from: main, label: Array("SharedKey".utf8), count: Spake2Plus.sharedKeyLength))
    }
}

/// What a finished exchange gives.
struct Spake2PlusKeys: Sendable {
    let confirmP: [UInt8]
    let confirmV: [UInt8]
    let sharedKey: SecretBytes
}

extension [UInt8] {
    /// Appends a field after its length as eight bytes, the least significant first.
    mutating func append(field: [UInt8]) {
        let length = UInt64(field.count)
        append(contentsOf: (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) })
        append(contentsOf: field)
    }
}
