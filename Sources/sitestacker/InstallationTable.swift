// SPDX-License-Identifier: Apache-2.0
internal import AdminAPI
internal import NodeConfiguration
internal import NodeRuntime
internal import Synchronization

/// The installations of this daemon, by directory and by host name.
struct InstallationTable: Installations {
    /// One installation and what it is found by.
    struct Entry: Sendable {
        let installation: Installation
        /// Its directory.
        let site: String
        /// The host names of its list.
        let hosts: HostNames
        /// The door it is behind: address and port.
        let door: String
    }

    let entries: [Entry]

    func admin(site: String?) throws(ErrorDocument) -> any AdminService {
        guard let site else {
            guard let only = entries.first, entries.count == 1 else {
                throw ErrorDocument(
                    code: "ambiguous-site",
                    message: "this daemon serves \(entries.count) installations",
                    hint: "name one with --site DIR", exitStatus: ExitStatus.usage)
            }
            return only.installation
        }
        guard let entry = entries.first(where: { $0.site == site }) else {
            throw ErrorDocument(
                code: "unknown-site", message: "this daemon does not serve \(site)",
                hint: "it serves \(entries.map(\.site).joined(separator: ", "))",
                exitStatus: ExitStatus.usage)
        }
        return entry.installation
    }

    func door(host: String?) throws(ErrorDocument) -> any DoorService {
        if entries.count == 1, let only = entries.first { return only.installation }
        let matches = entries.filter { $0.hosts.contains(host ?? "") }
        guard let match = matches.first, matches.count == 1 else {
            throw ErrorDocument(
                code: "ambiguous-host",
                message:
                    "expected the host name of one installation, found \(matches.count) for it",
                hint: "give each installation a host name of its own",
                exitStatus: ExitStatus.configuration)
        }
        return match.installation
    }

    /// The installations behind one door.
    func behind(_ door: String) -> InstallationTable {
        InstallationTable(entries: entries.filter { $0.door == door })
    }
}

/// The host names of an installation's list, as the configuration in force has them.
final class HostNames: Sendable {
    /// In lower case.
    private let names: Mutex<Set<String>>

    init(of urls: [SiteURL]) { names = Mutex(HostNames.names(of: urls)) }

    /// Takes another list.
    func take(_ urls: [SiteURL]) {
        let new = HostNames.names(of: urls)
        names.withLock { $0 = new }
    }

    func contains(_ host: String) -> Bool { names.withLock { $0.contains(host) } }

    private static func names(of urls: [SiteURL]) -> Set<String> {
        Set(urls.map(\.host.canonical))
    }
}
