// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel
import ClusterSigning
import WireFormat

/// One machine: keys, disk, clocks and files, which outlive the processes on it.
final class Host {
    /// The caches on every host, as their steps name them.
    static let caches = ["opcode", "pages"]

    /// Where its sockets listen: at the address that is asked.
    static let endpoints = Endpoints(host: nil, publishPort: 5572, requestPort: 5571)

    /// Its place in the simulation.
    let number: Int
    /// Its keys; a clone has another host's.
    let identity: NodeIdentity
    /// Who it is.
    var node: NodeID { identity.node }
    /// Who logged it in.
    let user: SimulatedUser
    /// Whether it is a copy of another machine.
    let isClone: Bool
    var disk = SimulatedDisk()
    var clock: HostClock
    /// The users file.
    var users: [AllowedUser]
    /// The name in its own URL.
    var name: String
    /// Another name for it, which belongs in no list beside the first.
    var alias: String { "alias\(number)" }
    /// The numeric address of its sockets.
    var address: String
    /// How often it got another address.
    private(set) var moves = 0
    /// The list of URLs.
    var list: [NodeAddress] = []
    /// Whether people write its own URL first in its list; else all lists have one order.
    let listsItselfFirst: Bool
    /// The run of the daemon on it; `nil` while there is none.
    var process: NodeProcess?
    /// How often the daemon was started.
    var starts = 0
    /// Whether the disk was lost, so that what had been applied is not known.
    var hasLostHistory = false
    /// Until when the daemon stays down.
    var awayUntil: VirtualTime?
    /// What its subscribers and handlers have had, over all runs of the daemon.
    var journal = Journal()
    /// Whether it was taken out of the cluster.
    var isRemoved = false

    init(
        number: Int, identity: NodeIdentity, user: SimulatedUser, clock: HostClock,
        users: [AllowedUser], listsItselfFirst: Bool, isClone: Bool = false
    ) {
        self.number = number
        self.identity = identity
        self.user = user
        self.clock = clock
        self.users = users
        self.listsItselfFirst = listsItselfFirst
        name = isClone ? "copy\(number)" : "web\(number)"
        address = "10.0.0.\(number)"
        self.isClone = isClone
    }

    /// The machine gets an address that nobody has had.
    func move() {
        moves += 1
        address = "10.0.\(moves).\(number)"
    }

    /// Whether its users file names the user with the scope.
    func allows(_ user: String, _ scopes: Scopes) -> Bool {
        users.contains { $0.identifier == user && $0.scopes.isSuperset(of: scopes) }
    }
}

/// What came out of a host's daemons: the applications' own books, which no lost disk takes back.
struct Journal {
    /// A run of a handler for an event.
    struct Run: Hashable {
        let id: EventID
        let handler: Int
    }

    /// The events handed to subscribers.
    private(set) var delivered: Set<EventID> = []
    /// Runs of handlers that succeeded.
    private(set) var handled: Set<Run> = []
    /// Runs of handlers that failed at least once.
    private(set) var failed: Set<Run> = []

    mutating func deliver(_ batch: VerifiedBatch, _ indices: Range<Int>) {
        for index in indices { delivered.insert(batch.id(at: index)) }
    }

    mutating func note(_ task: ApplyTask, _ outcome: ApplyOutcome) {
        guard case .handle(let handler, let id, _) = task.work else { return }
        let run = Run(id: id, handler: handler)
        if outcome == .applied { handled.insert(run) } else { failed.insert(run) }
    }
}

/// A person with a key.
struct SimulatedUser {
    let name: String
    let signingKey: SigningKey
    let key: UserKey
}
