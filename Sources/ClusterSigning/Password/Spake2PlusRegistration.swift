// SPDX-License-Identifier: Apache-2.0

/// What the prover knows: the scalars `w0` and `w1`, made from the stretched password.
public struct Spake2PlusProverSecret: Sendable, CustomStringConvertible {
    /// The shortest stretched password: two numbers of 40 bytes.
    ///
    /// Unit: bytes.
    /// Source: RFC 9383, section 3.2.
    public static let shortestStretch = 2 * P256.wideLength
    /// The longest stretched password.
    ///
    /// Unit: bytes.
    public static let longestStretch = 256

    let w0: SecretBytes
    let w1: SecretBytes

    /// Makes both scalars from the halves of a stretched password.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength` for a length that is odd or not between
    ///   ``shortestStretch`` and ``longestStretch``.
    public init(stretched: SecretBytes) throws(CryptographyError) {
        guard (Self.shortestStretch...Self.longestStretch).contains(stretched.count),
            stretched.count.isMultiple(of: 2)
        else {
            throw .wrongLength(
                "SPAKE2+ registration",
                expected: "an even number from \(Self.shortestStretch) to \(Self.longestStretch)",
                found: stretched.count)
        }
        let curve = try P256()
        let half = stretched.count / 2
        w0 = try stretched.withUnsafeBytes { bytes throws(CryptographyError) in
            try curve.reduce(UnsafeRawBufferPointer(rebasing: bytes[..<half]))
        }
        w1 = try stretched.withUnsafeBytes { bytes throws(CryptographyError) in
            try curve.reduce(UnsafeRawBufferPointer(rebasing: bytes[half...]))
        }
    }

    init(w0: SecretBytes, w1: SecretBytes) {
        self.w0 = w0
        self.w1 = w1
    }

    /// What the verifier stores instead of the password: `w0` and `L = w1*P`.
    ///
    /// - Throws: ``CryptographyError`` with `libraryFailure`.
    public func verifierRecord() throws(CryptographyError) -> Spake2PlusVerifierRecord {
        let curve = try P256()
        return Spake2PlusVerifierRecord(
            w0: w0, l: try curve.bytes(try curve.generator(times: w1)))
    }

    /// Redacted.
    public var description: String { "SPAKE2+ prover secret (redacted)" }
}

/// What the verifier knows: `w0` and `L`, enough to check a prover and not to be one.
///
/// Guesses can be checked against it at the price of one Argon2id each, so it is stored like a key.
public struct Spake2PlusVerifierRecord: Equatable, Sendable, CustomStringConvertible {
    /// Length of the stored form.
    ///
    /// Unit: bytes.
    public static let encodedLength = P256.scalarLength + P256.pointLength

    let w0: SecretBytes
    let l: [UInt8]

    init(w0: SecretBytes, l: [UInt8]) {
        self.w0 = w0
        self.l = l
    }

    /// Reads the stored form, `w0` (32) and `L` (65, uncompressed).
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength`, with `malformedEncoding` for a `w0` of
    ///   zero or not below the group order, with `invalidPoint` for an `L` off the curve.
    public init(encoded: SecretBytes) throws(CryptographyError) {
        guard encoded.count == Self.encodedLength else {
            throw .wrongLength(
                "SPAKE2+ record", expected: "\(Self.encodedLength) bytes", found: encoded.count)
        }
        var (scalar, point) = encoded.withUnsafeBytes {
            ([UInt8]($0[..<P256.scalarLength]), [UInt8]($0[P256.scalarLength...]))
        }
        w0 = SecretBytes(moving: &scalar)
        l = point
        point.wipe()
        let curve = try P256()
        _ = try curve.scalar(w0)
        _ = try curve.point(l)
    }

    /// The stored form, which ``init(encoded:)`` reads.
    public func encoded() -> SecretBytes {
        SecretBytes(count: Self.encodedLength) { output in
            w0.withUnsafeBytes { output.copyMemory(from: $0) }
            UnsafeMutableRawBufferPointer(rebasing: output[P256.scalarLength...])
                .copyBytes(from: l)
        }
    }

    /// Redacted.
    public var description: String { "SPAKE2+ verifier record (redacted)" }
}
