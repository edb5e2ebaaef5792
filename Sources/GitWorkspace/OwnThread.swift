// SPDX-License-Identifier: Apache-2.0
internal import Foundation

/// Runs what may wait for a disk on a thread that nobody else needs.
///
/// Swift's cooperative pool has as many threads as cores: one that hangs there, on a file server
/// that is away, stalls the whole program.
func onItsOwnThread<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        let thread = Thread { continuation.resume(returning: work()) }
        thread.name = "repositories"
        thread.start()
    }
}
