// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTransport
import ServerTesting
import Testing

@testable import CacheTargets

private let openssl = ServerProcess.program("openssl")

@Suite(
    "Calls over TLS", .enabled(if: ServerProcess.isUsable(openssl)),
    .timeLimit(.minutes(1)))
struct EncryptedExchangeTests {
    private let directory: TemporaryDirectory
    private let port: UInt16

    init() throws {
        directory = try TemporaryDirectory()
        port = try freePort()
    }

    /// A server with a certificate of its own, which gives the first call this answer.
    private func server(_ answer: String) async throws -> ServerProcess {
        let (path, program) = (directory.path, try #require(openssl))
        try directory.write("answer", answer)
        let script = """
            cd "\(path)" || exit 1
            "\(program)" req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
                -keyout key.pem -out new.pem -subj /CN=127.0.0.1 \
                -addext subjectAltName=IP:127.0.0.1 && mv new.pem certificate.pem || exit 1
            (cat answer; exec sleep 60) | "\(program)" s_server -quiet \
                -accept 127.0.0.1:\(port) -cert certificate.pem -key key.pem > request
            """
        let process = try ServerProcess("/bin/sh", ["-c", script])
        try await eventually("the server listens") {
            let table = try String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)
            let place = "0100007F:" + String(format: "%04X", Int(port))
            return table.contains("\(place) 00000000:0000 0A")
        }
        return process
    }

    private func exchange(trusting authorities: String?) throws -> WebExchange {
        var exchange = WebExchange(
            try WebPlace(
                isEncrypted: true, host: "127.0.0.1", port: port,
                target: "/purge?token=secret&id=[1-3]"), timeout: .seconds(20))
        exchange.authorities = authorities
        return exchange
    }

    @Test("What is posted arrives as it was meant, brackets and all, and once")
    func post() async throws {
        let process = try await server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
        defer { process.stop() }
        let exchange = try exchange(trusting: "\(directory.path)/certificate.pem")
        try await exchange.post(
            Array(#"{"all":true}"#.utf8), type: "application/json",
            fields: [HTTPField("x-event", "7")])
        let file = "\(directory.path)/request"
        try await eventually("the request is written") {
            try String(contentsOfFile: file, encoding: .utf8).contains("true}")
        }
        let request = try String(contentsOfFile: file, encoding: .utf8)
        #expect(request.hasPrefix("POST /purge?token=secret&id=[1-3] HTTP/1.1\r\n"), "\(request)")
        #expect(request.contains("\r\nHost: 127.0.0.1:\(port)\r\n"))
        #expect(request.contains("\r\nx-event: 7\r\n"))
        #expect(request.contains("\r\nContent-Type: application/json\r\n"))
        #expect(request.hasSuffix("\r\n\r\n" + #"{"all":true}"#))
    }

    @Test("Another status is a failure that names it")
    func status() async throws {
        let process = try await server("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
        defer { process.stop() }
        let exchange = try exchange(trusting: "\(directory.path)/certificate.pem")
        let error = await #expect(throws: CacheTargetError.self) {
            try await exchange.post([], type: "text/plain")
        }
        #expect(error?.code == .httpStatus)
        #expect(error?.found == "status 403")
    }

    @Test("A certificate that nobody vouches for is refused, and the token stays here")
    func stranger() async throws {
        let process = try await server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        defer { process.stop() }
        let exchange = try exchange(trusting: nil)
        let error = await #expect(throws: CacheTargetError.self) {
            try await exchange.post([], type: "text/plain")
        }
        #expect(error?.code == .refused)
        #expect(error?.found.contains("certificate") == true, "\(String(describing: error))")
        let request = try String(contentsOfFile: "\(directory.path)/request", encoding: .utf8)
        #expect(!request.contains("secret"))
    }
}
