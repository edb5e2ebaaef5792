// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTransport
import Testing

@Suite("The HTTP client")
struct HTTPClientTests {
    private func client(
        _ server: ScriptedServer, _ limits: HTTPLimits = HTTPLimits()
    ) -> HTTPClient {
        HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: server.port), limits: limits)
    }

    private let call = HTTPCall(.get, "/x?secret=1", host: "web1")

    @Test(
        "A whole answer is taken, however it is framed and cut",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: Text/Plain; a=b\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\n"
                + "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhello",
            "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello",
        ], [1, 3, 4096])
    func whole(_ text: String, _ size: Int) async throws {
        let bytes = Array(text.utf8)
        let pieces = stride(from: 0, to: bytes.count, by: size).map {
            Array(bytes[$0..<min($0 + size, bytes.count)])
        }
        let answer = try await client(ScriptedServer(pieces)).send(call)
        #expect(answer.status == 200)
        #expect(answer.body == Array("hello".utf8))
        #expect(answer.contentType == "text/plain")
        #expect(answer.remoteAddress == "127.0.0.1")
    }

    @Test(
        "An answer that is no HTTP, or only a part, is a protocol violation",
        arguments: [
            "", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Le",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "HTTP/1.1 200 OK\r\n" + String(repeating: "a: b\r\n", count: 1000) + "\r\n",
            "HTTP/1.1 200 OK\r\na: " + String(repeating: "b", count: 100_000) + "\r\n\r\n",
        ])
    func broken(_ text: String) async {
        let error = await #expect(throws: HTTPTransportError.self) {
            try await client(ScriptedServer(text)).send(call)
        }
        #expect(error?.code == .protocolViolation)
        #expect(error?.description.contains("secret") == false)
    }

    @Test("An answer beyond the limit is refused, whatever length it names")
    func tooLarge() async {
        let limits = HTTPLimits(bodyBytes: 4)
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\n\r\nhello",
        ] {
            let error = await #expect(throws: HTTPTransportError.self) {
                try await client(ScriptedServer(text), limits).send(call)
            }
            #expect(error?.code == .tooLarge)
        }
    }

    @Test(
        "Silence ends at the deadline",
        arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"])
    func silence(_ text: String) async {
        let limits = HTTPLimits(answer: .milliseconds(100))
        let error = await #expect(throws: HTTPTransportError.self) {
            try await client(ScriptedServer(text, then: .silence), limits).send(call)
        }
        #expect(error?.code == .timeout)
    }

    @Test("A cancelled task does not wait")
    func cancelled() async {
        let server = ScriptedServer("", then: .silence)
        let task = Task { try await client(server).send(call) }
        task.cancel()
        let error = await #expect(throws: HTTPTransportError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }

    @Test("A missing socket, a dead one and a long path are told apart")
    func sockets() async throws {
        func code(_ path: String) async -> HTTPTransportError.Code? {
            do throws(HTTPTransportError) {
                _ = try await HTTPClient(endpoint: .unixSocket(path: path)).send(call)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(await code("/tmp/no-such-socket-\(UUID().uuidString)") == .missingSocket)
        #expect(await code("/etc/passwd") == .refused)
        #expect(await code("/tmp/" + String(repeating: "a", count: 200)) == .invalidRequest)
    }

    @Test("A closed port is refused, an unknown host is unreachable")
    func closed() async {
        let port = ScriptedServer.closedPort()
        let refused = await #expect(throws: HTTPTransportError.self) {
            try await HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: port)).send(call)
        }
        #expect(refused?.code == .refused)
        let unknown = await #expect(throws: HTTPTransportError.self) {
            try await HTTPClient(endpoint: .tcp(host: "a..b", port: 1)).send(call)
        }
        #expect(unknown?.code == .unreachable)
    }

    @Test(
        "A request that would say more than it should is not sent",
        arguments: [
            ("/a b", "web1"), ("/a\r\nX: y", "web1"), ("a", "web1"), ("", "web1"),
            ("/", "web1\r\nX: y"), ("/", ""), ("/\u{e9}", "web1"),
        ])
    func injection(_ target: String, _ host: String) async {
        let server = ScriptedServer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        let error = await #expect(throws: HTTPTransportError.self) {
            try await client(server).send(HTTPCall(.get, target, host: host))
        }
        #expect(error?.code == .invalidRequest)
    }
}
