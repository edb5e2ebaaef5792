// SPDX-License-Identifier: Apache-2.0
import CSodium

/// BLAKE2b with 256 bits of output, the hash of identities, headers and bodies.
///
/// Source: RFC 7693; crypto_generichash_blake2b.
public enum Blake2b {
    /// Length of every digest.
    ///
    /// Unit: bytes.
    public static let digestLength = 32

    /// A key that separates one use of the hash from another, or makes it a code of authenticity.
    public struct Key: Hashable, Sendable {
        let bytes: [UInt8]

        /// Wraps the bytes of a key.
        ///
        /// Limit: 1 to 64 bytes (RFC 7693, section 2.1).
        ///
        /// - Throws: ``CryptographyError`` with `wrongLength`.
        public init(_ bytes: [UInt8]) throws(CryptographyError) {
            guard (1...64).contains(bytes.count) else {
                throw .wrongLength("BLAKE2b key", expected: "1 to 64 bytes", found: bytes.count)
            }
            self.bytes = bytes
        }
    }

    /// Hashes bytes that are whole in memory.
    public static func hash(_ message: [UInt8], key: Key? = nil) -> [UInt8] {
        message.withUnsafeBytes { hash($0, key: key) }
    }

    /// Hashes a buffer without copying it.
    public static func hash(_ message: UnsafeRawBufferPointer, key: Key? = nil) -> [UInt8] {
        Sodium.prepare()
        let key = key?.bytes ?? []
        var digest = [UInt8](repeating: 0, count: digestLength)
        let code = crypto_generichash_blake2b(
            &digest, digest.count, message.baseAddress?.assumingMemoryBound(to: UInt8.self),
            UInt64(message.count), key, key.count)
        precondition(code == 0, "BLAKE2b refused lengths that were checked")
        return digest
    }

    /// Hashes bytes that come in pieces; cutting them otherwise does not change the digest.
    ///
    /// The checked claim behind `@unchecked`: it owns its state alone and cannot be copied, so it
    /// may move between threads but never be used by two.
    public struct Hasher: ~Copyable, @unchecked Sendable {
        // On the heap: the C type asks for an alignment which Swift's structures cannot have.
        private let state: UnsafeMutableRawPointer
        private static let stateLength = crypto_generichash_blake2b_statebytes()

        /// Starts with nothing hashed.
        public init(key: Key? = nil) {
            Sodium.prepare()
            let key = key?.bytes ?? []
            state = Self.allocate()
            let code = crypto_generichash_blake2b_init(
                OpaquePointer(state), key, key.count, digestLength)
            precondition(code == 0, "BLAKE2b refused lengths that were checked")
        }

        deinit {
            Self.release(state)
        }

        /// Hashes a further piece.
        public mutating func update(_ piece: [UInt8]) {
            piece.withUnsafeBytes { update($0) }
        }

        /// Hashes a further piece without copying it.
        public mutating func update(_ piece: UnsafeRawBufferPointer) {
            let code = crypto_generichash_blake2b_update(
                OpaquePointer(state), piece.baseAddress?.assumingMemoryBound(to: UInt8.self),
                UInt64(piece.count))
            precondition(code == 0, "BLAKE2b refused a piece")
        }

        /// The digest of everything so far; more may follow.
        public borrowing func digest() -> [UInt8] {
            let end = Self.allocate()
            defer { Self.release(end) }
            end.copyMemory(from: state, byteCount: Self.stateLength)
            var digest = [UInt8](repeating: 0, count: digestLength)
            let code = crypto_generichash_blake2b_final(
                OpaquePointer(end), &digest, digest.count)
            precondition(code == 0, "BLAKE2b refused to finish")
            return digest
        }

        private static func allocate() -> UnsafeMutableRawPointer {
            UnsafeMutableRawPointer.allocate(byteCount: stateLength, alignment: 64)
        }

        private static func release(_ state: UnsafeMutableRawPointer) {
            sodium_memzero(state, stateLength)
            state.deallocate()
        }
    }
}
