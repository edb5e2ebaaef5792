// SPDX-License-Identifier: Apache-2.0

/// The words in which a failure to reach a kind of server is told.
struct ServerKind: Sendable {
    /// What people call it.
    let name: String
    /// What to do where the operating system forbids the connection.
    let denied: String
    /// What to do where nothing is answered.
    let silent: String
    /// What to do where the connection ends too early.
    let cut: String

    static let phpFPM = ServerKind(
        name: "PHP-FPM",
        denied: "Let the daemon's user be in listen.group of the pool.",
        silent: "Look whether PHP-FPM is stopped or all its children are busy (pm.max_children).",
        cut: "PHP-FPM restarted or its child died; look into its log, then try again.")

    static let redis = ServerKind(
        name: "Redis",
        denied: "Let the daemon's user be in the socket's group (unixsocketperm 770).",
        silent: "Look whether Redis is stopped or busy (SLOWLOG), or raise the cache's timeout:.",
        cut: "Redis restarted or closed the connection; look into its log, then try again.")

    static let memcached = ServerKind(
        name: "Memcached",
        denied: "Let the daemon's user use the socket (memcached -a).",
        silent: "Look whether Memcached is stopped or busy, or raise the cache's timeout:.",
        cut: "Memcached restarted or closed the connection; look into its log, then try again.")
}
