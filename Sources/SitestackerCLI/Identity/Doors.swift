// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterModel
import ClusterSigning
import FoundationEssentials
import HTTPTransport
import NodeConfiguration
import WireFormat

/// The door of one server.
struct Door: Hashable, Sendable {
    let url: SiteURL
    let port: UInt16

    /// The door as others find it.
    init(_ url: SiteURL) {
        self.init(url, port: url.doorPort)
    }

    init(_ url: SiteURL, port: UInt16) {
        self.url = url
        self.port = port
    }
}

/// The public doors of servers, as the command line uses them.
protocol Doors: Sendable {
    /// Who is behind a door, and the numeric address that answered; the answer proves itself.
    func hello(at door: Door) async throws(ErrorDocument) -> (hello: Hello, address: String?)
    /// One message of a login.
    func login(_ message: LoginMessage, at door: Door) async throws(ErrorDocument) -> LoginReply
}

/// Doors over HTTP.
///
/// Whoever answers may be anybody: answers are bounded, their words are cut, and their exit status
/// is not taken as it is.
struct HTTPDoors: Doors {
    /// The longest message of a stranger that is shown.
    ///
    /// Unit: characters.
    private static let wordsLimit = 300

    func hello(at door: Door) async throws(ErrorDocument) -> (hello: Hello, address: String?) {
        guard let nonce = Bytes32(SecureRandom.bytes(32)) else {
            preconditionFailure("32 bytes are 32 bytes")
        }
        do {
            let request = HelloRequest(nonce: nonce, cluster: nil)
            let answer = try await send(
                try HelloCodec.encode(request), "application/octet-stream", Routes.hello, door)
            guard answer.status == 200 else { throw refusal(answer, door) }
            let sealed = try HelloCodec.decodeSealed(answer.body)
            switch HelloVerifier().verify(sealed, nonce: nonce) {
            case .success(let hello): return (hello, answer.remoteAddress)
            case .failure: throw stranger(door)
            }
        } catch let error as ErrorDocument {
            throw error
        } catch {
            throw stranger(door)
        }
    }

    func login(
        _ message: LoginMessage, at door: Door
    ) async throws(ErrorDocument) -> LoginReply {
        let body: [UInt8]
        do {
            body = Array(try JSONEncoder().encode(message))
        } catch {
            throw .unexpected("a message of the login", "one that can be written as JSON")
        }
        let answer = try await send(body, "application/json", Routes.login, door)
        guard answer.status == 200 else { throw refusal(answer, door) }
        do {
            return try JSONDecoder().decode(LoginReply.self, from: Data(answer.body))
        } catch {
            throw stranger(door)
        }
    }

    private func send(
        _ body: [UInt8], _ type: String, _ route: String, _ door: Door
    ) async throws(ErrorDocument) -> HTTPAnswer {
        let client = HTTPClient(
            endpoint: .tcp(host: door.url.host.canonical, port: door.port),
            limits: HTTPLimits(connect: .seconds(5), answer: .seconds(15)))
        let host = "\(door.url.host.inURL):\(door.port)"
        do {
            return try await client.send(
                HTTPCall(.post, route, host: host, contentType: type, body: body))
        } catch {
            throw ErrorDocument(
                code: "door-unreachable",
                message: "\(error.operation): expected \(error.expected), found \(error.found)",
                hint: error.hint, exitStatus: ExitStatus.unreachable)
        }
    }

    private func refusal(_ answer: HTTPAnswer, _ door: Door) -> ErrorDocument {
        do {
            let said = try JSONDecoder().decode(ErrorDocument.self, from: Data(answer.body))
            return Self.repeated(said)
        } catch {
            return stranger(door)
        }
    }

    /// What a stranger said, as words within one line of ours.
    static func repeated(_ said: ErrorDocument) -> ErrorDocument {
        let isLater = said.exitStatus == ExitStatus.tryLater
        return ErrorDocument(
            code: PrintableText.make(said.code, limit: 40),
            message: PrintableText.make(said.message, limit: wordsLimit),
            hint: said.hint.map { PrintableText.make($0, limit: wordsLimit) },
            exitStatus: isLater ? ExitStatus.tryLater : ExitStatus.notAuthorised)
    }

    private func stranger(_ door: Door) -> ErrorDocument {
        ErrorDocument(
            code: "wrong-server",
            message: "\(door.url.host.inURL):\(door.port): expected the door of sitestacker,"
                + " found something else",
            hint: "check the host and the port in the list of URLs",
            exitStatus: ExitStatus.unreachable)
    }
}
