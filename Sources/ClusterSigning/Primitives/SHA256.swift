// SPDX-License-Identifier: Apache-2.0
import CCrypto

/// SHA-256, the hash of files and chunks; OpenSSL's uses the processor's instructions for it.
///
/// Source: FIPS 180-4; EVP_DigestInit(3).
public enum SHA256 {
    /// Length of every digest.
    ///
    /// Unit: bytes.
    public static let digestLength = 32

    /// Hashes bytes that are whole in memory.
    public static func hash(_ message: [UInt8]) -> [UInt8] {
        message.withUnsafeBytes { hash($0) }
    }

    /// Hashes a buffer without copying it.
    public static func hash(_ message: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: digestLength) { digest, initialised in
            let code = EVP_Digest(
                message.baseAddress, message.count, digest.baseAddress, nil, EVP_sha256(), nil)
            precondition(code == 1, "libcrypto offers no SHA-256")
            initialised = digest.count
        }
    }

    /// Hashes bytes that come in pieces; cutting them otherwise does not change the digest.
    ///
    /// The checked claim behind `@unchecked`: it owns its state alone and cannot be copied, so it
    /// may move between threads but never be used by two.
    public struct Hasher: ~Copyable, @unchecked Sendable {
        private let state: OpaquePointer

        /// Starts with nothing hashed.
        public init() {
            state = Self.allocate()
            let code = EVP_DigestInit_ex(state, EVP_sha256(), nil)
            precondition(code == 1, "libcrypto offers no SHA-256")
        }

        deinit {
            EVP_MD_CTX_free(state)
        }

        /// Hashes a further piece.
        public mutating func update(_ piece: [UInt8]) {
            piece.withUnsafeBytes { update($0) }
        }

        /// Hashes a further piece without copying it.
        public mutating func update(_ piece: UnsafeRawBufferPointer) {
            guard let start = piece.baseAddress else { return }
            let code = EVP_DigestUpdate(state, start, piece.count)
            precondition(code == 1, "SHA-256 refused a piece")
        }

        /// The digest of everything so far; more may follow.
        public borrowing func digest() -> [UInt8] {
            let end = Self.allocate()
            defer { EVP_MD_CTX_free(end) }
            precondition(EVP_MD_CTX_copy_ex(end, state) == 1, "SHA-256 cannot be copied")
            return [UInt8](unsafeUninitializedCapacity: digestLength) { digest, initialised in
                let code = EVP_DigestFinal_ex(end, digest.baseAddress, nil)
                precondition(code == 1, "SHA-256 refused to finish")
                initialised = digest.count
            }
        }

        private static func allocate() -> OpaquePointer {
            guard let state = EVP_MD_CTX_new() else {
                preconditionFailure("no memory for the state of a hash")
            }
            return state
        }
    }
}
