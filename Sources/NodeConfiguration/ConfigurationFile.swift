// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Reads files that decide what this node does, and refuses those that somebody else could have
/// written.
///
/// The checks are made on the open file, so nothing can be swapped in between.
enum ConfigurationFile {
    /// The bytes of a regular file of ours; `nil` if there is no such file.
    ///
    /// - Throws: ``ConfigurationError`` with code `unsafe` for a link, a folder, a pipe or a
    ///   device, for a file of another user and for one that group or others may write; `invalid`
    ///   beyond `limit`; `unreadable` for anything else.
    ///
    /// - Parameter afterReading: Called each time when all is read and not yet looked at again;
    ///   there tests replace the file.
    static func read(
        _ path: String, limit: Int, operation: String, afterReading: () -> Void = {}
    ) throws(ConfigurationError) -> [UInt8]? {
        let failure = Failure(path: path, operation: operation)
        // A file which is replaced in place while it is read looks different afterwards.
        for _ in 0..<3 {
            guard let descriptor = try open(path, failure) else { return nil }
            defer { _ = close(descriptor) }
            let before = try status(descriptor, failure)
            try check(before, limit: limit, failure)
            let bytes = try content(descriptor, limit: limit, failure)
            afterReading()
            let after = try status(descriptor, failure)
            let isSame =
                before.st_size == after.st_size && bytes.count == Int(after.st_size)
                && before.st_mtim.tv_sec == after.st_mtim.tv_sec
                && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec
            if isSame { return bytes }
        }
        throw failure.error(
            .unreadable, expected: "a file at rest", found: "one that changes while it is read",
            hint: "write it beside its place and rename it")
    }

    /// Refuses a folder in which others could replace what is ours.
    static func checkFolder(_ path: String, operation: String) throws(ConfigurationError) {
        let failure = Failure(path: path, operation: operation)
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw failure.error(.unreadable, expected: "a folder", found: reason(errno))
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw failure.error(.unsafe, expected: "a folder", found: "something else")
        }
        try checkOwner(status, failure)
    }

    private static func open(
        _ path: String, _ failure: Failure
    ) throws(ConfigurationError) -> Int32? {
        // NONBLOCK: opening a pipe must not wait for somebody who writes to it.
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY
        guard !path.utf8.contains(0) else {
            throw failure.error(.unreadable, expected: "a path", found: "one with a NUL byte")
        }
        let descriptor = Glibc.open(path, flags)
        if descriptor >= 0 { return descriptor }
        switch errno {
        case ENOENT:
            return nil
        case ELOOP:
            throw failure.error(
                .unsafe, expected: "a regular file", found: "a symbolic link",
                hint: "put the file itself there")
        case ENXIO:
            throw failure.error(.unsafe, expected: "a regular file", found: "a socket")
        case let code:
            throw failure.error(
                .unreadable, expected: "a readable file", found: reason(code))
        }
    }

    private static func status(
        _ descriptor: Int32, _ failure: Failure
    ) throws(ConfigurationError) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw failure.error(.unreadable, expected: "a readable file", found: reason(errno))
        }
        return status
    }

    private static func check(
        _ status: stat, limit: Int, _ failure: Failure
    ) throws(ConfigurationError) {
        guard status.st_mode & S_IFMT == S_IFREG else {
            let kinds = [
                S_IFDIR: "a folder", S_IFIFO: "a pipe", S_IFCHR: "a device", S_IFBLK: "a device",
            ]
            throw failure.error(
                .unsafe, expected: "a regular file",
                found: kinds[status.st_mode & S_IFMT] ?? "something else")
        }
        try checkOwner(status, failure)
        guard Int(status.st_size) <= limit else {
            throw failure.error(
                .invalid, expected: "at most \(limit) bytes", found: "\(status.st_size) bytes")
        }
    }

    private static func checkOwner(
        _ status: stat, _ failure: Failure
    ) throws(ConfigurationError) {
        let user = geteuid()
        guard status.st_uid == user || status.st_uid == 0 else {
            throw failure.error(
                .unsafe, expected: "an owner with the user ID \(user) or 0",
                found: "the user ID \(status.st_uid)",
                hint: "chown \(user) \(shellQuoted(failure.path))")
        }
        guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
            throw failure.error(
                .unsafe, expected: "no write permission for group and others",
                found: "mode \(String(status.st_mode & 0o7777, radix: 8))",
                hint: "chmod go-w \(shellQuoted(failure.path))")
        }
    }

    private static func content(
        _ descriptor: Int32, limit: Int, _ failure: Failure
    ) throws(ConfigurationError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count <= limit {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count > 0 {
                bytes += buffer[..<count]
            } else if errno != EINTR {
                throw failure.error(
                    .unreadable, expected: "a readable file", found: reason(errno))
            }
        }
        throw failure.error(.invalid, expected: "at most \(limit) bytes", found: "more")
    }
}

/// What every error about one file has in common.
struct Failure {
    let path: String
    let operation: String

    func error(
        _ code: ConfigurationError.Code, expected: String, found: String, hint: String? = nil
    ) -> ConfigurationError {
        ConfigurationError(
            code: code, operation: operation,
            findings: [Finding(file: path, expected: expected, found: found, hint: hint)])
    }
}

/// The system's words for an error number.
func reason(_ code: Int32) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
}

/// A path as an argument that can be pasted into a shell.
private func shellQuoted(_ path: String) -> String {
    let isPlain = path.utf8.allSatisfy { byte in
        byte < 0x80
            && (Character(Unicode.Scalar(byte)).isLetter
                || Character(Unicode.Scalar(byte)).isNumber || "/._-".utf8.contains(byte))
    }
    return isPlain ? path : "'" + printable(path).replacing("'", with: #"'\''"#) + "'"
}

extension SiteConfiguration {
    /// Reads the configuration of an installation from its file.
    ///
    /// - Throws: ``ConfigurationError``: `missing` without the file, `unsafe` if somebody else
    ///   could have written it, `unreadable`, or `invalid` as ``decode(_:file:)`` does.
    public static func load(from path: String) throws(ConfigurationError) -> SiteConfiguration {
        let operation = "read the configuration"
        let bytes = try ConfigurationFile.read(
            path, limit: YAMLSource.byteLimit, operation: operation)
        guard let bytes else {
            throw Failure(path: path, operation: operation).error(
                .missing, expected: "a file with the list of URLs", found: "no such file",
                hint: "sitestacker init makes one")
        }
        return try decode(bytes, file: path)
    }
}

extension UsersFile {
    /// Reads the users file; a missing one is ``missing``, which lets nobody act from elsewhere.
    ///
    /// A file that names nobody, where the one before it named somebody, is what a crash leaves of
    /// one that was being written: it is refused. Who wants nobody removes the file.
    ///
    /// - Parameter replacesUsers: Whether users of an earlier reading are in force.
    /// - Throws: ``ConfigurationError``: `unsafe` if somebody else could have written it or can
    ///   replace it, `unreadable`, or `invalid` as ``decode(_:file:)`` does, and where it names
    ///   nobody any more.
    public static func load(
        from path: String, replacesUsers: Bool = false
    ) throws(ConfigurationError) -> UsersFile {
        let operation = "read the users file"
        let bytes = try ConfigurationFile.read(path, limit: byteLimit, operation: operation)
        guard let bytes else { return missing }
        try ConfigurationFile.checkFolder(folder(of: path), operation: operation)
        let users = try decode(bytes, file: path)
        guard !replacesUsers || !users.entries.isEmpty else {
            throw Failure(path: path, operation: operation).error(
                .invalid, expected: "at least one user, as before", found: "none",
                hint: "remove the file if nobody may act from elsewhere")
        }
        return users
    }
}

/// The folder in which a path lies.
func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}
