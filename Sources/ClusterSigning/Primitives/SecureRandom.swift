// SPDX-License-Identifier: Apache-2.0
import CSodium

/// Unpredictable bytes and numbers from the operating system.
///
/// Shells and tests draw from here; the pure core never does and is given what it needs.
/// Source: randombytes_buf, which reads getrandom(2) and ends the process if it cannot.
public enum SecureRandom {
    /// Answers `count` random bytes, none for a count of zero or less.
    public static func bytes(_ count: Int) -> [UInt8] {
        Sodium.prepare()
        var bytes = [UInt8](repeating: 0, count: max(0, count))
        randombytes_buf(&bytes, bytes.count)
        return bytes
    }

    /// Answers a uniformly distributed number.
    public static func uint64() -> UInt64 {
        bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
