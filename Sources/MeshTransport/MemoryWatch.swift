// SPDX-License-Identifier: Apache-2.0

internal import ClusterModel

/// Finds the socket that holds memory which this node's own queues do not explain.
///
/// libzmq keeps the frames of a message until the last one has come, without any bound on their
/// number: an admitted peer that never sends the last one fills the memory, and no call of libzmq
/// tells whose message it is. So sockets are made anew one after the other, and the one whose end
/// set memory free is named. Whoever was named last is tried first the next time.
///
/// Law: at most one socket is made anew per look, and none while memory stays within the allowance
/// of what it was. When all were in vain, the growth was somebody else's, and becomes the new
/// usual.
/// Source: the measurement of endless MORE frames in docs/internals/zeromq.md.
struct MemoryWatch {
    /// A socket that may be the one.
    enum Suspect: Hashable {
        /// The SUB of a peer.
        case subscription(NodeID)
        /// The DEALER of a peer.
        case requests(NodeID)
        /// ROUTER, to which all peers and clients connect.
        case answers
    }

    /// What to do.
    enum Step: Equatable {
        /// Nothing.
        case rest
        /// Make that socket anew, and look again.
        case recycle(Suspect)
        /// It was that one.
        case convict(Suspect, bytes: Int)
        /// It was none of them.
        case acquit(bytes: Int)
    }

    private struct Trial {
        var suspects: [Suspect]
        var present: Suspect
        var before: Int
    }

    private let allowance: Int
    private var usual: Int?
    private var trial: Trial?
    private var lastConvict: Suspect?

    /// Starts without an idea of what is usual.
    ///
    /// - Parameter allowance: Growth beyond it is looked into. Unit: bytes.
    init(allowance: Int) { self.allowance = allowance }

    /// Whether a look at this reading would have consequences: what is free in this process already
    /// must be off the books before.
    func doubts(resident: Int, queued: Int) -> Bool {
        guard trial == nil else { return true }
        guard let usual else { return false }
        return resident - queued - usual > allowance
    }

    /// Judges a reading.
    ///
    /// - Parameters:
    ///   - resident: What the process has in memory. Unit: bytes.
    ///   - queued: What of it this node's own queues hold. Unit: bytes.
    ///   - suspects: The sockets there are, in the order in which to try them.
    mutating func look(resident: Int, queued: Int, suspects: [Suspect]) -> Step {
        let unexplained = max(0, resident - queued)
        guard var trial else {
            let usual = min(self.usual ?? unexplained, unexplained)
            self.usual = usual
            let ordered =
                suspects.filter { $0 == lastConvict } + suspects.filter { $0 != lastConvict }
            guard unexplained - usual > allowance, let first = ordered.first else { return .rest }
            self.trial = Trial(
                suspects: Array(ordered.dropFirst()), present: first, before: unexplained)
            return .recycle(first)
        }
        let freed = trial.before - unexplained
        if freed > allowance / 2 {
            self.trial = nil
            lastConvict = trial.present
            return .convict(trial.present, bytes: freed)
        }
        guard !trial.suspects.isEmpty else {
            self.trial = nil
            let growth = unexplained - (usual ?? unexplained)
            usual = unexplained
            return .acquit(bytes: growth)
        }
        trial.present = trial.suspects.removeFirst()
        trial.before = unexplained
        self.trial = trial
        return .recycle(trial.present)
    }
}
