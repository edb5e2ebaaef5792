// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The folder in which one installation keeps its identity and its log.
///
/// Everything in it is for the daemon's user alone: folders 0700, files 0600; what others could
/// have read or written is refused. Files are replaced whole, and durable when a call returns.
public struct SiteState: Sendable, Hashable {
    /// The state directory, which all installations of the daemon share.
    public let stateDirectory: String
    /// The installation's own folder in it.
    public let folder: String

    /// A file of the installation's folder.
    public enum File: String, Sendable, CaseIterable {
        /// The node's secret keys.
        case nodeKey = "node.key"
        /// The cluster and its root key; absent before the first login.
        case clusterPin = "cluster.pin"
        /// Records made by `init`, taken into the log at the first start.
        case records = "records"
        /// The ports that the installation's sockets took.
        case ports = "ports"
        /// The name of the user as whom the node joined.
        case joinedAs = "joined-as"
        /// The serial of the grant that `logout` ended.
        case loggedOut = "logged-out"
    }

    /// The largest file that is read.
    ///
    /// Unit: bytes.
    static let byteLimit = 4 * 1_024 * 1_024

    /// The state of the installation at a path.
    ///
    /// Its folder is named after the path: readable, and different for different paths.
    public init(stateDirectory: String, site: String) {
        self.stateDirectory = stateDirectory
        folder = "\(stateDirectory)/sites/\(SiteState.name(of: site))"
    }

    /// The users file, which all installations of the daemon share.
    public var usersFile: String { "\(stateDirectory)/users" }
    /// The daemon's local socket.
    public var socket: String { "\(stateDirectory)/daemon.sock" }

    /// Makes the folders where they are missing, and refuses those that others may look into.
    ///
    /// - Throws: ``ConfigurationError``: `unreadable` where they cannot be made, `unsafe`.
    public func prepare() throws(ConfigurationError) {
        for path in [stateDirectory, "\(stateDirectory)/sites", folder] {
            try SiteState.prepareFolder(path)
        }
    }

    /// Makes a folder for the daemon's user alone where it is missing, as ``prepare()`` does each.
    ///
    /// - Throws: ``ConfigurationError``: `unreadable` where it cannot be made, `unsafe`.
    public static func prepareFolder(_ path: String) throws(ConfigurationError) {
        let failure = Failure(path: path, operation: "prepare the state directory")
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw failure.error(.unreadable, expected: "to make a folder", found: reason(errno))
        }
        try ConfigurationFile.checkFolder(path, operation: failure.operation)
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o077 == 0 else {
            throw failure.error(
                .unsafe, expected: "a folder for its owner alone", found: "one for others too",
                hint: "chmod 700 \(path)")
        }
    }

    /// The bytes of a file; `nil` where it is missing.
    ///
    /// - Throws: ``ConfigurationError``: `unsafe` where others may read or write it, `unreadable`.
    public func read(_ file: File) throws(ConfigurationError) -> [UInt8]? {
        let path = "\(folder)/\(file.rawValue)"
        let failure = Failure(path: path, operation: "read the installation's state")
        guard
            let bytes = try ConfigurationFile.read(
                path, limit: SiteState.byteLimit, operation: failure.operation)
        else { return nil }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & 0o077 == 0 else {
            throw failure.error(
                .unsafe, expected: "a file for its owner alone", found: "one that others may read",
                hint: "chmod 600 \(path)")
        }
        return bytes
    }

    /// Replaces a file.
    ///
    /// - Throws: ``ConfigurationError``: `unreadable` where it cannot be written.
    public func write(_ file: File, _ bytes: [UInt8]) throws(ConfigurationError) {
        let path = "\(folder)/\(file.rawValue)"
        try ConfigurationWriter.replace(
            path, bytes, Failure(path: path, operation: "write the installation's state"))
    }

    /// Makes a file where there is none; `false` where there is one, which stays as it is.
    ///
    /// - Throws: ``ConfigurationError``: `unreadable` where it cannot be written.
    public func create(_ file: File, _ bytes: [UInt8]) throws(ConfigurationError) -> Bool {
        let path = "\(folder)/\(file.rawValue)"
        return try ConfigurationWriter.create(
            path, bytes, Failure(path: path, operation: "write the installation's state"))
    }

    /// Does what no other command may do at the same time in this folder.
    ///
    /// - Throws: ``ConfigurationError``: `busy` while another does; what the body throws.
    public func alone<Value>(_ body: () throws -> Value) throws -> Value {
        let failure = Failure(path: folder, operation: "change the installation's state")
        let lock = try ConfigurationWriter.lockFolder(of: "\(folder)/.", failure)
        defer { _ = close(lock) }
        return try body()
    }

    /// Removes a file; one that is missing already is no error.
    ///
    /// - Throws: ``ConfigurationError``: `unreadable` where it stays.
    public func remove(_ file: File) throws(ConfigurationError) {
        let path = "\(folder)/\(file.rawValue)"
        guard unlink(path) == 0 || errno == ENOENT else {
            throw Failure(path: path, operation: "remove the installation's state")
                .error(.unreadable, expected: "to remove it", found: reason(errno))
        }
    }

    /// A path's last component and a hash of the whole path (FNV-1a, which only has to differ).
    private static func name(of site: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in site.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let last = site.split(separator: "/").last.map(String.init) ?? "site"
        let readable = last.utf8.prefix(32).map { byte -> Character in
            let scalar = Unicode.Scalar(byte)
            let isPlain = byte < 0x80 && (Character(scalar).isLetter || Character(scalar).isNumber)
            return isPlain ? Character(scalar) : "_"
        }
        return String(readable) + "-" + String(hash, radix: 16)
    }
}
