// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import AdminHTTP
import Foundation
import HTTPTransport
import NodeRuntimeTesting
import Testing

@Suite("The application's socket", .serialized)
struct ApplicationSocketTests {
    private static let failure = ErrorDocument(
        code: "not-logged-in", message: "this node is not logged in",
        exitStatus: ExitStatus.notAuthorised)
    private static let publish = #"{"topic":"t","timeoutMilliseconds":1}"#

    private func service() -> FakeAdminService {
        var script = AdminScript(otherwise: Self.failure)
        script.publish = .success(
            PublishAnswer(
                id: "n-1-1", level: "one", isConfirmed: true, confirmedBy: [], missing: []))
        script.invalidation = [InvalidateLine(id: "n-1-2"), InvalidateLine(silent: [])]
        return FakeAdminService(script)
    }

    private func serve(
        _ service: FakeAdminService, _ scopes: Set<ApplicationScope>,
        limits: LocalLimits = LocalLimits(),
        _ body: @Sendable @escaping (_ socket: String) async throws -> Void
    ) async throws {
        try await withFolder { folder in
            try await withLocalServer(
                FakeInstallations(sites: ["/site": service]), in: folder,
                for: .application(scopes, group: getegid()), limits: limits, body)
        }
    }

    private func post(_ path: String, _ body: String, _ head: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\(head)"
            + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
    }

    private func get(_ path: String) -> String {
        "GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    }

    private func status(_ answer: String) -> Int { Int(answer.dropFirst(9).prefix(3)) ?? 0 }

    @Test(
        "A scope opens its paths and no others",
        arguments: [
            ("publish", "publish"), ("invalidate", "invalidate"),
            ("query", "events event?id=a subscribe"), ("publish invalidate", "publish invalidate"),
            ("", ""),
        ])
    func scopes(_ words: String, _ paths: String) async throws {
        let scopes = words.split(separator: " ").compactMap {
            ApplicationScope(rawValue: String($0))
        }
        let open = paths.split(separator: " ").map(String.init)
        let service = service()
        try await serve(service, Set(scopes)) { socket in
            let requests = [
                ("publish", post(Routes.publish, Self.publish)),
                ("invalidate", post(Routes.invalidate, #"{"opcodeCache":true,"wait":false}"#)),
                ("events", get("/v1/events")), ("event?id=a", get("/v1/event?id=a")),
                ("subscribe", get("/v1/subscribe?topic=t")),
            ]
            for (name, request) in requests {
                let answer = await RawClient.exchange([request], at: .socket(socket))
                let expected = !open.contains(name) ? 403 : name.hasPrefix("event?") ? 404 : 200
                #expect(status(answer) == expected, "\(name): \(answer)")
            }
            #expect(service.calls.count == open.count)
        }
    }

    @Test(
        "Nothing else can be done through it, whatever the scopes",
        arguments: [
            ("GET /v1/identity", 403), ("GET /v1/accounts", 403), ("GET /v1/members", 403),
            ("POST /v1/records", 403), ("POST /v1/join", 403), ("POST /v1/logout", 403),
            ("POST /v1/pin", 403), ("POST /v1/lock", 403), ("POST /v1/unlock", 403),
            ("POST /v1/replay-user", 403), ("POST /v1/retry", 403),
            ("POST /v1/remote-identity", 403), ("POST /login", 404), ("POST /hello", 404),
            ("GET /ready", 404), ("GET /", 404), ("GET /v1/%65vents", 404),
            ("GET /v1//events", 404), ("GET /v1/events/", 404), ("GET /v1/../v1/events", 404),
            ("GET /v1/%252e%252e/v1/events", 404), ("GET /%252e/v1/events", 404),
            ("GET /v1/publish", 405), ("PUT /v1/publish", 405), ("DELETE /v1/events", 405),
            ("OPTIONS /v1/publish", 405), ("TRACE /v1/events", 405),
            ("GET /v1/events?site=%2Fsite", 400), ("GET /v1/events?limit=0", 400),
            ("GET /v1/events?method=POST", 400), ("POST /v1/publish?site=%2Fsite", 400),
        ])
    func closed(_ line: String, _ expected: Int) async throws {
        let service = service()
        try await serve(service, Set(ApplicationScope.allCases)) { socket in
            let request =
                "\(line) HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
                + "X-HTTP-Method-Override: POST\r\nConnection: close\r\n\r\n"
            let answer = await RawClient.exchange([request], at: .socket(socket))
            #expect(status(answer) == expected, "\(answer.prefix(300))")
            #expect(service.calls.isEmpty)
        }
    }

    @Test(
        "A body that is not the document is refused, and nothing happens",
        arguments: [
            ("", 400), ("{", 400), ("[]", 400), ("null", 400), (#"{"opcodeCache":"yes"}"#, 400),
            (#"{"opcodeCache":true,"opcodeCache":false}"#, 400),
            (#"{"opcodeCache":true,"tag":["a"]}"#, 400), (#"{"tags":["\ud800"]}"#, 400),
            (#"{"timeoutMilliseconds":1e400}"#, 400), (#"{"opcodeCache":true} x"#, 400),
            (#"{"tags":\#(String(repeating: "[", count: 100_000))"#, 400),
            (String(repeating: " ", count: (2 << 20) + 1), 413),
        ])
    func bodies(_ body: String, _ expected: Int) async throws {
        let service = service()
        try await serve(service, [.invalidate]) { socket in
            let request = post(Routes.invalidate, body)
            let answer = await RawClient.exchange([request], at: .socket(socket))
            #expect(status(answer) == expected, "\(answer.prefix(300))")
            #expect(service.calls.isEmpty)
        }
    }

    @Test(
        "What proxies and servers could read in two ways is refused",
        arguments: [
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 4, 5\r\n",
            "Content-Length: 4\r\nContent-Length: 5\r\n", "Content-Length: +4\r\n",
            "Content-Length: 0x4\r\n", "Content Length: 4\r\n", "Content-Length : 4\r\n",
            "Transfer-Encoding: gzip, chunked, identity\r\n",
        ])
    func smuggling(_ head: String) async throws {
        let service = service()
        try await serve(service, [.publish]) { socket in
            let request =
                "POST /v1/publish HTTP/1.1\r\nHost: x\r\n"
                + "Content-Type: application/json\r\n\(head)\r\n0\r\n\r\n"
            let hidden = post(Routes.publish, Self.publish)
            let answer = await RawClient.exchange([request + hidden], at: .socket(socket))
            #expect(status(answer) == 400, "\(answer.prefix(300))")
            #expect(service.calls.isEmpty)
        }
    }

    @Test("Whoever does not come to the point is cut off, in head and body")
    func slow() async throws {
        let service = service()
        let limits = LocalLimits(head: .milliseconds(50), body: .milliseconds(50))
        try await serve(service, [.publish], limits: limits) { socket in
            let request = post(Routes.publish, Self.publish)
            let inHead = await RawClient.exchange(
                [String(request.prefix(30))], at: .socket(socket))
            #expect(inHead == "")
            let inBody = await RawClient.exchange(
                [String(request.dropLast(3))], at: .socket(socket))
            #expect(status(inBody) == 408 && inBody.contains("too-slow"), "\(inBody)")
            #expect(!inBody.hasSuffix("(still open)"))
            #expect(service.calls.isEmpty)
        }
    }

    @Test("Beyond the most connections one waits until another ends")
    func connections() async throws {
        let service = service()
        try await serve(service, [.publish], limits: LocalLimits(connections: 2)) { socket in
            let held = (0..<2).map { _ in RawClient.connected(to: .socket(socket)) }
            let request = post(Routes.publish, Self.publish)
            async let answer = RawClient.exchange([request], at: .socket(socket))
            for descriptor in held { close(descriptor) }
            #expect(status(await answer) == 200)
        }
    }

    @Test("An application that leaves before the answer harms nobody")
    func leaving() async throws {
        let service = service()
        try await serve(service, [.publish]) { socket in
            let request = post(Routes.publish, Self.publish)
            for length in [1, 20, request.utf8.count] {
                let descriptor = RawClient.connected(to: .socket(socket))
                let bytes = Array(request.utf8.prefix(length))
                #expect(send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == length)
                close(descriptor)
            }
            let answer = await RawClient.exchange([request], at: .socket(socket))
            #expect(status(answer) == 200)
        }
    }

    @Test("The socket is the group's: mode 660, gone afterwards")
    func mode() async throws {
        try await withFolder { folder in
            let installations = FakeInstallations(sites: ["/site": service()])
            try await withLocalServer(
                installations, in: folder, for: .application([.publish], group: getegid())
            ) { socket in
                let attributes = try FileManager.default.attributesOfItem(atPath: socket)
                #expect(attributes[.posixPermissions] as? Int == 0o660)
                #expect(attributes[.groupOwnerAccountID] as? UInt32 == getegid())
            }
            #expect(!FileManager.default.fileExists(atPath: folder + "/daemon.sock"))
        }
    }

    @Test("A symbolic link in the socket's place is neither followed nor removed")
    func link() async throws {
        try await withFolder { folder in
            let (path, target) = (folder + "/app.sock", folder + "/precious")
            try Data("precious".utf8).write(to: URL(fileURLWithPath: target))
            try FileManager.default.createSymbolicLink(
                atPath: path, withDestinationPath: target)
            let server = LocalSocketServer(
                path: path, installations: FakeInstallations(sites: [:]), logger: quietLogger,
                audience: .application([.publish], group: getegid()))
            let error = await #expect(throws: ServerError.self) { try await server.run() }
            #expect(error?.code == .notASocket)
            #expect(FileManager.default.contents(atPath: target) == Data("precious".utf8))
            #expect(
                try FileManager.default.destinationOfSymbolicLink(atPath: path) == target)
        }
    }

    @Test("A folder that is not there is an error that names the socket")
    func folder() async throws {
        let server = LocalSocketServer(
            path: "/nonexistent/app.sock", installations: FakeInstallations(sites: [:]),
            logger: quietLogger, audience: .application([], group: getegid()))
        let error = await #expect(throws: ServerError.self) { try await server.run() }
        #expect(error?.operation.contains("/nonexistent/app.sock") == true)
    }
}
