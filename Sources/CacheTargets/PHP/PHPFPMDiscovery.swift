// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Which addresses of PHP-FPM to clear.
public enum PHPFPMEndpoints: Sendable, Equatable {
    /// Exactly these, as the configuration names them.
    case addresses([SocketAddress])
    /// Every `php*-fpm*.sock` in this directory, read anew with every clear.
    case directory(String)

    /// What holds where the configuration says nothing.
    public static let standard = PHPFPMEndpoints.directory("/run/php")

    /// Why there may be none, in the words of a report.
    var absence: String {
        switch self {
        case .addresses: "no PHP-FPM is configured"
        case .directory(let path):
            "no cache is configured and no PHP-FPM socket was found below \(path)"
        }
    }

    /// The most sockets of one directory.
    static let maximumSockets = 256

    /// The addresses, in order of their names.
    ///
    /// A missing directory is an empty one: PHP-FPM is not installed.
    /// - Throws: `permissionDenied` or `system` where the directory cannot be read.
    func resolved() throws(CacheTargetError) -> [SocketAddress] {
        let directory: String
        switch self {
        case .addresses(let list): return list
        case .directory(let path): directory = path
        }
        guard let listing = opendir(directory) else {
            if errno == ENOENT { return [] }
            throw CacheTargetError(
                errno == EACCES ? .permissionDenied : .system, target: directory,
                operation: "look for PHP-FPM sockets", expected: "a readable directory",
                found: String(cString: strerror(errno)),
                hint: "Name the sockets under caches: in sitestacker.yml.")
        }
        let paths = DirectoryNames.read(listing)
            .filter { $0.hasPrefix("php") && $0.hasSuffix(".sock") && $0.contains("-fpm") }
            .sorted().prefix(Self.maximumSockets).map { "\(directory)/\($0)" }
        var seen: Set<SocketFile> = []
        // Debian's php-fpm.sock is a link to the socket of one version, which counts once.
        return paths.sorted { ($0.utf8.count, $0) > ($1.utf8.count, $1) }
            .filter { path in
                // One that cannot be looked at stays: its clear fails and says why.
                guard let file = SocketFile(path) else { return errno == EACCES }
                return seen.insert(file).inserted
            }
            .sorted().map { .unix(path: $0) }
    }
}

/// Which socket a path leads to; a server that listens anew makes another one.
struct SocketFile: Sendable, Hashable {
    private let device: UInt64
    private let inode: UInt64
    private let changedSeconds: Int
    private let changedNanoseconds: Int

    /// Reads it; nothing if there is no socket, or none that may be looked at (EACCES).
    init?(_ path: String) {
        var status = stat()
        errno = 0
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        changedSeconds = status.st_ctim.tv_sec
        changedNanoseconds = status.st_ctim.tv_nsec
    }
}

/// What tells one master from another, as its own children report it.
///
/// The process ID alone is not enough: in containers every master may be process 1, so its
/// namespace and the birth of its opcode cache belong to it.
struct MasterIdentity: Sendable, Hashable {
    private let parent: Int
    private let namespace: String
    private let opcodeStart: Int

    /// Nothing where the pool hides its parent: such a socket counts as a master of its own.
    init?(_ reply: ClearReply) {
        guard reply.parent > 0, !reply.namespace.isEmpty else { return nil }
        parent = reply.parent
        namespace = reply.namespace
        opcodeStart =
            switch reply.opcode {
            case .active(let before, _, _): before.startTime
            case .absent: 0
            }
    }
}
