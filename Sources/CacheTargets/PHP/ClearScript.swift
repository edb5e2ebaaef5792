// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// The clear script on disk, where PHP-FPM can read it, and the token which it obeys.
///
/// A file which clears caches must not become a button for visitors, even where a web server
/// happens to reach its directory. Three things guard it. The script asks for a FastCGI
/// parameter without the prefix `HTTP_`: whatever a visitor sends arrives with that prefix, in the
/// query or in the body, never as such a parameter. The parameter must be a token of 256 random
/// bits, new with every process. And the file holds only the token's SHA-256, so reading the
/// file gives nothing away. Who may connect to the socket itself can run any PHP code without us.
///
/// Invariant: before each use the file is compared byte by byte, and put right if it differs.
/// The directory belongs to one daemon: scripts of earlier processes are removed from it.
public final class ClearScript: Sendable {
    /// Which of the programs.
    public enum Edition: Sendable, CaseIterable {
        /// Clears the whole of both caches; PHP keeps it out of the opcode cache.
        case whole
        /// Only counts: what follows a reset, which costs PHP the less the shorter it is.
        case counting
        /// Clears whatever is asked for, in whatever state the caches are; PHP caches it.
        case selective
    }

    /// A file as it must be on disk.
    private struct File: Sendable {
        let name: String
        let source: [UInt8]
        let isKeptOut: Bool

        init(_ text: String, isKeptOut: Bool) {
            source = Array(text.utf8)
            name = "\(namePrefix)\(SHA256.hexadecimal(source).prefix(32)).php"
            self.isKeptOut = isKeptOut
        }
    }

    /// Where the files are written.
    public let directory: String
    private let visibleDirectory: String
    private let whole: File
    private let counting: File
    private let selective: File
    let token: String
    fileprivate static let namePrefix = "sitestacker-clear-"
    /// Held while writing; true once the scripts of earlier processes are gone.
    private let isSwept = Mutex(false)

    /// Prepares the script; nothing is written yet.
    ///
    /// - Parameters:
    ///   - directory: an absolute path; its parents must let PHP-FPM's user pass.
    ///   - visibleDirectory: the same directory as seen by a pool with `chroot`.
    public init(directory: String, visibleDirectory: String? = nil) {
        var random = SystemRandomNumberGenerator()
        token = Hexadecimal.text((0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })
        let fingerprint = SHA256.hexadecimal(Array(token.utf8))
        whole = File(ClearScriptSource.whole(tokenFingerprint: fingerprint), isKeptOut: true)
        counting = File(ClearScriptSource.counting(tokenFingerprint: fingerprint), isKeptOut: true)
        selective = File(
            ClearScriptSource.selective(tokenFingerprint: fingerprint), isKeptOut: false)
        self.directory = directory
        self.visibleDirectory = visibleDirectory ?? directory
    }

    private func file(_ edition: Edition) -> File {
        switch edition {
        case .whole: whole
        case .counting: counting
        case .selective: selective
        }
    }

    /// The path of a program.
    public func path(_ edition: Edition) -> String { "\(directory)/\(file(edition).name)" }

    /// The path under which PHP-FPM sees it, which a chroot makes another one.
    func visiblePath(_ edition: Edition) -> String {
        "\(visibleDirectory)/\(file(edition).name)"
    }

    /// Makes sure that the file is in its place and is exactly ours.
    ///
    /// Blocks on the disk for some microseconds; call it on a `BlockingPool`.
    /// - Throws: `CacheTargetError` with `scriptUnusable` or `permissionDenied`.
    public func install(_ edition: Edition) throws(CacheTargetError) {
        let folder = try openDirectory()
        defer { _ = close(folder) }
        let file = file(edition)
        if matches(file, in: folder) { return }
        // Masters are cleared side by side: two writers would take each other's temporary file.
        try isSwept.withLock { isSwept throws(CacheTargetError) in
            if matches(file, in: folder) { return }
            try write(file, in: folder)
            guard matches(file, in: folder) else {
                throw failure("verify script", found: "another content than was written")
            }
            if !isSwept { removeFormer(in: folder) }
            isSwept = true
        }
    }

    /// Removes the files, as a daemon does when it ends.
    public func remove() {
        for edition in Edition.allCases { _ = unlink(path(edition)) }
    }

    private func openDirectory() throws(CacheTargetError) -> Int32 {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        var folder = open(directory, flags)
        if folder < 0, errno == ENOENT {
            if mkdir(directory, 0o755) != 0, errno != EEXIST {
                throw failure("make directory", found: String(cString: strerror(errno)))
            }
            folder = open(directory, flags)
        }
        guard folder >= 0 else {
            throw failure("open directory", found: String(cString: strerror(errno)))
        }
        var status = stat()
        guard fstat(folder, &status) == 0, status.st_uid == geteuid() || status.st_uid == 0,
            status.st_mode & 0o022 == 0
        else {
            _ = close(folder)
            throw failure(
                "check directory", found: "another owner, or writable by group or others")
        }
        if status.st_uid == geteuid(), status.st_mode & 0o755 != 0o755 { _ = fchmod(folder, 0o755) }
        return folder
    }

    /// Whether the file is a regular one of ours, world-readable, with exactly our bytes.
    private func matches(_ file: File, in folder: Int32) -> Bool {
        let number = openat(folder, file.name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard number >= 0 else { return false }
        defer { _ = close(number) }
        var status = stat()
        guard fstat(number, &status) == 0, status.st_mode == S_IFREG | 0o644,
            status.st_uid == geteuid(), status.st_size == off_t(file.source.count)
        else { return false }
        var bytes = [UInt8](repeating: 0, count: file.source.count)
        let count = bytes.withUnsafeMutableBytes { pread(number, $0.baseAddress, $0.count, 0) }
        return count == file.source.count && bytes == file.source
    }

    private func write(_ file: File, in folder: Int32) throws(CacheTargetError) {
        // Without .php at the end, so that a half-written file can never be run.
        let temporary = ".\(file.name).\(getpid()).new"
        _ = unlinkat(folder, temporary, 0)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let number = openat(folder, temporary, flags, mode_t(0o644))
        guard number >= 0 else {
            throw failure("write script", found: String(cString: strerror(errno)))
        }
        defer { _ = close(number) }
        let count = file.source.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
        // The mode is set again because the process's umask took bits away.
        guard count == file.source.count, fchmod(number, 0o644) == 0,
            futimens(number, Self.times(of: file)) == 0,
            renameat(folder, temporary, folder, file.name) == 0
        else {
            let reason = String(cString: strerror(errno))
            _ = unlinkat(folder, temporary, 0)
            throw failure("write script", found: reason)
        }
    }

    /// The times of access and modification: the year 2100, or 2000.
    ///
    /// opcache leaves alone what is newer than opcache.file_update_protection allows. So the one
    /// file takes no memory from the site's cache, and PHP does not spend the time to optimise
    /// it after every reset; the other one is cached from its first use.
    private static func times(of file: File) -> [timespec] {
        let time = timespec(tv_sec: file.isKeptOut ? 4_102_444_800 : 946_684_800, tv_nsec: 0)
        return [time, time]
    }

    /// Removes the scripts of earlier processes, whose tokens are gone with them.
    private func removeFormer(in folder: Int32) {
        let copy = fcntl(folder, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return }
        guard let listing = fdopendir(copy) else {
            _ = close(copy)
            return
        }
        for name in DirectoryNames.read(listing) {
            let isOurs = Edition.allCases.contains { file($0).name == name }
            let isScript = name.hasPrefix(Self.namePrefix) && name.hasSuffix(".php")
            let isLeftover = name.hasPrefix(".\(Self.namePrefix)") && name.hasSuffix(".new")
            if !isOurs, isScript || isLeftover { _ = unlinkat(folder, name, 0) }
        }
    }

    private func failure(_ operation: String, found: String) -> CacheTargetError {
        CacheTargetError(
            .scriptUnusable, target: directory, operation: operation,
            expected: "a directory of this user, writable by nobody else", found: found,
            hint: "Name a directory which this user owns and PHP-FPM's user can enter.")
    }
}
