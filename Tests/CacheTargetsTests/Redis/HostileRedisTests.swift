// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import CacheTargets

@Suite("A Redis that is broken or hostile", .timeLimit(.minutes(1)))
struct HostileRedisTests {
    private static let secret = "geheim-8271"
    private let pool = BlockingPool(name: "hostile-redis", width: 2)

    private func failure(
        at server: FakeServer, login: RedisLogin? = nil,
        _ selection: StoreSelection = .prefix("s:"),
        timeout: Duration = .seconds(5)
    ) async throws -> CacheTargetError {
        let cache = try RedisCache(
            address: server.address, login: login, selection: selection, timeout: timeout,
            pool: pool)
        let report = await cache.clear(.whole)[0]
        #expect(report.cache == .redis)
        let error = try #require(report.failure)
        #expect(!"\(error)".contains(Self.secret))
        return error
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let steps: [[UInt8]]
        let code: CacheTargetError.Code

        init(_ name: String, _ code: CacheTargetError.Code, _ steps: String...) {
            testDescription = name
            self.steps = steps.map { Array($0.utf8) }
            self.code = code
        }
    }

    /// What a good server answers to the first questions.
    private static let greeting = "$13\r\nrole:master\r\n\r\n$0\r\n\r\n:3\r\n"
    /// A page with one key, the last one.
    private static let page = "*2\r\n$1\r\n0\r\n*1\r\n$3\r\ns:1\r\n"

    static let greetings: [Row] = [
        Row("nothing", .replyCut, ""),
        Row("cut in the middle", .replyCut, "$12\r\nrole:mas"),
        Row("cut between replies", .replyCut, "$0\r\n\r\n"),
        Row("loading", .notReady, "$0\r\n\r\n$0\r\n\r\n-LOADING Redis is loading\r\n"),
        Row("a script that runs", .notReady, "-BUSY x\r\n-BUSY x\r\n-BUSY x\r\n"),
        Row("no master", .notReady, "-MASTERDOWN x\r\n-MASTERDOWN x\r\n:1\r\n"),
        Row("no login", .loginRefused, "-NOAUTH x\r\n-NOAUTH x\r\n-NOAUTH x\r\n"),
        Row("protected, and hangs up", .loginRefused, "-DENIED Redis is protected\r\n"),
        Row("full, and hangs up", .declined, "-ERR max number of clients reached\r\n"),
        Row("a replica", .readOnly, "$10\r\nrole:slave\r\n$0\r\n\r\n:1\r\n"),
        Row("a cluster", .clustered, "$0\r\n\r\n$17\r\ncluster_enabled:1\r\n:1\r\n"),
        Row("a web server", .wrongProtocol, "HTTP/1.1 400 Bad Request\r\n\r\n"),
        Row("TLS", .wrongProtocol, "\u{15}\u{3}\u{1}"),
        Row("version 3", .wrongProtocol, "%1\r\n"),
        Row("one reply too many", .wrongProtocol, greeting + "+OK\r\n"),
        Row("a gigabyte announced", .replyTooLarge, "$1073741824\r\n"),
        Row("a long list announced", .replyTooLarge, "*1000000000\r\n"),
        Row("a length beyond all bounds", .wrongProtocol, "$99999999999999999999\r\n"),
        Row("a negative length", .wrongProtocol, "$-2\r\n"),
        Row("a length with a plus", .wrongProtocol, "$+5\r\n"),
        Row("a text without its end", .wrongProtocol, "$2\r\nabcd\r\n"),
        Row("lists in lists", .wrongProtocol, String(repeating: "*1\r\n", count: 100)),
        Row("a line without end", .wrongProtocol, "+" + String(repeating: "x", count: 20_000)),
        Row("a lone line feed", .wrongProtocol, "+OK\n"),
        Row("a number for a text", .wrongProtocol, ":1\r\n:1\r\n:1\r\n"),
    ]

    static let clears: [Row] = [
        Row("cut after the greeting", .replyCut, greeting),
        Row("moved", .clustered, greeting, "-MOVED 1 127.0.0.1:7001\r\n"),
        Row("no right", .forbidden, greeting, "-NOPERM no permissions\r\n"),
        Row("no such command", .declined, greeting, "-ERR unknown command\r\n"),
        Row("no page", .wrongProtocol, greeting, "+OK\r\n"),
        Row("half a page", .wrongProtocol, greeting, "*1\r\n$1\r\n0\r\n"),
        Row("a page of numbers", .wrongProtocol, greeting, "*2\r\n$1\r\n0\r\n*1\r\n:1\r\n"),
        Row("a cursor that is none", .wrongProtocol, greeting, "*2\r\n$2\r\n-1\r\n*0\r\n"),
        Row("no cursor", .wrongProtocol, greeting, "*2\r\n$0\r\n\r\n*0\r\n"),
        Row(
            "a key outside of the prefix", .wrongProtocol, greeting,
            "*2\r\n$1\r\n0\r\n*1\r\n$6\r\nsess:1\r\n"),
        Row(
            "no writes", .readOnly, greeting, page,
            "+OK\r\n-READONLY x\r\n+QUEUED\r\n-EXECABORT x\r\n"),
        Row(
            "keys of several nodes", .clustered, greeting, page,
            "+OK\r\n-CROSSSLOT x\r\n+QUEUED\r\n-EXECABORT x\r\n"),
        Row(
            "a refusal inside the transaction", .readOnly, greeting, page,
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n-MISCONF x\r\n:0\r\n"),
        Row(
            "no transaction", .wrongProtocol, greeting, page,
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n*-1\r\n"),
        Row(
            "a key that stays", .unproven, greeting, page,
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:1\r\n"),
        Row(
            "a negative count", .wrongProtocol, greeting, page,
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:-1\r\n:0\r\n"),
        Row(
            "cut in the transaction", .replyCut, greeting, page, "+OK\r\n+QUEUED\r\n+QUEUED\r\n"),
    ]

    @Test("Each broken answer has its own name", arguments: greetings + clears)
    func broken(row: Row) async throws {
        let server = try FakeServer.scripted(row.steps)
        let error = try await failure(at: server)
        #expect(error.code == row.code, "\(error)")
        #expect(!error.hint.isEmpty && !error.expected.isEmpty)
    }

    @Test("A server without INFO is cleared all the same")
    func withoutInformation() async throws {
        let unknown = "-ERR unknown command 'INFO'\r\n"
        let steps = [unknown + unknown + ":0\r\n", "*2\r\n$1\r\n0\r\n*0\r\n", ":0\r\n"]
        let server = try FakeServer.scripted(steps.map { Array($0.utf8) })
        let cache = try RedisCache(
            address: server.address, selection: .prefix("s:"), pool: pool)
        #expect(await cache.clear(.whole)[0].outcome == .cleared)
    }

    @Test("A flush that leaves keys behind is not proved")
    func flush() async throws {
        let left = "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:3\r\n"
        let server = try FakeServer.scripted([Self.greeting, left].map { Array($0.utf8) })
        #expect(try await failure(at: server, .everything).code == .unproven)
    }

    @Test(
        "A server that repeats the password does not get it into a message",
        arguments: ["-ERR unknown command 'AUTH', with args: '\(secret)'\r\n", "+\(secret)\r\n"])
    func echo(answer: String) async throws {
        let server = try FakeServer.scripted([Array((answer + Self.greeting).utf8)])
        let login = RedisLogin(user: "u", password: Self.secret)
        let error = try await failure(at: server, login: login)
        #expect([.declined, .wrongProtocol].contains(error.code))
        #expect("\(error)".contains("***"))
        #expect(!"\(login)".contains(Self.secret))
        #expect(!String(reflecting: login).contains(Self.secret))
        var dumped = ""
        dump(login, to: &dumped)
        #expect(!dumped.contains(Self.secret))
    }

    @Test("A gigabyte in pieces is refused after the first mebibytes")
    func endless() async throws {
        let item = "$65536\r\n" + String(repeating: "x", count: 65_536) + "\r\n"
        let server = try FakeServer { connection in
            guard FakeServer.send(Array("*16384\r\n".utf8), to: connection) else { return }
            let bytes = Array(item.utf8)
            for _ in 0..<16_384 where !FakeServer.send(bytes, to: connection) { return }
        }
        #expect(try await failure(at: server).code == .replyTooLarge)
    }

    @Test("Silence, a trickle and pages without end all end at the deadline", arguments: 0..<3)
    func slow(kind: Int) async throws {
        let server =
            switch kind {
            case 0: try FakeServer(FakeServer.waitForClose)
            case 1:
                try FakeServer { connection in
                    while FakeServer.send([UInt8(ascii: "+")], to: connection) {
                        guard FakeServer.send(Array("x\r\n".utf8), to: connection) else { return }
                        _ = poll(nil, 0, 400)
                    }
                }
            case _:
                try FakeServer.endless(
                    Array(Self.greeting.utf8), Array("*2\r\n$1\r\n7\r\n*0\r\n".utf8))
            }
        let error = try await failure(at: server, timeout: .milliseconds(150))
        #expect(error.code == .timedOut)
    }

    @Test("A selection that would mean everything by mistake is refused")
    func emptySelection() throws {
        for selection in [StoreSelection.prefix(""), .tags([]), .tags(["a", ""])] {
            #expect(throws: CacheTargetError.self) {
                try RedisCache(address: .unix(path: "/x"), selection: selection, pool: pool)
            }
        }
    }
}
