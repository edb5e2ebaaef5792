// SPDX-License-Identifier: Apache-2.0
@testable import ClusterSigning

/// Bytes written as hexadecimal digits in a published vector; line ends are ignored.
func vectorBytes(_ digits: String) -> [UInt8] {
    let values = digits.compactMap { $0.hexDigitValue.map(UInt8.init) }
    return stride(from: 0, to: values.count - 1, by: 2).map { values[$0] << 4 | values[$0 + 1] }
}

/// A secret written as hexadecimal digits in a published vector.
func vectorSecret(_ digits: String) -> SecretBytes {
    secretBytes(vectorBytes(digits))
}

/// A secret with known content.
func secretBytes(_ bytes: [UInt8]) -> SecretBytes {
    var bytes = bytes
    return SecretBytes(moving: &bytes)
}

/// The content of a secret.
func revealed(_ secret: SecretBytes) -> [UInt8] {
    secret.withUnsafeBytes { [UInt8]($0) }
}

/// A sealing key with known content.
func sealingKey(_ byte: UInt8) throws -> SealingKey {
    try SealingKey(secretBytes([UInt8](repeating: byte, count: SealingKey.length)))
}

/// Reproducible bytes for inputs that only have to be hostile (SplitMix64).
struct HostileBytes {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func number() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    mutating func bytes(upTo limit: Int) -> [UInt8] {
        (0..<Int(number() % UInt64(limit + 1))).map { _ in UInt8(truncatingIfNeeded: number()) }
    }
}

/// Every message that differs from `bytes` in one bit.
func oneBitOff(_ bytes: [UInt8]) -> [[UInt8]] {
    (0..<bytes.count * 8).map { bit in
        var changed = bytes
        changed[bit / 8] ^= 1 << (bit % 8)
        return changed
    }
}

/// The code of the refusal that `body` ends with, nil when it succeeds.
func refusal<Result>(
    of body: () throws(CryptographyError) -> Result
) -> CryptographyError.Code? {
    do {
        _ = try body()
        return nil
    } catch {
        return error.code
    }
}
