// SPDX-License-Identifier: Apache-2.0
internal import Foundation
internal import Glibc
internal import NodeConfiguration
internal import WireFormat

/// The two ports of an installation's mesh sockets.
struct MeshPorts: Sendable, Hashable {
    /// ROUTER: door + 1 for the daemon's first installation.
    let request: UInt16
    /// PUB: door + 2 for the daemon's first installation.
    let publish: UInt16

    /// What the node tells others of itself; a host only where it is not the one they asked.
    func endpoints(on host: String?) -> Endpoints {
        Endpoints(host: host, publishPort: publish, requestPort: request)
    }

    /// How many pairs a further installation looks at.
    private static let pairLimit = 32

    /// The pair of this installation: of the daemon's first one what follows its door, of each
    /// further one what it took before, or else the next free pair.
    ///
    /// What it took before is not believed where another installation of this daemon, or another
    /// program, has it now: installations may be served alone, or in another order.
    ///
    /// - Parameter taken: What installations before this one took.
    /// - Throws: `ConfigurationError` where the state cannot be written, or no pair is free.
    static func choose(
        door: UInt16, address: String, after taken: [MeshPorts], state: SiteState
    ) throws -> MeshPorts {
        let following = (0..<pairLimit).compactMap { MeshPorts(door: door, place: $0) }
        let known = try state.read(.ports).flatMap { MeshPorts(bytes: $0) }
        let chosen =
            taken.isEmpty
            ? following.first
            : ([known].compactMap(\.self) + following).first {
                !$0.overlaps(taken) && $0.isFree(on: address)
            }
        guard let chosen else {
            throw ConfigurationError(
                code: .invalid, operation: "choose ports for the mesh",
                findings: [
                    Finding(
                        file: SiteConfiguration.fileName,
                        expected: "two free ports after the door's, which is \(door)",
                        found: "none among the next \(2 * pairLimit)",
                        hint: "set port: to another door")
                ])
        }
        if chosen != known { try state.write(.ports, chosen.bytes) }
        return chosen
    }

    /// The pair at a place after a door; `nil` beyond the highest port.
    private init?(door: UInt16, place: Int) {
        guard let publish = UInt16(exactly: Int(door) + 2 + 2 * place) else { return nil }
        self.init(request: publish - 1, publish: publish)
    }

    private init(request: UInt16, publish: UInt16) {
        self.request = request
        self.publish = publish
    }

    private init?(bytes: [UInt8]) {
        guard bytes.count == 4 else { return nil }
        self.init(
            request: UInt16(bytes[0]) << 8 | UInt16(bytes[1]),
            publish: UInt16(bytes[2]) << 8 | UInt16(bytes[3]))
    }

    private var bytes: [UInt8] {
        [request, publish].flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    }

    private func overlaps(_ others: [MeshPorts]) -> Bool {
        others.contains { !Set([$0.request, $0.publish]).isDisjoint(with: [request, publish]) }
    }

    private func isFree(on address: String) -> Bool {
        [request, publish].allSatisfy { Self.isFree($0, on: address) }
    }

    /// Whether it can be bound now, as libzmq will: over what an ended program left behind.
    private static func isFree(_ port: UInt16, on address: String) -> Bool {
        let isIPv6 = address.contains(":")
        let descriptor = socket(
            isIPv6 ? AF_INET6 : AF_INET,
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var on: Int32 = 1
        _ = setsockopt(
            descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        if isIPv6 {
            var target = sockaddr_in6()
            target.sin6_family = sa_family_t(AF_INET6)
            target.sin6_port = port.bigEndian
            inet_pton(AF_INET6, address, &target.sin6_addr)
            return isBound(descriptor, to: &target)
        }
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        inet_pton(AF_INET, address, &target.sin_addr)
        return isBound(descriptor, to: &target)
    }

    private static func isBound<Target>(_ descriptor: Int32, to target: inout Target) -> Bool {
        withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<Target>.size)) == 0
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
