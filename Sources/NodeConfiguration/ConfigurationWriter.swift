// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Writes the files which `init` and `user` make for their reader, who then owns them.
///
/// Invariant: a file that exists is never overwritten by another; one that is extended is whole at
/// every instant, and every line it had is still there.
public enum ConfigurationWriter {
    /// What became of a file.
    public enum Outcome: Sendable, Hashable {
        /// It was made.
        case created
        /// It was there, and is as it was.
        case kept
        /// A line was added to it.
        case extended
    }

    /// The text of a new `sitestacker.yml`.
    ///
    /// - Throws: ``ConfigurationError`` with code `invalid` if two URLs name one node.
    public static func siteText(urls: [SiteURL]) throws(ConfigurationError) -> String {
        try SiteConfiguration.checkDoors(urls)
        let list = urls.map { "  - \"\($0.display)\"\n" }.joined()
        let text = """
            # The servers of this site, this one first or in the same order everywhere.
            # Everything else is optional; check with: sitestacker config check
            urls:
            \(list)
            # database: mysql://USER:PASSWORD@127.0.0.1/NAME
            # data:
            #   - path: webroot/data
            # caches:
            #   - php-fpm: unix:/run/php/php8.2-fpm.sock

            """
        _ = try SiteConfiguration.decode(Array(text.utf8), file: SiteConfiguration.fileName)
        return text
    }

    /// Makes a `sitestacker.yml` where there is none.
    ///
    /// - Throws: ``ConfigurationError``: `invalid` for the list, `unreadable` if it cannot be
    ///   written.
    public static func createSite(
        at path: String, urls: [SiteURL]
    ) throws(ConfigurationError) -> Outcome {
        let text = try siteText(urls: urls)
        let failure = Failure(path: path, operation: "write the configuration")
        return try create(path, Array(text.utf8), failure) ? .created : .kept
    }

    /// Adds a user to the users file, making the file where there is none.
    ///
    /// A user who is listed stays as he is, whatever his scopes.
    ///
    /// - Throws: ``ConfigurationError``: `invalid`, `unsafe` or `unreadable` if the file cannot be
    ///   read as it is, `busy` while another program adds to it.
    public static func addUser(
        _ user: UserEntry.Identifier, scopes: [ConfiguredScope] = ConfiguredScope.allCases,
        to path: String
    ) throws(ConfigurationError) -> Outcome {
        let failure = Failure(path: path, operation: "add to the users file")
        // A name is only safe to write after it was read: a newline in it would be a second user.
        _ = try UserEntry.Identifier(user.description)
        guard !scopes.isEmpty else {
            throw failure.error(.invalid, expected: "at least one scope", found: "none")
        }
        let lock = try lockFolder(of: path, failure)
        defer { _ = close(lock) }
        let line = userLine(user, scopes)
        let old = try ConfigurationFile.read(
            path, limit: UsersFile.byteLimit, operation: failure.operation)
        guard let old else {
            let text = "# One user name or email a line; without it nobody acts from elsewhere.\n"
            return try create(path, Array((text + line).utf8), failure) ? .created : .kept
        }
        let entries = try UsersFile.decode(old, file: path).entries
        if entries.contains(where: { $0.identifier.key == user.key }) { return .kept }
        var new = old
        if let last = new.last, last != UInt8(ascii: "\n") { new.append(UInt8(ascii: "\n")) }
        new += line.utf8
        _ = try UsersFile.decode(new, file: path)
        try replace(path, new, failure)
        return .extended
    }

    /// Puts a file in place of another, whole at every instant and durable on return.
    static func replace(
        _ path: String, _ bytes: [UInt8], _ failure: Failure
    ) throws(ConfigurationError) {
        let temporary = try writeTemporary(beside: path, bytes, failure)
        guard rename(temporary, path) == 0 else {
            let code = errno
            _ = unlink(temporary)
            throw failure.error(.unreadable, expected: "to rename", found: reason(code))
        }
        let directory = try openFolder(of: path, failure)
        defer { _ = close(directory) }
        try synchronise(directory, failure)
    }

    private static func userLine(
        _ user: UserEntry.Identifier, _ scopes: [ConfiguredScope]
    ) -> String {
        let words = ConfiguredScope.allCases.filter(scopes.contains)
        if words == ConfiguredScope.allCases { return "\(user)\n" }
        return "\(user) \(words.map(\.rawValue).joined(separator: ","))\n"
    }

    /// Makes a file with all its content at once; `false` if something has the name already.
    static func create(
        _ path: String, _ bytes: [UInt8], _ failure: Failure
    ) throws(ConfigurationError) -> Bool {
        let temporary = try writeTemporary(beside: path, bytes, failure)
        defer { _ = unlink(temporary) }
        // A link never replaces what is there, where a rename would.
        guard link(temporary, path) == 0 else {
            let code = errno
            if code == EEXIST { return false }
            throw failure.error(.unreadable, expected: "a new file", found: reason(code))
        }
        let directory = try openFolder(of: path, failure)
        defer { _ = close(directory) }
        try synchronise(directory, failure)
        return true
    }

    private static func writeTemporary(
        beside path: String, _ bytes: [UInt8], _ failure: Failure
    ) throws(ConfigurationError) -> String {
        let temporary = "\(path).\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let descriptor = open(temporary, flags, 0o600)
        guard descriptor >= 0 else {
            throw failure.error(.unreadable, expected: "a writable folder", found: reason(errno))
        }
        defer { _ = close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                let code = errno
                _ = unlink(temporary)
                throw failure.error(.unreadable, expected: "to write", found: reason(code))
            }
        }
        do throws(ConfigurationError) {
            try synchronise(descriptor, failure)
        } catch {
            _ = unlink(temporary)
            throw error
        }
        return temporary
    }

    private static func openFolder(
        of path: String, _ failure: Failure
    ) throws(ConfigurationError) -> Int32 {
        let descriptor = open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw failure.error(.unreadable, expected: "a folder", found: reason(errno))
        }
        return descriptor
    }

    /// The folder, held against every other writer of ours until it is closed.
    static func lockFolder(
        of path: String, _ failure: Failure
    ) throws(ConfigurationError) -> Int32 {
        let descriptor = try openFolder(of: path, failure)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            _ = close(descriptor)
            throw failure.error(
                .busy, expected: "to be the only writer", found: "another one",
                hint: "try again")
        }
        return descriptor
    }

    private static func synchronise(
        _ descriptor: Int32, _ failure: Failure
    ) throws(ConfigurationError) {
        guard fsync(descriptor) == 0 else {
            throw failure.error(.unreadable, expected: "to reach the disk", found: reason(errno))
        }
    }
}
