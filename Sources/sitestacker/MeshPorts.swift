// SPDX-License-Identifier: Apache-2.0
internal import Foundation
internal import Glibc
internal import NodeConfiguration

/// The two ports of an installation's mesh sockets.
struct MeshPorts: Sendable {
    /// ROUTER: door + 1 for the daemon's first installation.
    let request: UInt16
    /// PUB: door + 2 for the daemon's first installation.
    let publish: UInt16

    /// The pair of this installation: the one it took before, else the next free one.
    ///
    /// - Throws: `ConfigurationError` where the state cannot be written, or no pair is free.
    static func choose(
        door: UInt16, address: String, order: Int, state: SiteState
    ) throws -> MeshPorts {
        let first = door + 1 + UInt16(2 * order)
        if let bytes = try state.read(.ports), bytes.count == 4 {
            let request = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
            let publish = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
            if order > 0 || request == first {
                return MeshPorts(request: request, publish: publish)
            }
        }
        for request in stride(from: first, to: first &+ 64, by: 2)
        where order == 0 || (isFree(request, on: address) && isFree(request + 1, on: address)) {
            let words = [request, request + 1]
            try state.write(.ports, words.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] })
            return MeshPorts(request: request, publish: request + 1)
        }
        throw ConfigurationError(
            code: .invalid, operation: "choose ports for the mesh",
            findings: [
                Finding(
                    file: SiteConfiguration.fileName, expected: "two free ports after the door's",
                    found: "none from \(first) to \(first + 63)", hint: "set port: to another door")
            ])
    }

    private static func isFree(_ port: UInt16, on address: String) -> Bool {
        let isIPv6 = address.contains(":")
        let descriptor = socket(
            isIPv6 ? AF_INET6 : AF_INET,
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard !isIPv6 else { return true }
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        inet_pton(AF_INET, address, &target.sin_addr)
        return withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// Where files lie that other programs of this host must be able to read.
enum RuntimeDirectory {
    /// Makes a folder for the script that PHP-FPM runs; others may pass and read, not write.
    ///
    /// Below the one that systemd made for this service, where there is one: /tmp may be another
    /// one for PHP-FPM (`PrivateTmp=`), and anybody may take a name there first.
    /// Source: systemd.exec(5), `RuntimeDirectory=`.
    /// - Throws: `ConfigurationError` where it cannot be made.
    static func make(for state: SiteState) throws -> String {
        let parent = try parent()
        let name = state.folder.split(separator: "/").last.map(String.init) ?? "site"
        let path = "\(parent)/\(name)"
        for folder in [parent, path] {
            if mkdir(folder, 0o755) != 0, errno != EEXIST {
                throw failure(
                    .unreadable, folder, expected: "to make a folder",
                    found: String(cString: strerror(errno)))
            }
            try check(folder)
        }
        return path
    }

    private static func parent() throws -> String {
        let given = ProcessInfo.processInfo.environment["RUNTIME_DIRECTORY"] ?? ""
        guard let first = given.split(separator: ":").first.map(String.init) else {
            return geteuid() == 0 ? "/run/sitestacker" : "/tmp/sitestacker-\(geteuid())"
        }
        guard first.hasPrefix("/") else {
            throw failure(
                .unsafe, first, expected: "an absolute path in RUNTIME_DIRECTORY",
                found: "another one")
        }
        return first
    }

    /// Refuses a folder in which somebody else could put a script in place of ours.
    private static func check(_ folder: String) throws {
        let attributes = try FileManager.default.attributesOfItem(atPath: folder)
        let isOurs = attributes[.ownerAccountID] as? UInt32 == geteuid()
        let mode = attributes[.posixPermissions] as? Int ?? 0o777
        guard attributes[.type] as? FileAttributeType == .typeDirectory, isOurs, mode & 0o022 == 0
        else {
            throw failure(
                .unsafe, folder,
                expected: "a folder of ours which nobody else may write; RuntimeDirectory= in the "
                    + "unit gives one of its own",
                found: "another one")
        }
    }

    private static func failure(
        _ code: ConfigurationError.Code, _ folder: String, expected: String, found: String
    ) -> ConfigurationError {
        ConfigurationError(
            code: code, operation: "make the runtime directory",
            findings: [Finding(file: folder, expected: expected, found: found)])
    }
}
