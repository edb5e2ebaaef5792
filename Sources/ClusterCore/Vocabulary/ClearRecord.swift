// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// What a node must remember of its own duty to clear caches, beyond what its logs tell.
///
/// Law: a duty is on disk before what it follows from, and is taken off only after the clear that
/// ends it; so a process that ends at any instant clears too often, never too seldom.
public struct ClearRecord: Hashable, Sendable {
    /// Whether a full clear is owed, because it cannot be proved what was missed.
    public var owesFull: Bool
    /// The code that was served last, by path; `nil` before anybody looked.
    public var code: [RepositoryCommit]?
    /// Whether the caches were cleared for that code, twice.
    public var isCodeCleared: Bool

    /// Nothing is owed, and nobody has looked at the code.
    public init() {
        owesFull = false
        code = nil
        isCodeCleared = true
    }
}
