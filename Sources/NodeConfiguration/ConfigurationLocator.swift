// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Finds the configuration of an installation and the state of its daemon.
public struct ConfigurationLocator: Sendable {
    /// A file or folder that was found, and how.
    public struct Location: Sendable, Hashable {
        /// The absolute path.
        public let path: String
        /// Why this one and no other, for `config path`.
        public let reason: String
        /// What else was looked at before it, in order.
        public let passed: [String]
    }

    /// The folder where the search begins.
    ///
    /// Invariant: absolute.
    public var workingDirectory: String
    /// The home folder of the user.
    public var home: String?
    /// The value of `SITESTACKER_HOME`, if set.
    public var stateOverride: String?
    /// Where the state lies if neither of the others does.
    public var systemState = "/var/lib/sitestacker"

    /// Looks from a given place.
    public init(workingDirectory: String, home: String?, stateOverride: String?) {
        self.workingDirectory = workingDirectory
        self.home = home
        self.stateOverride = stateOverride
    }

    /// Finds the `sitestacker.yml` in force: that of `site`, or the nearest one going upwards.
    ///
    /// - Throws: ``ConfigurationError``: `missing` if there is none, `unreadable` where a folder
    ///   cannot be looked into.
    public func configuration(site: String? = nil) throws(ConfigurationError) -> Location {
        let name = SiteConfiguration.fileName
        if let site {
            let path = joined(physical(absolute(site)), name)
            guard try exists(path) else { throw missing(path, "--site names this folder") }
            return Location(path: path, reason: "--site names its folder", passed: [])
        }
        var directory = physical(workingDirectory)
        var passed: [String] = []
        while true {
            let path = joined(directory, name)
            if try exists(path) {
                let reason =
                    passed.isEmpty
                    ? "in the working directory" : "in the nearest parent that holds one"
                return Location(path: path, reason: reason, passed: passed)
            }
            passed.append(path)
            guard directory != "/" else { break }
            directory = folder(of: directory)
        }
        throw missing(
            joined(normalised(workingDirectory), name), "neither here nor in any parent")
    }

    /// The folder where a new `sitestacker.yml` belongs: `site`, or the working directory.
    public func newSite(_ site: String? = nil) -> String {
        physical(absolute(site ?? workingDirectory))
    }

    /// Finds the state directory: `SITESTACKER_HOME`, `~/.sitestacker`, `/var/lib/sitestacker`.
    ///
    /// The override wins even where it does not exist yet. Where nothing exists it is the one at
    /// home, which the daemon then makes.
    ///
    /// - Throws: ``ConfigurationError``: `invalid` for an override which is no absolute path,
    ///   `missing` without any home folder.
    public func state() throws(ConfigurationError) -> Location {
        if let stateOverride {
            guard stateOverride.hasPrefix("/"), !stateOverride.utf8.contains(0) else {
                throw Failure(path: "SITESTACKER_HOME", operation: "find the state directory")
                    .error(.invalid, expected: "an absolute path", found: quoted(stateOverride))
            }
            return Location(
                path: normalised(stateOverride), reason: "SITESTACKER_HOME names it", passed: [])
        }
        let atHome = home.flatMap {
            $0.hasPrefix("/") ? joined(normalised($0), ".sitestacker") : nil
        }
        var passed: [String] = []
        if let atHome {
            if try exists(atHome) {
                return Location(path: atHome, reason: "in the home directory", passed: [])
            }
            passed.append(atHome)
        }
        if try exists(systemState) {
            return Location(
                path: systemState, reason: "the system's, because the user has none",
                passed: passed)
        }
        guard let atHome else {
            throw Failure(path: systemState, operation: "find the state directory").error(
                .missing, expected: "a state directory", found: "none, and no home directory",
                hint: "set SITESTACKER_HOME")
        }
        return Location(
            path: atHome, reason: "none exists yet, so the one in the home directory",
            passed: passed + [systemState])
    }

    /// The root of an installation without links on the way to it: by this path the state is named,
    /// and commands and the daemon mean the same one.
    ///
    /// Only the way to the folder that holds `sitestacker.yml`, and once, at the entrance: nothing
    /// below it is followed. A link there that names the current release (`switch: rename`) is
    /// turned by every update, and the state must not change with it. A folder that cannot be
    /// looked at keeps its name; reading it says why. Source: realpath(3).
    private func physical(_ path: String) -> String {
        guard let pointer = realpath(path, nil) else { return normalised(path) }
        defer { free(pointer) }
        return String(validatingCString: pointer) ?? normalised(path)
    }

    private func missing(_ path: String, _ hint: String) -> ConfigurationError {
        Failure(path: path, operation: "find the configuration").error(
            .missing, expected: SiteConfiguration.fileName, found: "no such file", hint: hint)
    }

    /// Whether something bears this name, be it a dangling link: reading it says what is wrong.
    private func exists(_ path: String) throws(ConfigurationError) -> Bool {
        var status = stat()
        if lstat(path, &status) == 0 { return true }
        let code = errno
        guard code == ENOENT || code == ENOTDIR else {
            throw Failure(path: path, operation: "find the configuration").error(
                .unreadable, expected: "a folder that can be searched", found: reason(code))
        }
        return false
    }

    private func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : joined(workingDirectory, path)
    }

    private func joined(_ directory: String, _ name: String) -> String {
        directory.hasSuffix("/") ? directory + name : directory + "/" + name
    }

    /// A path without empty and dot components; `..` takes the component before it away.
    private func normalised(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}
