// SPDX-License-Identifier: Apache-2.0

import CacheTargets
import Foundation
import HTTPTransport
import ServerTesting
import Synchronization
import Testing

/// A Varnish of a test's own in front of a small back end, with the VCL of the guide.
final class RealVarnish: Sendable {
    static let program = ServerProcess.program("varnishd")
    static var isUsable: Bool { ServerProcess.isUsable(program) }

    /// The block of VCL in the guide: what people install is what is tested.
    static let guide: String = {
        let root = #filePath.components(separatedBy: "/Tests/")[0]
        let bytes = FileManager.default.contents(atPath: "\(root)/docs/guides/caches.md")
        let text = String(decoding: bytes ?? Foundation.Data(), as: UTF8.self)
        return text.components(separatedBy: "```vcl\n").dropFirst().first?
            .components(separatedBy: "```").first ?? ""
    }()

    let port: UInt16
    private let backEnd: WebServer
    private let process: ServerProcess
    private let directory: TemporaryDirectory

    /// Starts it and waits until it answers.
    ///
    /// - Parameter vcl: The lines after those which name the back end.
    init(vcl: String = guide) async throws {
        directory = try TemporaryDirectory()
        port = try freePort()
        // Each page says how often it was made.
        let counter = Counter()
        backEnd = try WebServer { request in
            guard request.method == "GET" else { return WebServer.answer(200, "the back end") }
            let tags = request.target.split(separator: "/").last.map(String.init) ?? "home"
            return WebServer.answer(
                200, "\(counter.next(request))",
                ["X-Cache-Tags: node:1, \(tags)", "Cache-Control: max-age=600"])
        }
        let lines = """
            vcl 4.1;
            import std;
            backend site { .host = "127.0.0.1"; .port = "\(backEnd.port)"; }

            """
        let file = try directory.write("test.vcl", lines + vcl)
        process = try ServerProcess(
            Self.program,
            [
                "-F", "-a", "127.0.0.1:\(port)", "-f", file, "-n", "\(directory.path)/work",
                "-s", "malloc,16M", "-j", "none",
            ])
        try await eventually("varnish answers", within: .seconds(30)) {
            do {
                return try await made("/ready") > 0
            } catch let error as HTTPTransportError
                where [.refused, .protocolViolation].contains(error.code)
            {
                return false
            }
        }
    }

    /// Where it listens.
    var place: WebPlace {
        get throws { try WebPlace(host: "127.0.0.1", port: port) }
    }

    /// How often the page that a visitor gets was made.
    func made(_ target: String, host: String = "www.example.com") async throws -> Int {
        let client = HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: port))
        let answer = try await client.send(HTTPCall(.get, target, host: host))
        #expect(answer.field("x-url") == nil)
        return Int(String(decoding: answer.body, as: UTF8.self)) ?? 0
    }
}

/// How often each page was made.
private final class Counter: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    func next(_ request: WebServer.Request) -> Int {
        counts.withLock { counts in
            counts["\(request.fields["host"] ?? "")\(request.target)", default: 0] += 1
            return counts["\(request.fields["host"] ?? "")\(request.target)"] ?? 0
        }
    }
}
