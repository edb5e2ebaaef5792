// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// What a node does before it signs: asks for its own log, then makes a new epoch durable.
///
/// Law: an epoch's counter is above all that the disk or any answering peer knows of, so a restored
/// disk never gives one position two contents.
struct StartSequence: Sendable {
    enum Stage: Equatable, Sendable {
        /// Nothing was done yet.
        case fresh
        /// Peers are asked for what they hold of the own logs, until then at the latest.
        case asking(until: Instant)
        /// The epoch is on its way to disk.
        case persisting(LogEpoch)
        /// The disk refused; it is tried again.
        case refused(retryAt: Instant)
        /// Batches are signed under this epoch.
        case signing(LogEpoch)
    }

    private(set) var stage: Stage = .fresh
    /// Peers that said what they hold of the own logs.
    private(set) var answered: [NodeID] = []
    var isCloned = false
    private var highest: UInt64
    private var nonce: UInt64

    init(persisted: UInt64, nonce: UInt64) {
        highest = persisted
        self.nonce = nonce
    }

    /// Whether asking is over, so that events may be applied.
    var mayApply: Bool {
        switch stage {
        case .fresh, .asking: false
        case .persisting, .refused, .signing: true
        }
    }

    mutating func ask(now: Instant) { stage = .asking(until: now + Limits.startPatience) }

    /// An epoch of an own log that somebody knows.
    ///
    /// Absurd counters are not believed: they would
    /// use up the numbers.
    mutating func learn(_ epoch: LogEpoch) {
        if epoch.counter < Limits.largestEpoch { highest = max(highest, epoch.counter) }
    }

    mutating func noteAnswer(from peer: NodeID) {
        if !answered.contains(peer) { answered.append(peer) }
    }

    /// The epoch to make durable now.
    mutating func beginEpoch() -> LogEpoch {
        highest += 1
        let epoch = LogEpoch(counter: highest, nonce: nonce)
        var next = Jitter(seed: nonce)
        nonce = next.next()
        stage = .persisting(epoch)
        return epoch
    }

    /// Whether that is the epoch that was asked for.
    mutating func persisted(_ epoch: LogEpoch) -> Bool {
        guard stage == .persisting(epoch) else { return false }
        stage = .signing(epoch)
        return true
    }

    mutating func refused(_ epoch: LogEpoch, now: Instant) -> Bool {
        guard stage == .persisting(epoch) else { return false }
        stage = .refused(retryAt: now + Limits.epochPause)
        return true
    }

    /// The own epoch; `nil` before it is durable.
    var epoch: LogEpoch? {
        switch stage {
        case .signing(let epoch): epoch
        case .fresh, .asking, .persisting, .refused: nil
        }
    }

    var nextDeadline: Instant? {
        switch stage {
        case .asking(let until): until
        case .refused(let retryAt): retryAt
        case .fresh, .persisting, .signing: nil
        }
    }
}
