// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import AdminHTTP
import Foundation
import Glibc
import HTTPTransport
import NodeRuntimeTesting
import ServiceLifecycle
import Testing

@Suite("The local socket", .serialized)
struct LocalSocketTests {
    private static let refusal = ErrorDocument(
        code: "not-logged-in", message: "this node is not logged in", hint: "log in",
        exitStatus: ExitStatus.notAuthorised)

    private func script() -> AdminScript {
        var script = AdminScript(otherwise: Self.refusal)
        script.publish = .success(
            PublishAnswer(
                id: "n-1-1", level: "one", isConfirmed: true, confirmedBy: [], missing: []))
        return script
    }

    private func status(_ answer: String) -> Int {
        Int(answer.dropFirst(9).prefix(3)) ?? 0
    }

    private func post(_ path: String, _ body: String, type: String = "application/json") -> String {
        "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Type: \(type)\r\n"
            + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
    }

    private static let publish = #"{"topic":"t","timeoutMilliseconds":1}"#

    @Test(
        "Each request gets the answer it deserves",
        arguments: [
            ("GET /v1/members HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200),
            ("GET /v1/identity HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 403),
            ("GET /v1/members?site=%2Fsite HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200),
            ("GET /v1/members?site=%2Fother HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
            ("GET /v1/members?colour=red HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
            ("GET /v1/event?id=a&id=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
            ("GET /v1/event HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
            ("GET /v1/event?id=a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
            ("GET /v1/events?limit=0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
            ("GET /v1/events?limit=1e3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
            ("GET /v1/events?follow=yes HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
            ("GET /v1/%6dembers HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
            ("GET /v1/../v1/members HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
            ("GET /%252e/v1/members HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
            ("GET /v1/x/%252e%252e/members HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
            (
                "GET /v1/members?site=%252Fsite HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                404
            ),
            ("GET http://evil/v1/members HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200),
            ("POST /v1/members HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405),
            ("OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
            ("GET /v1/members\r\n\r\n", 400),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
            ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", 400),
            ("SSH-2.0-OpenSSH_9.2\r\n", 400),
            ("POST /v1/publish HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
            ("POST /v1/publish HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 2\r\n\r\nab", 400),
            (
                "POST /v1/publish HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400
            ),
            (
                "GET /v1/members HTTP/1.1\r\nHost: x\r\n"
                    + String(repeating: "a: b\r\n", count: 10_000) + "\r\n", 400
            ),
            (
                "GET /v1/members HTTP/1.1\r\nHost: x\r\na: "
                    + String(repeating: "b", count: 1 << 20) + "\r\n\r\n", 400
            ),
        ])
    func requests(_ request: String, _ expected: Int) async throws {
        let installations = FakeInstallations(sites: ["/site": FakeAdminService(script())])
        try await withFolder { folder in
            try await withLocalServer(installations, in: folder) { socket in
                let answer = await RawClient.exchange([request], at: .socket(socket), half: false)
                #expect(status(answer) == expected, "\(answer.prefix(200))")
                #expect(!answer.hasSuffix("(still open)"))
            }
        }
    }

    @Test(
        "A body that is not the document is refused, and nothing is published",
        arguments: [
            (publish, "text/plain", 415), ("", "application/json", 400),
            (#"{"topic":"a","topic":"b","timeoutMilliseconds":1}"#, "application/json", 400),
            (#"{"topic":"a"}"#, "application/json", 400),
            (#"{"topic":"a","timeoutMilliseconds":1e400}"#, "application/json", 400),
            (#"{"topic":"a","timeoutMilliseconds":-1}"#, "application/json", 400),
            (#"{"topic":"\ud800","timeoutMilliseconds":1}"#, "application/json", 400),
            (String(repeating: "[", count: 100_000), "application/json", 400),
            (String(repeating: " ", count: (2 << 20) + 1), "application/json", 413),
        ])
    func bodies(_ body: String, _ type: String, _ expected: Int) async throws {
        let service = FakeAdminService(script())
        let installations = FakeInstallations(sites: ["/site": service])
        try await withFolder { folder in
            try await withLocalServer(installations, in: folder) { socket in
                let request = post(Routes.publish, body, type: type)
                let answer = await RawClient.exchange([request], at: .socket(socket))
                #expect(status(answer) == expected, "\(answer.prefix(200))")
                #expect(service.requests.isEmpty)
            }
        }
    }

    @Test(
        "The lock is a document like any other; held by another it is a conflict",
        arguments: [
            (Routes.lock, #"{"ttlMilliseconds":1000,"timeoutMilliseconds":1}"#, 409),
            (Routes.lock, #"{"ttlMilliseconds":1000,"timeoutMilliseconds":1,"force":true}"#, 400),
            (Routes.lock, #"{"timeoutMilliseconds":1}"#, 400),
            (Routes.unlock, #"{"timeoutMilliseconds":1}"#, 409),
            (Routes.unlock, #"{"timeoutMilliseconds":1,"reason":"x"}"#, 400),
        ])
    func locks(_ path: String, _ body: String, _ expected: Int) async throws {
        var script = script()
        script.lock = .failure(
            ErrorDocument(code: "locked", message: "x", exitStatus: ExitStatus.tryLater))
        let service = FakeAdminService(script)
        let installations = FakeInstallations(sites: ["/site": service])
        try await withFolder { folder in
            try await withLocalServer(installations, in: folder) { socket in
                let answer = await RawClient.exchange([post(path, body)], at: .socket(socket))
                #expect(status(answer) == expected, "\(answer.prefix(200))")
                #expect(service.calls.count == (expected == 409 ? 1 : 0))
            }
        }
    }

    /// What browsers send for pages of other sites: the head's lines, and the answer's status.
    private static let foreign: [(String, Int)] = [
        ("GET /v1/members HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade, close", 200),
        ("GET /v1/members HTTP/1.1\r\nOrigin: http://evil\r\nConnection: close", 200),
        ("OPTIONS /v1/publish HTTP/1.1\r\nOrigin: http://evil\r\nConnection: close", 405),
    ]

    @Test("No connection becomes another protocol, and no page of another site reads an answer")
    func foreignPages() async throws {
        let installations = FakeInstallations(sites: ["/site": FakeAdminService(script())])
        try await withFolder { folder in
            try await withLocalServer(installations, in: folder) { socket in
                for (head, expected) in Self.foreign {
                    let request = head + "\r\nHost: x\r\n\r\n"
                    let answer = await RawClient.exchange(
                        [request], at: .socket(socket), half: false)
                    #expect(status(answer) == expected, "\(answer.prefix(200))")
                    #expect(!answer.lowercased().contains("access-control-allow"))
                }
            }
        }
    }

    @Test("A client learns why a body was refused, also one that is still being sent")
    func refusedBody() async throws {
        let installations = FakeInstallations(sites: ["/site": FakeAdminService(script())])
        try await withFolder { folder in
            try await withLocalServer(installations, in: folder) { socket in
                let client = HTTPClient(endpoint: .unixSocket(path: socket))
                let body = [UInt8](repeating: 0x20, count: 32 << 20)
                let answer = try await client.send(
                    HTTPCall(
                        .post, Routes.publish, host: "x", contentType: "application/json",
                        body: body))
                #expect(answer.status == 413)
            }
        }
    }

    @Test("A good body is published, whole and cut into pieces", arguments: [1, 7, 1000])
    func goodBody(_ size: Int) async throws {
        let service = FakeAdminService(script())
        let installations = FakeInstallations(sites: ["/site": service])
        try await withFolder { folder in
            try await withLocalServer(installations, in: folder) { socket in
                let bytes = Array(post(Routes.publish, Self.publish).utf8)
                let pieces = stride(from: 0, to: bytes.count, by: size).map {
                    Array(bytes[$0..<min($0 + size, bytes.count)])
                }
                let answer = await RawClient.exchange(bytes: pieces, at: .socket(socket))
                #expect(status(answer) == 200, "\(answer.prefix(200))")
                #expect(service.requests.map(\.topic) == ["t"])
            }
        }
    }

    @Test("Pipelined requests are answered one after the other")
    func pipelining() async throws {
        let installations = FakeInstallations(sites: ["/site": FakeAdminService(script())])
        try await withFolder { folder in
            try await withLocalServer(installations, in: folder) { socket in
                let first = "GET /v1/members HTTP/1.1\r\nHost: x\r\n\r\n"
                let last = "GET /v1/members HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                let answer = await RawClient.exchange([first + first + last], at: .socket(socket))
                #expect(answer.components(separatedBy: "HTTP/1.1 200").count == 4)
            }
        }
    }

    @Test("Somebody else's user is refused, whatever he asks")
    func otherUser() async throws {
        let service = FakeAdminService(script())
        let installations = FakeInstallations(sites: ["/site": service])
        try await withFolder { folder in
            try await withLocalServer(installations, in: folder, for: .administrators([4_000_000]))
            { socket in
                let client = HTTPClient(endpoint: .unixSocket(path: socket))
                let answer = try await client.send(HTTPCall(.get, Routes.members, host: "x"))
                #expect(answer.status == 403)
                #expect(service.calls.isEmpty)
            }
        }
    }

    @Test("The socket is its owner's alone, and gone afterwards")
    func mode() async throws {
        let installations = FakeInstallations(sites: [:])
        try await withFolder { folder in
            try await withLocalServer(installations, in: folder) { socket in
                let attributes = try FileManager.default.attributesOfItem(atPath: socket)
                #expect(attributes[.posixPermissions] as? Int == 0o600)
            }
            #expect(!FileManager.default.fileExists(atPath: folder + "/daemon.sock"))
        }
    }

    @Test("A second daemon is refused, and the first one goes on")
    func secondDaemon() async throws {
        let installations = FakeInstallations(sites: ["/site": FakeAdminService(script())])
        try await withFolder { folder in
            try await withLocalServer(installations, in: folder) { socket in
                let second = LocalSocketServer(
                    path: socket, installations: installations, logger: quietLogger)
                let error = await #expect(throws: ServerError.self) { try await second.run() }
                #expect(error?.code == .alreadyRunning)
                let client = HTTPClient(endpoint: .unixSocket(path: socket))
                let answer = try await client.send(HTTPCall(.get, Routes.members, host: "x"))
                #expect(answer.status == 200)
            }
        }
    }

    @Test("What a dead daemon left behind is replaced; a file is not")
    func leftovers() async throws {
        let installations = FakeInstallations(sites: ["/site": FakeAdminService(script())])
        try await withFolder { folder in
            let path = folder + "/daemon.sock"
            let dead = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let bound = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(dead, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            close(dead)
            #expect(bound == 0 && FileManager.default.fileExists(atPath: path))
            try await withLocalServer(installations, in: folder) { _ in }

            try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
            let server = LocalSocketServer(
                path: path, installations: installations, logger: quietLogger)
            let error = await #expect(throws: ServerError.self) { try await server.run() }
            #expect(error?.code == .notASocket)
            #expect(FileManager.default.contents(atPath: path) == Data("precious".utf8))
        }
    }

    @Test("A stream ends whole when the daemon is told to stop, and the daemon ends")
    func stopping() async throws {
        let service = endlessService()
        let installations = FakeInstallations(sites: ["/site": service])
        try await withFolder { folder in
            let path = folder + "/daemon.sock"
            let (listening, announcement) = AsyncStream.makeStream(of: Void.self)
            let group = ServiceGroup(
                services: [
                    LocalSocketServer(
                        path: path, installations: installations, logger: quietLogger,
                        onListening: { announcement.yield() })
                ], logger: quietLogger)
            async let ended: Void = group.run()
            _ = await listening.first { _ in true }
            let client = HTTPClient(endpoint: .unixSocket(path: path))
            let outcome = try await client.stream(
                HTTPCall(.get, Routes.events + "?follow=true", host: "x")
            ) { reader in
                await group.triggerGracefulShutdown()
                return try await reader.next()
            }
            guard case .streamed(nil) = outcome else {
                Issue.record("expected the end of the stream, found \(outcome)")
                return
            }
            try await ended
            #expect(service.endedStreams == 1)
        }
    }

    private func endlessService() -> FakeAdminService {
        var script = script()
        script.application = [
            ApplicationEventDocument(
                id: "n-1-1", topic: "t", user: nil, node: "n", time: 0, payload: "x",
                payloadBase64: nil)
        ]
        script.isEndless = true
        return FakeAdminService(script)
    }

    @Test("A client that does not read is waited for, and holds up nobody")
    func slowReader() async throws {
        var script = script()
        script.application = [
            ApplicationEventDocument(
                id: "n-1-1", topic: "t", user: nil, node: "n", time: 0,
                payload: String(repeating: "x", count: 64 << 10), payloadBase64: nil)
        ]
        script.isRepeating = true
        let service = FakeAdminService(script)
        try await withFolder { folder in
            try await withLocalServer(FakeInstallations(sites: ["/s": service]), in: folder) {
                socket in
                let reader = RawClient.connected(to: .socket(socket))
                defer { close(reader) }
                let request = Array("GET /v1/subscribe HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
                #expect(send(reader, request, request.count, 0) == request.count)
                #expect(await eventually { service.repeatedLines > 0 })
                // Others are answered meanwhile, which gives the stream all the time it needs.
                let others = "GET /v1/members HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                for _ in 1...200 {
                    let answer = await RawClient.exchange([others], at: .socket(socket))
                    #expect(answer.hasPrefix("HTTP/1.1 200"))
                }
                // What the sockets hold, and not what the source could give.
                #expect(service.repeatedLines < 64, "\(service.repeatedLines)")
            }
        }
    }

    @Test("A stream ends for its source when the client leaves")
    func leaving() async throws {
        let service = endlessService()
        let installations = FakeInstallations(sites: ["/site": service])
        try await withFolder { folder in
            try await withLocalServer(installations, in: folder) { socket in
                let client = HTTPClient(endpoint: .unixSocket(path: socket))
                let call = HTTPCall(.get, Routes.subscribe + "?topic=t&topic=u", host: "x")
                let outcome = try await client.stream(call) { reader in try await reader.next() }
                guard case .streamed(let line?) = outcome else {
                    Issue.record("no line came")
                    return
                }
                #expect(String(decoding: line, as: UTF8.self).contains(#""payload":"x""#))
                #expect(await eventually { service.endedStreams == 1 })
                #expect(service.calls == ["subscribe t u since -"])
            }
        }
    }
}
