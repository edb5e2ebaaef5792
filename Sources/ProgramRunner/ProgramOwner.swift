// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The account a program runs as.
///
/// The daemon may be root; the site's own programs never get its rights by that.
public struct ProgramOwner: Sendable, Hashable {
    /// The account's number.
    public let userID: UInt32
    /// Its primary group.
    public let groupID: UInt32
    /// All its groups.
    public let groups: [UInt32]
    /// Its name; its number where it has none.
    public let name: String
    /// Its home directory.
    public let home: String

    /// The owner of a tree, or `nil` where a program has to run as the caller.
    ///
    /// Only root can give its rights away, and a tree of root's own leaves nothing to give away.
    /// Blocks on the account database, which is normally a file.
    /// - Throws: `unknownOwner` where the tree cannot be looked at.
    public static func ofTree(_ path: String) throws(ProgramError) -> ProgramOwner? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw ProgramError(
                .unknownOwner, target: path, operation: "look up the owner of the tree",
                expected: "a directory", found: String(cString: strerror(errno)),
                hint: "Check the path of the installation.")
        }
        guard geteuid() == 0, status.st_uid != 0 else { return nil }
        return ProgramOwner(userID: status.st_uid, groupOfTree: status.st_gid)
    }

    /// Looks an account up; without an entry it has the tree's group alone.
    ///
    /// Source: getpwuid_r(3), getgrouplist(3).
    private init(userID: uid_t, groupOfTree: gid_t) {
        self.userID = userID
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        let isKnown = getpwuid_r(userID, &entry, &buffer, buffer.count, &found) == 0 && found != nil
        guard isKnown, let account = entry.pw_name, let folder = entry.pw_dir else {
            (groupID, groups, name, home) = (groupOfTree, [groupOfTree], "\(userID)", "/")
            return
        }
        groupID = entry.pw_gid
        name = String(cString: account)
        home = String(cString: folder)
        var count: Int32 = 1_024
        var list = [gid_t](repeating: 0, count: Int(count))
        let isWhole = getgrouplist(account, entry.pw_gid, &list, &count) >= 0
        groups = isWhole ? Array(list.prefix(Int(count))) : [entry.pw_gid]
    }
}

/// The environment of the programs of a site.
public enum ProgramEnvironment {
    private static let kept = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR"]
    private static let standardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// What is worth inheriting, and nothing that may be a secret, with `own` on top.
    ///
    /// Where the program runs as another user, home and names are that user's.
    public static func clean(
        for owner: ProgramOwner?, adding own: [String: String] = [:]
    ) -> [String: String] {
        var variables = ["PATH": standardPath]
        for name in kept {
            if let value = getenv(name) { variables[name] = String(cString: value) }
        }
        if let owner {
            variables["HOME"] = owner.home
            variables["USER"] = owner.name
            variables["LOGNAME"] = owner.name
            // Root's folder for temporary files is usually closed to others.
            variables["TMPDIR"] = nil
        }
        return variables.merging(own) { _, new in new }
    }
}
