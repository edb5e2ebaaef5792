// SPDX-License-Identifier: Apache-2.0

/// What was wrong in a run.
public struct Failure: Sendable, CustomStringConvertible {
    /// The kinds of failure; each has an exit status of its own.
    public enum Kind: Int32, Sendable {
        /// Something of ours could not go on.
        case crash = 127
        /// What must happen at last did not happen in time.
        case liveness = 128
        /// What must never happen did.
        case correctness = 129
    }

    /// What kind.
    public let kind: Kind
    /// The checker that found it.
    public let checker: String
    /// What it found.
    public let text: String

    /// One line.
    public var description: String { "\(kind): \(checker): \(text)" }
}

/// What came of a run.
public struct RunOutcome: Sendable {
    /// The seed; with the same program it gives the same run.
    public let seed: UInt64
    /// How many nodes the cluster began with, and which faults were switched on.
    public let knobs: Knobs
    /// What was wrong; `nil` where nothing was.
    public let failure: Failure?
    /// How often what happened, by name.
    public let marks: [String: Int]
    /// What happened, line by line.
    public let transcript: Transcript
    /// How long the run was in its own time.
    ///
    /// Unit: milliseconds.
    public let virtualMilliseconds: UInt64
}
