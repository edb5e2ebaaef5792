// SPDX-License-Identifier: Apache-2.0
import CCrypto

/// HMAC with SHA-256.
///
/// Source: RFC 2104; HMAC(3).
public enum HMACSHA256 {
    /// Length of every code.
    ///
    /// Unit: bytes.
    public static let codeLength = 32

    /// Answers the code of `message` under `key`; compare it with ``ConstantTime`` only.
    public static func code(of message: [UInt8], key: SecretBytes) -> [UInt8] {
        key.withUnsafeBytes { code(of: message, key: $0) }
    }

    /// Answers the code of `message` under a key that is lent as a buffer.
    public static func code(of message: [UInt8], key: UnsafeRawBufferPointer) -> [UInt8] {
        // Longer keys are hashed first (RFC 2104, section 2), so that every length fits in C's int.
        guard key.count <= 64 else {
            var short = SHA256.hash(key)
            defer { short.wipe() }
            return short.withUnsafeBytes { code(of: message, key: $0) }
        }
        return [UInt8](unsafeUninitializedCapacity: codeLength) { code, initialised in
            let answer = HMAC(
                EVP_sha256(), key.baseAddress, Int32(key.count), message, message.count,
                code.baseAddress, nil)
            precondition(answer != nil, "libcrypto offers no HMAC with SHA-256")
            initialised = code.count
        }
    }
}

/// HKDF with SHA-256: independent keys from one secret, told apart by labels.
///
/// Source: RFC 5869.
public enum HKDFSHA256 {
    /// The longest output.
    ///
    /// Unit: bytes. Source: RFC 5869, section 2.3.
    public static let longestOutput = 255 * HMACSHA256.codeLength

    /// Derives `count` bytes from `input`; different labels give unrelated bytes.
    ///
    /// - Parameters:
    ///   - input: The secret to derive from.
    ///   - salt: Not secret; empty is the RFC's default.
    ///   - label: What the output is for (`info` in the RFC).
    ///   - count: Length of the output. Unit: bytes. Limit: 1 to ``longestOutput``.
    /// - Throws: ``CryptographyError`` with `wrongLength` for a count outside the limit.
    public static func derive(
        from input: SecretBytes, salt: [UInt8] = [], label: [UInt8], count: Int
    ) throws(CryptographyError) -> SecretBytes {
        guard (1...longestOutput).contains(count) else {
            throw .wrongLength(
                "HKDF output", expected: "1 to \(longestOutput) bytes", found: count)
        }
        let pseudorandomKey = extract(from: input, salt: salt)
        return SecretBytes(count: count) { output in
            expand(pseudorandomKey, label: label, into: output)
        }
    }

    private static func extract(from input: SecretBytes, salt: [UInt8]) -> SecretBytes {
        var code = input.withUnsafeBytes { input in
            var message = [UInt8](input)
            defer { message.wipe() }
            return salt.withUnsafeBytes { HMACSHA256.code(of: message, key: $0) }
        }
        return SecretBytes(moving: &code)
    }

    private static func expand(
        _ key: SecretBytes, label: [UInt8], into output: UnsafeMutableRawBufferPointer
    ) {
        var block: [UInt8] = []
        defer { block.wipe() }
        var counter: UInt8 = 0
        var offset = 0
        while offset < output.count {
            counter += 1
            var message = block + label + [counter]
            block.wipe()
            block = HMACSHA256.code(of: message, key: key)
            message.wipe()
            let length = min(block.count, output.count - offset)
            UnsafeMutableRawBufferPointer(rebasing: output[offset..<offset + length])
                .copyBytes(from: block.prefix(length))
            offset += length
        }
    }
}
