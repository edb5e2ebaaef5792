// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import ClusterSigning
internal import Foundation
internal import Glibc
internal import NodeRuntime
internal import WireFormat

/// A cluster made for one run: four nodes with real keys and grants, in a folder that its processes
/// share.
struct Fixture: Sendable {
    /// The origin and three subscribers.
    static let nodeCount = 1 + Scoreboard.subscriberCount
    private static let day: UInt64 = 86_400_000

    /// The folder of the run.
    let folder: String
    let identities: [NodeIdentity]
    let pin: ClusterPin
    let records: [SealedRecord]
    /// Two a node: PUB's, ROUTER's.
    let ports: [UInt16]

    /// The address of a node: each has a loopback address of its own.
    static func address(of index: Int) -> String { "127.0.0.\(index + 1)" }

    /// The list of URLs, the same on all.
    static var addresses: [NodeAddress] {
        (0..<nodeCount).map {
            NodeAddress(url: "http://\(address(of: $0))/", host: address(of: $0), port: 5_570)
        }
    }

    /// This run of a node.
    func instance(of index: Int) -> InstanceID {
        InstanceID(high: pin.cluster.raw.prefix, low: UInt64(index) + 1)
    }

    /// Where a node's sockets listen.
    func endpoints(of index: Int) -> Endpoints {
        Endpoints(
            host: Fixture.address(of: index), publishPort: ports[2 * index],
            requestPort: ports[2 * index + 1])
    }

    /// The grant of a node.
    func grant(of index: Int) -> SealedRecord { records[1 + index] }

    /// Makes keys, an account, a grant a node, and writes them down for the other processes.
    static func make(in folder: String) throws -> Fixture {
        let user = try SigningKey()
        guard let key = UserKey(bytes: user.verificationKey.bytes),
            let raw = Bytes32(SecureRandom.bytes(32))
        else { throw BenchmarkError(operation: "make keys", detail: "expected 32 bytes") }
        let pin = ClusterPin(cluster: ClusterID(raw), root: key)
        let identities = try (0..<nodeCount).map { _ in try NodeIdentity() }
        let sealer = RecordSealer(cluster: pin.cluster)
        let account = Account(
            name: "bench", email: "bench@example.com", fullName: "bench", key: key, scopes: .all,
            serial: 1, credential: nil)
        var records = [try sealer.seal(.account(account), with: user).sealed]
        let now = HostClocks().now().wall.milliseconds
        for identity in identities {
            let grant = Grant(
                user: key, nodeKey: identity.nodeKey, node: identity.node,
                curveKey: identity.curveKey, scopes: .all,
                notBefore: WallTime(milliseconds: now - day),
                notAfter: WallTime(milliseconds: now + day), serial: 1)
            records.append(try sealer.seal(.grant(grant), with: user).sealed)
        }
        let fixture = Fixture(
            folder: folder, identities: identities, pin: pin, records: records,
            ports: try FreePorts.find(on: (0..<nodeCount).map { address(of: $0) }, each: 2))
        try fixture.write()
        return fixture
    }

    private func write() throws {
        let keys = identities.flatMap { NodeKeyFile.encode($0).withUnsafeBytes { [UInt8]($0) } }
        let numbers = ports.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
        let files = [
            ("keys", keys), ("pin", ClusterPinFile.encode(pin)),
            ("records", try RecordFile.encode(records)), ("ports", numbers),
        ]
        for (name, bytes) in files {
            try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)"))
        }
    }

    /// Reads what another process of the run wrote.
    static func read(from folder: String) throws -> Fixture {
        func bytes(_ name: String) throws -> [UInt8] {
            Array(try Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
        }
        let keys = try bytes("keys")
        let ports = try bytes("ports")
        return Fixture(
            folder: folder,
            identities: try (0..<nodeCount).map { index in
                let size = NodeKeyFile.byteCount
                var key = Array(keys[(index * size)..<((index + 1) * size)])
                return try NodeKeyFile.decode(SecretBytes(moving: &key))
            },
            pin: try ClusterPinFile.decode(try bytes("pin")),
            records: try RecordFile.decode(try bytes("records")),
            ports: stride(from: 0, to: ports.count, by: 2).map {
                UInt16(ports[$0]) << 8 | UInt16(ports[$0 + 1])
            })
    }
}

/// Ports that nobody listens on.
enum FreePorts {
    /// Some for each address; all are held until the last is found, so none comes twice.
    static func find(on addresses: [String], each count: Int) throws(BenchmarkError) -> [UInt16] {
        var descriptors: [CInt] = []
        defer { for descriptor in descriptors { close(descriptor) } }
        var ports: [UInt16] = []
        for address in addresses {
            for _ in 0..<count {
                let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                guard descriptor >= 0 else { throw .system("open a socket") }
                descriptors.append(descriptor)
                ports.append(try take(descriptor, on: address))
            }
        }
        return ports
    }

    private static func take(
        _ descriptor: CInt, on address: String
    ) throws(BenchmarkError) -> UInt16 {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        inet_pton(AF_INET, address, &name.sin_addr)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard status else { throw .system("bind to \(address)") }
        return name.sin_port.bigEndian
    }
}
