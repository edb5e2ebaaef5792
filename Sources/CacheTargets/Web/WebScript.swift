// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// The clear script for PHP inside a web server, in the site's own folder for one clear.
///
/// A web server runs only what is below its document root, so the script cannot stand elsewhere.
/// Its name is random, it obeys a token of 256 random bits of which the file holds only the
/// SHA-256, and it is gone when the clear ends, however that ends: with this value, or by `remove`.
/// The folder is entered step by step and never through a link, and a file is only ever made new;
/// so whoever owns the tree cannot lead a daemon of root's elsewhere.
final class WebScript: Sendable {
    /// What a forgotten script's life is limited to.
    ///
    /// Unit: seconds.
    static let lifetime = 120

    private static let namePrefix = "sitestacker-clear-"

    /// The script's file name.
    let name: String
    /// What it obeys.
    let token: String
    private let folder: Int32

    /// Puts a script into a folder below the site.
    ///
    /// Blocks on the disk for some microseconds; call it on a `BlockingPool`.
    /// - Parameter root: The folder from the root of the installation; empty for the root itself.
    /// - Throws: `scriptUnusable` where the folder cannot be entered or written to.
    init(site: String, root: String) throws(CacheTargetError) {
        token = Self.random()
        name = "\(Self.namePrefix)\(Self.random().prefix(32)).php"
        folder = try Self.enter(site, root)
        Self.sweep(folder)
        let source = ClearScriptSource.web(
            tokenFingerprint: SHA256.hexadecimal(Array(token.utf8)),
            expiry: Int(Date().timeIntervalSince1970) + Self.lifetime)
        try write(Array(source.utf8))
    }

    deinit {
        remove()
        _ = close(folder)
    }

    /// Removes the script; once more is no error.
    func remove() { _ = unlinkat(folder, name, 0) }

    private static func random() -> String {
        var random = SystemRandomNumberGenerator()
        return Hexadecimal.text((0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })
    }

    private static func enter(_ site: String, _ root: String) throws(CacheTargetError) -> Int32 {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        // The administrator named the site; below it the tree's owner names things.
        var folder = open(site, flags)
        for part in root.split(separator: "/") {
            guard folder >= 0 else { break }
            let isStep = part != ".." && part != "."
            let next = isStep ? openat(folder, String(part), flags | O_NOFOLLOW) : -1
            let code = isStep ? errno : EINVAL
            _ = close(folder)
            folder = next
            errno = code
        }
        guard folder >= 0 else {
            throw failure(site, root, "enter the folder", String(cString: strerror(errno)))
        }
        return folder
    }

    private func write(_ bytes: [UInt8]) throws(CacheTargetError) {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        // Under another name until it is whole: half a script must never be run.
        let temporary = ".\(name).new"
        let number = openat(folder, temporary, flags, mode_t(0o644))
        let count = number < 0 ? -1 : Glibc.write(number, bytes, bytes.count)
        // The mode is set again because the process's umask took bits away. The year 2100 keeps
        // the file out of the opcode cache, which leaves alone what seems to be just written.
        let times = [timespec](repeating: timespec(tv_sec: 4_102_444_800, tv_nsec: 0), count: 2)
        let isPlaced =
            count == bytes.count && fchmod(number, 0o644) == 0 && futimens(number, times) == 0
            && renameat(folder, temporary, folder, name) == 0
        let reason = String(cString: strerror(errno))
        if number >= 0 {
            _ = close(number)
            _ = unlinkat(folder, temporary, 0)
        }
        guard isPlaced else { throw Self.failure("the site", "", "write the script", reason) }
    }

    /// Removes what a killed daemon left behind and is past its life.
    private static func sweep(_ folder: Int32) {
        let copy = fcntl(folder, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return }
        guard let listing = fdopendir(copy) else {
            _ = close(copy)
            return
        }
        // The description is shared with the folder's descriptor, position included.
        rewinddir(listing)
        for name in DirectoryNames.read(listing) where isLeftover(name, in: folder) {
            _ = unlinkat(folder, name, 0)
        }
    }

    private static func isLeftover(_ name: String, in folder: Int32) -> Bool {
        let isOurs =
            (name.hasPrefix(namePrefix) && name.hasSuffix(".php"))
            || (name.hasPrefix(".\(namePrefix)") && name.hasSuffix(".new"))
        var status = stat()
        guard isOurs, fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return false }
        // Made, not modified: that time is said to be the year 2100.
        return status.st_ctim.tv_sec + lifetime < time(nil)
    }

    private static func failure(
        _ site: String, _ root: String, _ operation: String, _ found: String
    ) -> CacheTargetError {
        CacheTargetError(
            .scriptUnusable, target: root.isEmpty ? site : "\(site)/\(root)",
            operation: operation, expected: "a folder below the installation, without links",
            found: found, hint: "Name the folder that the web server serves with root:.")
    }
}
