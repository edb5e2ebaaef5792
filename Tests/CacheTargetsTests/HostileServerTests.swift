// SPDX-License-Identifier: Apache-2.0

import CacheTargets
import ClusterModel
import Glibc
import ServerTesting
import Testing

@Suite("A server that is absent, broken or hostile", .timeLimit(.minutes(1)))
struct HostileServerTests {
    private let pool = BlockingPool(name: "hostile", width: 2)
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func clear(
        _ address: SocketAddress, total: Duration = .seconds(5)
    ) async throws -> [CacheTargetError] {
        let cache = PHPFPMCache(
            endpoints: .addresses([address]),
            script: ClearScript(directory: "\(directory.path)/php"), pool: pool,
            deadlines: FastCGIDeadlines(connect: .milliseconds(200), total: total))
        let reports = await cache.clear(.everything)
        #expect(reports.count == 2)
        return try reports.map { try #require($0.failure) }
    }

    /// A reply of one output record and an end.
    private static func reply(_ output: String, protocolStatus: UInt8 = 0) throws -> [UInt8] {
        let text = try #require(
            FastCGIRecord(kind: .standardOutput, requestID: 1, content: Array(output.utf8)))
        let end = try #require(
            FastCGIRecord(
                kind: .endRequest, requestID: 1, content: [0, 0, 0, 0, protocolStatus, 0, 0, 0]))
        return text.encoded() + end.encoded()
    }

    struct Answer: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let code: CacheTargetError.Code
    }

    static func answers() throws -> [Answer] {
        let whole = try reply("Content-Type: text/plain\r\n\r\nsitestacker-clear 1\n")
        return [
            Answer(testDescription: "nothing", bytes: [], code: .replyCut),
            Answer(
                testDescription: "cut in a record", bytes: Array(whole.prefix(30)),
                code: .replyCut),
            Answer(
                testDescription: "cut before the end", bytes: Array(whole.dropLast(16)),
                code: .replyCut),
            Answer(
                testDescription: "a web server", bytes: Array("HTTP/1.1 400 Bad\r\n\r\n".utf8),
                code: .wrongProtocol),
            Answer(
                testDescription: "an unknown type", bytes: [1, 99, 0, 1, 0, 0, 0, 0],
                code: .wrongProtocol),
            Answer(
                testDescription: "another request", bytes: [1, 6, 0, 9, 0, 0, 0, 0],
                code: .wrongProtocol),
            Answer(
                testDescription: "an end of a wrong size", bytes: [1, 3, 0, 1, 0, 0, 0, 0],
                code: .wrongProtocol),
            Answer(
                testDescription: "no answer in the reply, and bytes after its end",
                bytes: try reply("A: b\r\n\r\n") + [1], code: .wrongProtocol),
            Answer(testDescription: "no header", bytes: try reply("hello"), code: .wrongProtocol),
            Answer(
                testDescription: "overloaded", bytes: try reply("", protocolStatus: 2),
                code: .declined),
            Answer(
                testDescription: "not found",
                bytes: try reply("Status: 404 Not Found\r\n\r\nFile not found.\n"),
                code: .scriptNotFound),
            Answer(
                testDescription: "denied",
                bytes: try reply("Status: 403 Forbidden\r\n\r\nAccess denied.\n"),
                code: .accessDenied),
            Answer(
                testDescription: "unavailable", bytes: try reply("Status: 503 Busy\r\n\r\n"),
                code: .httpStatus),
            Answer(
                testDescription: "a fatal error", bytes: try reply("Status: 500 Error\r\n\r\n"),
                code: .phpFatal),
            Answer(
                testDescription: "a fatal error shown with status 200",
                bytes: try reply("A: b\r\n\r\nPHP Fatal error:  out of memory"), code: .phpFatal),
            Answer(
                testDescription: "another program", bytes: try reply("A: b\r\n\r\nOK"),
                code: .unexpectedReply),
            Answer(
                testDescription: "half of our answer", bytes: whole, code: .unexpectedReply),
        ]
    }

    @Test("Each broken answer has its own name", arguments: try HostileServerTests.answers())
    func broken(answer: Answer) async throws {
        let bytes = answer.bytes
        let server = try FakeServer { FakeServer.send(bytes, to: $0) }
        let failures = try await clear(server.address)
        #expect(failures.map(\.code) == [answer.code, answer.code], "\(failures)")
        #expect(failures.allSatisfy { !$0.hint.isEmpty && !$0.expected.isEmpty })
    }

    @Test("A reply of a gigabyte is refused after the first mebibyte")
    func endless() async throws {
        let record = try #require(
            FastCGIRecord(
                kind: .standardOutput, requestID: 1, content: Array(repeating: 65, count: 65_535)))
        let bytes = record.encoded()
        let server = try FakeServer { connection in
            for _ in 0..<16_384 where !FakeServer.send(bytes, to: connection) { return }
        }
        let failures = try await clear(server.address)
        #expect(failures.map(\.code) == [.replyTooLarge, .replyTooLarge])
    }

    @Test("Silence and a trickle both end at the deadline", arguments: [false, true])
    func silent(trickles: Bool) async throws {
        let server = try FakeServer { connection in
            if trickles {
                while FakeServer.send([1, 7, 0, 1, 0, 0, 0, 0], to: connection) {
                    _ = poll(nil, 0, 1)
                }
            } else {
                FakeServer.waitForClose(connection)
            }
        }
        let failures = try await clear(server.address, total: .milliseconds(150))
        #expect(failures.map(\.code) == [.timedOut, .timedOut])
    }

    @Test("Escape sequences of a server never reach the message")
    func escapes() async throws {
        let bytes = try Self.reply("Status: 500 Error\r\n\r\n\u{1B}[31mred\u{07}\u{202E}")
        let server = try FakeServer { FakeServer.send(bytes, to: $0) }
        let failures = try await clear(server.address)
        let allowed = failures.allSatisfy { failure in
            failure.description.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && $0.value != 0x7F && $0.value != 0x202E
            }
        }
        #expect(allowed)
    }

    @Test("A missing socket, a plain file and a closed port are told apart")
    func absent() async throws {
        let missing = try await clear(.unix(path: "\(directory.path)/none.sock"))
        #expect(missing.map(\.code) == [.socketMissing, .socketMissing])
        let file = try directory.write("plain", "")
        #expect(try await clear(.unix(path: file)).map(\.code) == [.refused, .refused])
        let port = try await clear(.tcp(host: "127.0.0.1", port: 1))
        #expect(port.map(\.code) == [.refused, .refused])
        let name = try await clear(.tcp(host: "web1..example", port: 9_000))
        #expect(name.map(\.code) == [.invalidAddress, .invalidAddress])
        let long = String(repeating: "x", count: 200)
        #expect(try await clear(.unix(path: "/\(long)")).allSatisfy { $0.code == .system })
    }

    @Test("A directory without sockets has nothing to clear, and says so")
    func empty() async throws {
        try directory.write("php-fpm.sock.txt", "")
        let cache = PHPFPMCache(
            endpoints: .directory(directory.path),
            script: ClearScript(directory: "\(directory.path)/php"), pool: pool)
        let reason =
            "no cache is configured and no PHP-FPM socket was found below \(directory.path)"
        let reports = await cache.clear(.everything)
        #expect(
            reports.map(\.outcome) == Array(repeating: .nothingToClear(reason), count: 2))
        let steps = await cache.clear(.plain, sparing: [])
        #expect(steps.map(\.target) == ["php-fpm"])
        #expect(steps.map(\.action) == ["nothing to clear: \(reason)"])
        #expect(steps.map(\.failure) == [nil])
    }
}
