// SPDX-License-Identifier: Apache-2.0
internal import AdminAPI
internal import NodeRuntime

/// The installations of this daemon, by directory and by host name.
struct InstallationTable: Installations {
    /// One installation and what it is found by.
    struct Entry: Sendable {
        let installation: Installation
        /// Its directory.
        let site: String
        /// The host names of its list, in lower case.
        let hosts: Set<String>
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
