// SPDX-License-Identifier: Apache-2.0
import CSodium

/// Bytes that must not leak: locked in memory, between guard pages, zeroed when released.
///
/// The memory is filled once and read-only from then on, which is why references may be shared
/// between threads. Descriptions are redacted, equality takes the same time for all contents.
///
/// Limit: each value costs at least three pages; meant for keys, not for messages. As everywhere
/// in Swift, running out of memory ends the process.
/// Source: sodium_malloc, sodium_mprotect_readonly, sodium_free.
public final class SecretBytes: Sendable {
    /// How many bytes there are.
    public let count: Int
    // Written in `init` only, before any reference can have been shared.
    nonisolated(unsafe) private let storage: UnsafeMutableRawPointer

    /// Makes a secret of `count` bytes which `fill` writes directly into the locked memory.
    ///
    /// - Throws: What `fill` throws; the memory is zeroed and released then.
    public init<Failure: Error>(
        count: Int, filledBy fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        Sodium.prepare()
        guard let storage = sodium_malloc(count) else {
            preconditionFailure("no memory for a secret of \(count) bytes")
        }
        self.count = count
        self.storage = storage
        sodium_memzero(storage, count)
        try fill(UnsafeMutableRawBufferPointer(start: storage, count: count))
        sodium_mprotect_readonly(storage)
    }

    /// Moves `bytes` into locked memory and overwrites the array with zeros.
    public convenience init(moving bytes: inout [UInt8]) {
        self.init(count: bytes.count) { destination in
            bytes.withUnsafeBytes { destination.copyMemory(from: $0) }
        }
        bytes.wipe()
    }

    /// Makes a secret of `count` random bytes.
    public convenience init(randomCount count: Int) {
        var bytes = SecureRandom.bytes(count)
        self.init(moving: &bytes)
    }

    deinit {
        sodium_free(storage)
    }

    /// Lends the bytes; the pointer is valid only inside `body`.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withExtendedLifetime(self) { () throws(Failure) -> Result in
            try body(UnsafeRawBufferPointer(start: storage, count: count))
        }
    }

    /// Lends the address of the first byte, the form in which C asks for keys.
    func withPointer<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
        withExtendedLifetime(self) { body(storage.assumingMemoryBound(to: UInt8.self)) }
    }
}

extension SecretBytes: Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    /// Whether both hold the same bytes, found in a time that depends on the lengths only.
    public static func == (left: SecretBytes, right: SecretBytes) -> Bool {
        left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in ConstantTime.equal(left, right) }
        }
    }

    /// The length, never the content.
    public var description: String { "secret(\(count) bytes)" }

    /// The length, never the content.
    public var debugDescription: String { description }
}

/// Comparison whose time tells nothing about the place of a difference.
public enum ConstantTime {
    /// Whether both arrays are equal; different lengths answer at once.
    ///
    /// Source: sodium_memcmp.
    public static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in equal(left, right) }
        }
    }

    /// Whether both buffers are equal; different lengths answer at once.
    public static func equal(
        _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
    ) -> Bool {
        guard left.count == right.count else { return false }
        guard let first = left.baseAddress, let second = right.baseAddress else { return true }
        return sodium_memcmp(first, second, left.count) == 0
    }
}
