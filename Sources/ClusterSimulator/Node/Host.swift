// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import ClusterSigning

/// One machine: keys, disk, clocks and files, which outlive the processes on it.
final class Host {
    /// The caches on every host, as their steps name them.
    static let caches = ["opcode", "pages"]

    /// Its place in the simulation; what its URL is to a real node.
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
    /// The list of URLs: numbers of other hosts.
    var list: [Int] = []
    /// The run of the daemon on it; `nil` while there is none.
    var process: NodeProcess?
    /// How often the daemon was started.
    var starts = 0
    /// Whether the disk was lost, so that what had been applied is not known.
    var hasLostHistory = false
    /// Until when the daemon stays down.
    var awayUntil: VirtualTime?
    /// Whether it was taken out of the cluster.
    var isRemoved = false

    init(
        number: Int, identity: NodeIdentity, user: SimulatedUser, clock: HostClock,
        users: [AllowedUser], isClone: Bool = false
    ) {
        self.number = number
        self.identity = identity
        self.user = user
        self.clock = clock
        self.users = users
        self.isClone = isClone
    }

    /// Whether its users file names the user with the scope.
    func allows(_ user: String, _ scopes: Scopes) -> Bool {
        users.contains { $0.identifier == user && $0.scopes.isSuperset(of: scopes) }
    }
}

/// A person with a key.
struct SimulatedUser {
    let name: String
    let signingKey: SigningKey
    let key: UserKey
}
