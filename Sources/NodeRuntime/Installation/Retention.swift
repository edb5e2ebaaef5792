// SPDX-License-Identifier: Apache-2.0

/// How much a log keeps: `log-age` and `log-size` of the configuration.
///
/// What is older, or the oldest of what is larger, is truncated once every member holds it; at
/// twice as much members that are silent are waited for no longer. State is kept in any case.
public struct Retention: Sendable, Hashable {
    /// Younger batches are kept, if they fit.
    public var age: Duration
    /// So much is kept, if it is young.
    ///
    /// Unit: bytes of batches, and of blobs as often as batches name them.
    public var byteCount: Int

    /// Keeps so much.
    public init(age: Duration = .seconds(30 * 86_400), byteCount: Int = 1 << 30) {
        self.age = age
        self.byteCount = byteCount
    }
}
