// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// A node that was broken on purpose, to see whether the checkers find it.
///
/// Each is a wrapper between the production core, or roster, and its process that rewrites what
/// goes in or comes out; they themselves have no hook for it.
public enum Mutant: String, CaseIterable, Sendable {
    /// Takes own batches for durable when it asks for them to be written.
    case confirmBeforeFsync = "confirm-before-fsync"
    /// Does not look whether a batch continues the chain.
    case ignorePrevious = "ignore-prev"
    /// Hands out a batch that comes a second time a second time.
    case dropDedupe = "drop-dedupe"
    /// Goes on under the epoch of its last run, and forgets what it wrote in it.
    case reuseEpoch = "reuse-epoch"
    /// Stamps events with the wall clock.
    case orderByWallClock = "order-by-wall-clock"
    /// Never makes a link anew.
    case noSupervisor = "no-supervisor"
    /// Lets everybody act, whomever the users file lists.
    case applyUnlisted = "apply-unlisted"
    /// Sends its beacons by the clock only, not after a burst.
    case noHeadAfterBurst = "no-head-after-burst"
    /// Acknowledges a batch when it comes.
    case acknowledgeBeforeDurable = "acknowledge-before-durable"
    /// Serves another part of a log than was asked for.
    case replayWrongRange = "replay-wrong-range"

    /// Hands some of the events to nobody.
    case dropDeliveries = "drop-deliveries"
    /// Hands out the events of a batch from the last one to the first.
    case deliverBackwards = "deliver-backwards"

    /// Advertises the end of whatever old batch came last.
    case advertiseLastSeen = "advertise-last-seen"
    /// Does not look at a second content for a position.
    case silentFork = "silent-fork"
    /// Writes down that no state is missing behind a floor, and keeps none.
    case skipKeepState = "skip-keep-state"
    /// Lets the earlier one of two concurrent proposals win.
    case loserWins = "loser-wins"
    /// Says that it is ready while it owes its caches a full clear.
    case readyUncleared = "ready-uncleared"

    /// Knows no members any more once its list of URLs was read anew.
    case forgetMembers = "forget-members"
    /// Asks no member that its list does not name whether it holds an event.
    case countListed = "count-listed"

    /// The checker that must find it.
    public var checker: String {
        switch self {
        case .confirmBeforeFsync, .acknowledgeBeforeDurable, .countListed: "I1"
        case .applyUnlisted: "I2"
        case .ignorePrevious, .deliverBackwards: "I3"
        case .dropDedupe: "I4"
        case .noHeadAfterBurst, .replayWrongRange: "I5"
        case .reuseEpoch: "I9"
        case .advertiseLastSeen: "I8"
        case .silentFork: "I10"
        case .skipKeepState: "I11"
        case .loserWins: "I12"
        case .orderByWallClock: "I15"
        case .readyUncleared: "ready"
        case .noSupervisor: "I20"
        case .forgetMembers: "roster"
        case .dropDeliveries: "delivery"
        }
    }

    /// The broken core of one process.
    func core(_ recovered: RecoveredState, simulation: Simulation) -> any SimulatedCore {
        switch self {
        case .confirmBeforeFsync: BrokenCore(recovered, ConfirmBeforeFsync())
        case .ignorePrevious: BrokenCore(recovered, IgnorePrevious(recovered))
        case .dropDedupe: BrokenCore(recovered, DropDedupe())
        case .reuseEpoch: BrokenCore(ReuseEpoch.forgetful(recovered), ReuseEpoch())
        case .orderByWallClock: BrokenCore(recovered, OrderByWallClock())
        case .noSupervisor: BrokenCore(recovered, NoSupervisor())
        case .applyUnlisted:
            BrokenCore(
                ApplyUnlisted.openToAll(recovered, simulation),
                ApplyUnlisted(everybody: simulation.everybody))
        case .noHeadAfterBurst: BrokenCore(recovered, NoHeadAfterBurst())
        case .acknowledgeBeforeDurable: BrokenCore(recovered, AcknowledgeBeforeDurable())
        case .replayWrongRange: BrokenCore(recovered, ReplayWrongRange())
        case .countListed: BrokenCore(recovered, CountListed(recovered, simulation))
        case .dropDeliveries: BrokenCore(recovered, DropDeliveries())
        case .deliverBackwards: BrokenCore(recovered, DeliverBackwards())
        case .advertiseLastSeen: BrokenCore(recovered, AdvertiseLastSeen())
        case .silentFork: BrokenCore(recovered, SilentFork())
        case .skipKeepState: BrokenCore(recovered, SkipKeepState())
        case .loserWins: BrokenCore(recovered, LoserWins())
        case .readyUncleared: BrokenCore(recovered, ReadyUncleared())
        case .forgetMembers: Replicator(recovered)
        }
    }

    /// The roster of one process, broken where the mutant is of that kind.
    func roster(_ roster: Roster) -> any SimulatedRoster {
        self == .forgetMembers ? ForgetMembers(roster: roster) : roster
    }
}

/// What rewrites inputs and effects.
protocol Breakage {
    /// What the core is told instead.
    mutating func rewrite(_ input: Input) -> [Input]
    /// What the process is asked instead, and what the core is told at once.
    mutating func rewrite(_ effect: Effect, at moment: Moment) -> (effects: [Effect], told: [Input])
    /// What the process is asked in addition, after an input.
    mutating func extra(after input: Input) -> [Effect]
}

extension Breakage {
    mutating func rewrite(_ input: Input) -> [Input] { [input] }
    mutating func rewrite(
        _ effect: Effect, at moment: Moment
    ) -> (effects: [Effect], told: [Input]) { ([effect], []) }
    mutating func extra(after input: Input) -> [Effect] { [] }
}

/// The production core behind a breakage.
struct BrokenCore: SimulatedCore {
    private(set) var replicator: Replicator
    private var breakage: any Breakage

    init(_ recovered: RecoveredState, _ breakage: any Breakage) {
        replicator = Replicator(recovered)
        self.breakage = breakage
    }

    var nextDeadline: Instant? { replicator.nextDeadline }

    mutating func handle(_ input: Input, at moment: Moment) -> [Effect] {
        var result: [Effect] = []
        var inputs = breakage.rewrite(input)
        var next = 0
        while next < inputs.count {
            for effect in replicator.handle(inputs[next], at: moment) {
                let (effects, told) = breakage.rewrite(effect, at: moment)
                result += effects
                inputs += told
            }
            next += 1
        }
        return result + breakage.extra(after: input)
    }
}
