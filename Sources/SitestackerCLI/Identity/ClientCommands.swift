// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser
import ClusterModel
import ClusterSigning
import FoundationEssentials
import Glibc
import NodeConfiguration
import WireFormat

/// Keys for foreign ZeroMQ clients.
struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "Keys for foreign ZeroMQ clients: add.",
        discussion: """
            Example:
              sitestacker client add monitor --scope query --out monitor.json
            """,
        subcommands: [ClientAddCommand.self])
}

/// Makes a key for a foreign client.
struct ClientAddCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Make a key for a ZeroMQ client that is no node, such as a monitor.",
        discussion: """
            Writes one new file, for its owner alone, with the key pair and with where each node \
            listens. The secret half is nowhere else.

            Example:
              sitestacker client add monitor --scope query --out monitor.json
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var signer: SignerOptions

    @Argument(help: "What people call the client.")
    var name: String

    @Option(help: "What the client may do, out of \(ScopesArgument.words).")
    var scope = ScopesArgument(.query)

    @Option(help: ArgumentHelp("The file to make.", valueName: "file"))
    var out: String

    func validate() throws {
        do {
            // The codec has the rule.
            let client = ClientKey(name: name, curveKey: CurveKey(.zero), scopes: scope.scopes)
            _ = try RecordCodec.encode(.client(client))
        } catch {
            throw ValidationError("the client: expected \(error.expected), found \(error.found)")
        }
    }

    func run(in context: CommandContext) async throws -> Int32 {
        let path = try context.locator.configuration(site: global.site).path
        return try await run(
            in: context, context.daemon(), HTTPDoors(),
            doors: SiteConfiguration.load(from: path).urls.map { Door($0) })
    }

    func run(
        in context: CommandContext, _ daemon: any Administration, _ hellos: any Doors,
        doors: [Door]
    ) async throws -> Int32 {
        let changes = try await AccountChanges(daemon)
        let administrator = try changes.accounts.administrator(signer.administrator)
        let (nodes, notes) = await connections(doors, hellos, changes.accounts)
        for note in notes { try context.output.note(note, style: .warning) }
        guard !nodes.isEmpty else {
            throw ErrorDocument(
                code: "no-nodes",
                message: "expected one server of the list at least to answer, found none",
                hint: "sitestacker status says what is wrong", exitStatus: ExitStatus.incomplete)
        }
        let secret = SecretBytes(randomCount: Curve25519.keyLength)
        guard let key = CurveKey(bytes: try Curve25519.publicKey(fromSecret: secret)) else {
            preconditionFailure("public keys have 32 bytes")
        }
        var input = try PasswordInput(
            fromInput: signer.passwords.fromInput, context.surroundings)
        let password = try input.present(of: administrator.user.name)
        let path = out.hasPrefix("/") ? out : "\(context.surroundings.workingDirectory)/\(out)"
        let file = try ClientFile(
            name: name, scopes: scope.scopes, pin: changes.accounts.pin, key: key,
            secret: secret, nodes: nodes)
        try file.write(to: path)
        let renewed: Int
        do {
            renewed = try await changes.add(
                ClientKey(name: name, curveKey: key, scopes: scope.scopes), by: administrator,
                password: password)
        } catch {
            // A key that nobody admits would only mislead.
            _ = unlink(path)
            throw error
        }
        try context.output.done(
            ChangeReport(
                change: "client-added", client: name, file: path, key: key.description,
                renewed: renewed),
            "Added client \(name) with \(scope.scopes): \(path)")
        try context.output.renewed(renewed, of: administrator.user.name)
        return ExitStatus.done
    }

    /// Where each node of the list listens, as far as it says so and the cluster knows its key.
    private func connections(
        _ doors: [Door], _ hellos: any Doors, _ accounts: ClusterAccounts
    ) async -> (nodes: [ClientFile.Node], notes: [String]) {
        let keys = Dictionary(
            accounts.current.flatMap(\.grants).map { ($0.node, $0.curveKey) },
            uniquingKeysWith: { first, _ in first })
        var nodes: [ClientFile.Node] = []
        var notes: [String] = []
        for door in doors {
            do {
                let (hello, address) = try await hellos.hello(at: door)
                guard keys[hello.node.description] == hello.curveKey.description else {
                    throw ErrorDocument.denied("no-member", "it is no member of the cluster")
                }
                nodes.append(try ClientFile.Node(hello, door, address: address))
            } catch {
                let reason = errorDocument(for: error)?.message ?? "\(error)"
                notes.append("\(door.url) is not in the file: \(reason)")
            }
        }
        return (nodes, notes)
    }
}

/// The file of a foreign client: its key pair, and where the nodes listen.
///
/// Source: docs/specification/clients.md, section 1.
struct ClientFile: Encodable {
    /// One node's sockets.
    struct Node: Encodable {
        let url: String
        let node: String
        let door: String
        let request: String
        let publish: String
        let serverKey: String
        let serverKeyZ85: String
    }

    let version = 1
    let name: String
    let scopes: String
    let cluster: String
    let rootKey: String
    let publicKey: String
    let publicKeyZ85: String
    let secretKey: String
    let secretKeyZ85: String
    let nodes: [Node]

    init(
        name: String, scopes: Scopes, pin: ClusterPin, key: CurveKey, secret: SecretBytes,
        nodes: [Node]
    ) throws {
        let bytes = secret.withUnsafeBytes { [UInt8]($0) }
        self.name = name
        self.scopes = scopes.description
        cluster = pin.cluster.description
        rootKey = pin.root.description
        publicKey = key.description
        publicKeyZ85 = try Z85.encode(key.bytes)
        secretKey = Hexadecimal.encode(bytes)
        secretKeyZ85 = try Z85.encode(bytes)
        self.nodes = nodes
    }

    /// Makes the file, for its owner alone; one that exists is left as it is.
    ///
    /// - Throws: `ErrorDocument` where it exists or cannot be written.
    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let bytes = Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path, errno) }
        defer { _ = close(descriptor) }
        do {
            try FileDescriptorSink(descriptor: descriptor).write(bytes)
        } catch {
            let code = errno
            _ = unlink(path)
            throw failure(path, code)
        }
    }

    private func failure(_ path: String, _ code: Int32) -> ErrorDocument {
        ErrorDocument(
            code: "output-failed",
            message: "\(path): expected a new file, found \(String(cString: strerror(code)))",
            hint: "a file that exists is never overwritten", exitStatus: ExitStatus.failed)
    }
}

extension ClientFile.Node {
    init(_ hello: Hello, _ door: Door, address: String?) throws {
        let host = hello.endpoints.host ?? address ?? door.url.host.canonical
        let bare = host.contains(":") ? "[\(host)]" : host
        self.init(
            url: door.url.display, node: hello.node.description,
            door: "http://\(door.url.host.inURL):\(door.port)",
            request: "tcp://\(bare):\(hello.endpoints.requestPort)",
            publish: "tcp://\(bare):\(hello.endpoints.publishPort)",
            serverKey: hello.curveKey.description,
            serverKeyZ85: try Z85.encode(hello.curveKey.bytes))
    }
}
