// SPDX-License-Identifier: Apache-2.0
public import Glibc

/// A descriptor of a file's place, whatever the file is; the C module hides it.
///
/// Source: open(2), asm-generic/fcntl.h.
private let O_PATH: Int32 = 0o10_000_000

/// Means the file of the descriptor itself; the C module hides it.
///
/// Source: fchownat(2), linux/fcntl.h.
private let AT_EMPTY_PATH: Int32 = 0x1000

/// What the socket of an application offers.
public enum ApplicationScope: String, Sendable, Hashable, CaseIterable {
    /// Publishing application events.
    case publish
    /// Clearing caches.
    case invalidate
    /// Reading status and events.
    case query
}

/// Whom a local socket serves, and with what.
public enum LocalAudience: Sendable, Hashable {
    /// Everything, for these users.
    case administrators(Set<UInt32>)
    /// What the scopes offer, for whoever may open the socket: its mode and group decide.
    case application(Set<ApplicationScope>, group: gid_t)

    func admits(_ peer: PeerCredentials) -> Bool {
        switch self {
        case .administrators(let users): users.contains(peer.user)
        case .application: true
        }
    }

    /// Whether a path that needs a scope (`nil`: one that no scope opens) is served.
    func offers(_ scope: ApplicationScope?) -> Bool {
        switch self {
        case .administrators: true
        case .application(let scopes, group: _): scope.map(scopes.contains) ?? false
        }
    }

    var scopes: [ApplicationScope] {
        switch self {
        case .administrators: []
        case .application(let scopes, group: _): Array(scopes)
        }
    }

    /// Whether a request may name the installation; an application's socket has but one.
    var maySayWhichSite: Bool {
        switch self {
        case .administrators: true
        case .application: false
        }
    }

    /// Gives the socket its mode, and its group.
    ///
    /// - Throws: ``ServerError`` where the system refuses, or something else took its place.
    func restrict(_ path: String) throws(ServerError) {
        let operation = "restrict the socket \(path)"
        // Through a descriptor of the socket itself: its name may be changed under our hands.
        let descriptor = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(operation, expected: "the socket") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
            throw ServerError(
                code: .notASocket, operation: operation, expected: "the socket",
                found: "something else")
        }
        let itself = "/proc/self/fd/\(descriptor)"
        switch self {
        case .administrators:
            guard chmod(itself, 0o600) == 0 else { throw .system(operation, expected: "mode 600") }
        case .application(_, let group):
            guard fchownat(descriptor, "", uid_t.max, group, AT_EMPTY_PATH) == 0 else {
                throw .system(
                    operation, expected: "that the daemon's user belongs to the group \(group)")
            }
            guard chmod(itself, 0o660) == 0 else { throw .system(operation, expected: "mode 660") }
        }
    }
}

/// Bounds what the other ends of a local socket may take.
public struct LocalLimits: Sendable, Hashable {
    /// Connections at once; further ones wait until one ends.
    public var connections: Int
    /// How long the head of a request may take.
    public var head: Duration
    /// How long its body may take after that: nobody on this host needs longer.
    public var body: Duration

    /// Bounds; those of a daemon where none are given.
    public init(
        connections: Int = 256, head: Duration = .seconds(10), body: Duration = .seconds(10)
    ) {
        self.connections = connections
        self.head = head
        self.body = body
    }
}
