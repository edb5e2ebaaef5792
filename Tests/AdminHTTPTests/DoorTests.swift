// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import AdminHTTP
import Foundation
import HTTPTransport
import NodeRuntimeTesting
import Testing

@Suite("The door", .serialized)
struct DoorTests {
    private func installations(isReady: Bool = true) -> (FakeInstallations, FakeAdminService) {
        var script = AdminScript(
            otherwise: ErrorDocument(code: "x", message: "x", exitStatus: ExitStatus.failed))
        script.isReady = isReady
        let service = FakeAdminService(script)
        return (FakeInstallations(sites: [:], hosts: ["web1": service]), service)
    }

    private func status(_ answer: String) -> Int {
        Int(answer.dropFirst(9).prefix(3)) ?? 0
    }

    @Test("A hello goes in and out as bytes, with the address that answered")
    func hello() async throws {
        let (installations, service) = installations()
        try await withDoor(installations) { port in
            let client = HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: port))
            let bytes: [UInt8] = [0, 255, 10, 13, 0]
            let answer = try await client.send(
                HTTPCall(.post, Routes.hello, host: "web1:\(port)", body: bytes))
            #expect(answer.status == 200)
            #expect(answer.body == bytes.reversed())
            #expect(answer.remoteAddress == "127.0.0.1")
            #expect(service.calls == ["hello 5"])
        }
    }

    @Test(
        "Ready says 200 or 503, and the kinds of what is missing",
        arguments: [(true, 200, "ready\n"), (false, 503, "not ready: log, clear\n")])
    func ready(_ isReady: Bool, _ expected: Int, _ line: String) async throws {
        try await withDoor(installations(isReady: isReady).0) { port in
            let client = HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: port))
            let answer = try await client.send(HTTPCall(.get, Routes.ready, host: "WEB1.:5570"))
            #expect(answer.status == expected)
            #expect(String(decoding: answer.body, as: UTF8.self) == line)
        }
    }

    @Test("A login message is answered, with the address it came from")
    func login() async throws {
        let (installations, service) = installations()
        try await withDoor(installations) { port in
            let client = HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: port))
            let body = Array(#"{"step":"start","name":"alice"}"#.utf8)
            let answer = try await client.send(
                HTTPCall(
                    .post, Routes.login, host: "web1", contentType: "application/json", body: body))
            #expect(answer.status == 200)
            #expect(String(decoding: answer.body, as: UTF8.self) == #"{"session":"start"}"#)
            #expect(service.calls == ["login start from 127.0.0.1"])
        }
    }

    @Test(
        "Nothing else is answered, and errors name nothing",
        arguments: [
            ("GET /hello HTTP/1.1\r\nHost: web1\r\n\r\n", 405),
            ("POST /ready HTTP/1.1\r\nHost: web1\r\nContent-Length: 0\r\n\r\n", 405),
            ("GET /v1/identity HTTP/1.1\r\nHost: web1\r\n\r\n", 404),
            ("GET / HTTP/1.1\r\nHost: web1\r\n\r\n", 404),
            ("GET /ready?verbose HTTP/1.1\r\nHost: web1\r\n\r\n", 404),
            ("GET //ready HTTP/1.1\r\nHost: web1\r\n\r\n", 404),
            ("GET /x/%2e%2e/ready HTTP/1.1\r\nHost: web1\r\n\r\n", 404),
            ("GET /x/%252e%252e/ready HTTP/1.1\r\nHost: web1\r\n\r\n", 404),
            ("GET /%252e/ready HTTP/1.1\r\nHost: web1\r\n\r\n", 404),
            ("GET /rea%2564y HTTP/1.1\r\nHost: web1\r\n\r\n", 404),
            ("GET http://web1/ready HTTP/1.1\r\nHost: evil\r\n\r\n", 421),
            ("GET /ready HTTP/1.1\r\nHost: evil\r\n\r\n", 421),
            ("GET /ready HTTP/1.1\r\n\r\n", 421),
            ("GET /ready HTTP/1.0\r\n\r\n", 421),
            ("GET /ready HTTP/1.1\r\nHost: web1\r\nHost: web1\r\n\r\n", 400),
            ("POST /hello HTTP/1.1\r\nHost: web1\r\nContent-Length: 0\r\n\r\n", 400),
            ("POST /hello HTTP/1.1\r\nHost: web1\r\nContent-Length: 65537\r\n\r\n", 413),
            ("POST /login HTTP/1.1\r\nHost: web1\r\nContent-Length: 2\r\n\r\n{}", 415),
            (
                "POST /login HTTP/1.1\r\nHost: web1\r\nContent-Type: application/json\r\n"
                    + "Content-Length: 29\r\n\r\n{\"step\":\"start\",\"step\":\"grant\"}", 400
            ),
            (
                "POST /hello HTTP/1.1\r\nHost: web1\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "10001\r\n" + String(repeating: "a", count: 65_537) + "\r\n0\r\n\r\n", 413
            ),
            ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}", 400),
        ])
    func refusals(_ request: String, _ expected: Int) async throws {
        let (installations, service) = installations()
        try await withDoor(installations) { port in
            let request = request.replacing(
                "\r\n\r\n", with: "\r\nConnection: close\r\n\r\n", maxReplacements: 1)
            let answer = await RawClient.exchange([request], at: .port(port))
            #expect(status(answer) == expected, "\(answer.prefix(300))")
            #expect(!answer.hasSuffix("(still open)"))
            let body = answer.components(separatedBy: "\r\n\r\n").dropFirst().joined()
            #expect(!body.contains("web1") && !body.contains("evil"))
            #expect(service.calls.allSatisfy { $0 == "hello 0" })
        }
    }

    @Test(
        "Whoever does not come to the point is cut off",
        arguments: [
            [""], ["GET /ready HT"], ["GET /ready HTTP/1.1\r\nHost: web1\r\nX-Slow: a"],
            ["POST /hello HTTP/1.1\r\nHost: web1\r\nContent-Length: 10\r\n\r\nabc"],
            ["GET /ready HTTP/1.1\r\nHost: web1\r\n\r\n", "GET /rea"],
        ])
    func slow(_ pieces: [String]) async throws {
        var limits = DoorLimits()
        limits.head = .milliseconds(200)
        limits.connection = .milliseconds(400)
        let (installations, _) = installations()
        try await withDoor(installations, limits: limits) { port in
            let answer = await RawClient.exchange(pieces, at: .port(port))
            #expect(!answer.hasSuffix("(still open)"))
        }
    }

    @Test("One address cannot ask without end")
    func rate() async throws {
        var limits = DoorLimits()
        limits.burst = 3
        limits.rate = 1
        let (installations, _) = installations()
        try await withDoor(installations, limits: limits) { port in
            let client = HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: port))
            var seen: Set<Int> = []
            for _ in 0..<20 where !seen.contains(429) {
                let answer = try await client.send(HTTPCall(.get, Routes.ready, host: "web1"))
                seen.insert(answer.status)
            }
            #expect(seen == [200, 429])
        }
    }

    @Test("One address cannot hold every connection")
    func connections() async throws {
        var limits = DoorLimits()
        limits.connectionsPerAddress = 2
        limits.head = .seconds(60)
        let (installations, _) = installations()
        try await withDoor(installations, limits: limits) { port in
            let held = [RawClient.connected(to: .port(port)), RawClient.connected(to: .port(port))]
            let refused = await RawClient.exchange(
                ["GET /ready HTTP/1.1\r\nHost: web1\r\n\r\n"], at: .port(port))
            #expect(refused == "")
            for descriptor in held { close(descriptor) }
            let client = HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: port))
            var isAnswered = false
            let deadline = ContinuousClock.now + .seconds(20)
            while !isAnswered, ContinuousClock.now < deadline {
                do {
                    isAnswered =
                        try await client.send(HTTPCall(.get, Routes.ready, host: "web1")).status
                        == 200
                } catch let error as HTTPTransportError {
                    #expect(error.code == .protocolViolation)
                }
            }
            #expect(isAnswered)
        }
    }

    @Test("A port that is taken is a clear error")
    func taken() async throws {
        let (installations, _) = installations()
        try await withDoor(installations) { port in
            let second = DoorServer(
                host: "127.0.0.1", port: port, installations: installations, logger: quietLogger)
            let error = await #expect(throws: ServerError.self) { try await second.run() }
            #expect(error?.code == .alreadyRunning)
            #expect(error?.description.contains("127.0.0.1:\(port)") == true)
        }
    }
}
