// SPDX-License-Identifier: Apache-2.0
import WireFormat

/// The bytes of a node's key file; reading and writing the file itself is the shell's work.
///
/// Magic `SSTKNOD1` (8 bytes), seed of the signing key (32), CURVE secret (32), keyed BLAKE2b-256
/// of those 72 bytes (32), which finds a cut or damaged file before it makes another node.
public enum NodeKeyFile {
    /// Length of the file.
    ///
    /// Unit: bytes.
    public static let byteCount = 104
    private static let magic: StaticString = "SSTKNOD1"
    private static let operation = "reading a node's key file"

    /// The bytes to write.
    public static func encode(_ identity: NodeIdentity) -> SecretBytes {
        SecretBytes(count: byteCount) { file in
            file.copyBytes(from: magic.bytes)
            identity.signingKey.seed().withUnsafeBytes { copy($0, to: file, at: 8) }
            identity.curveSecret.withUnsafeBytes { copy($0, to: file, at: 40) }
            let checksum = Blake2b.hash(
                UnsafeRawBufferPointer(rebasing: file[..<72]), key: SigningDomain.nodeFileHash)
            checksum.withUnsafeBytes { copy($0, to: file, at: 72) }
        }
    }

    /// Makes the node whose keys the file holds.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength`, or with `malformedEncoding` for another
    ///   magic or a wrong checksum.
    public static func decode(_ file: SecretBytes) throws(CryptographyError) -> NodeIdentity {
        guard file.count == byteCount else {
            throw .wrongLength(operation, expected: "\(byteCount) bytes", found: file.count)
        }
        try file.withUnsafeBytes { (file) throws(CryptographyError) in
            guard file[..<8].elementsEqual(magic.bytes) else {
                throw damaged(expected: "\(magic) at its beginning", found: "something else")
            }
            let checksum = Blake2b.hash(
                UnsafeRawBufferPointer(rebasing: file[..<72]), key: SigningDomain.nodeFileHash)
            guard file[72...].elementsEqual(checksum) else {
                throw damaged(expected: "the checksum of its keys", found: "another one")
            }
        }
        return try NodeIdentity(
            signingKey: SigningKey(seed: part(of: file, from: 8)),
            curveSecret: part(of: file, from: 40))
    }

    private static func damaged(expected: String, found: String) -> CryptographyError {
        CryptographyError(
            .malformedEncoding, operation: operation, expected: expected, found: found,
            hint: "restore the file from a backup, or remove it and log in again as a new node")
    }

    private static func part(of file: SecretBytes, from offset: Int) -> SecretBytes {
        file.withUnsafeBytes { file in
            SecretBytes(count: 32) {
                $0.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: file[offset..<offset + 32]))
            }
        }
    }

    private static func copy(
        _ source: UnsafeRawBufferPointer, to file: UnsafeMutableRawBufferPointer, at offset: Int
    ) {
        UnsafeMutableRawBufferPointer(rebasing: file[offset..<offset + source.count])
            .copyMemory(from: source)
    }
}
