// SPDX-License-Identifier: Apache-2.0
import CSodium

/// The one place that initialises libsodium.
enum Sodium {
    private static let initialised: Void = {
        precondition(sodium_init() >= 0, "libsodium cannot be initialised on this machine")
    }()

    /// Makes sure that libsodium has chosen its implementations and its source of randomness.
    ///
    /// Source: sodium_init, which need not be called twice but must come first. Without a source
    /// of randomness no later answer can be trusted, so a failure ends the process.
    static func prepare() {
        initialised
    }
}

extension [UInt8] {
    /// Overwrites the bytes with zeros in a way that the optimiser keeps.
    ///
    /// Only this copy is overwritten: call it on the array that was filled, before it is shared.
    mutating func wipe() {
        withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) }
    }
}
