// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import CacheTargets

@Suite("A Memcached that is broken or hostile", .timeLimit(.minutes(1)))
struct HostileMemcachedTests {
    private let pool = BlockingPool(name: "hostile-memcached", width: 2)

    private func clear(
        at server: FakeServer, _ request: KeyedClearRequest = .whole,
        _ selection: StoreSelection = .prefix("s:"), timeout: Duration = .seconds(5)
    ) async throws -> CacheClearReport {
        let cache = try MemcachedCache(
            address: server.address, selection: selection, timeout: timeout, pool: pool)
        return await cache.clear(request)[0]
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

    private static let statistics = "STAT curr_items 3\r\nSTAT cmd_flush 1\r\nEND\r\n"
    private static let entry = "key=s%3a1 exp=-1 la=1 cas=1 fetch=no cls=1 size=63\n"

    static let rows: [Row] = [
        Row("nothing", .replyCut, ""),
        Row("cut in a line", .replyCut, "STAT curr_i"),
        Row("cut before the end", .replyCut, "STAT curr_items 3\r\n"),
        Row("a web server", .wrongProtocol, "HTTP/1.1 400 Bad Request\r\n\r\n"),
        Row("no text", .wrongProtocol, "\u{0}\u{1}\u{2}\n"),
        Row("another reply", .wrongProtocol, "DELETED\r\n"),
        Row("a password", .loginRefused, "CLIENT_ERROR unauthenticated\r\n"),
        Row("full", .declined, "ERROR Too many open connections\r\n"),
        Row("out of memory", .declined, "SERVER_ERROR out of memory\r\n"),
        Row("a line without end", .replyTooLarge, String(repeating: "x", count: 5_000)),
        Row("a cut listing", .replyCut, statistics, entry),
        Row("an old version", .declined, statistics, "ERROR\r\n", "ERROR\r\n"),
        Row(
            "no crawler", .forbidden, statistics, "ERROR lru crawler disabled\r\n",
            "ERROR lru crawler disabled\r\n"),
        Row("a key that is none", .wrongProtocol, statistics, "key=a%zz exp=-1\nEND\r\n"),
        Row("a key without text", .wrongProtocol, statistics, "key= exp=-1\nEND\r\n"),
        Row(
            "a key that is too long", .wrongProtocol, statistics,
            "key=\(String(repeating: "k", count: 251)) exp=-1\nEND\r\n"),
        Row(
            "a key that cannot be named", .invalidRequest, statistics,
            "key=s%3a%0d%0aflush_all\(String(repeating: "k", count: 190)) exp=-1\nEND\r\n",
            statistics),
        Row("no deletion", .declined, statistics, entry + "END\r\n", "SERVER_ERROR busy\r\n"),
        Row("a strange deletion", .wrongProtocol, statistics, entry + "END\r\n", "OK\r\n"),
    ]

    @Test("Each broken answer has its own name", arguments: rows)
    func broken(row: Row) async throws {
        let server = try FakeServer.scripted(row.steps)
        let report = try await clear(at: server)
        #expect(report.failure?.code == row.code, "\(report.outcome)")
        #expect(report.failure?.hint.isEmpty == false)
        #expect(report.counters == nil)
    }

    @Test("A flush that counts nothing is not proved")
    func flush() async throws {
        let steps = [Self.statistics, "OK\r\n", Self.statistics].map { Array($0.utf8) }
        let server = try FakeServer.scripted(steps)
        let report = try await clear(at: server, .whole, .everything)
        #expect(report.failure?.code == .unproven)
    }

    @Test("Statistics without end are refused")
    func endlessStatistics() async throws {
        let server = try FakeServer { connection in
            let lines = Array(String(repeating: "STAT a 1\r\n", count: 1_000).utf8)
            while FakeServer.send(lines, to: connection) {}
        }
        #expect(try await clear(at: server).failure?.code == .replyTooLarge)
    }

    @Test("Silence, a crawler that is always busy and a listing without end end at the deadline")
    func slow() async throws {
        let silent = try FakeServer(FakeServer.waitForClose)
        let limit = Duration.milliseconds(150)
        #expect(try await clear(at: silent, timeout: limit).failure?.code == .timedOut)
        let busy = try FakeServer.endless(
            Array(Self.statistics.utf8), Array("BUSY currently processing crawler request\r\n".utf8)
        )
        #expect(try await clear(at: busy, timeout: limit).failure?.code == .notReady)
        let endless = try FakeServer { connection in
            guard FakeServer.send(Array(Self.statistics.utf8), to: connection) else { return }
            let lines = Array(String(repeating: Self.entry, count: 1_000).utf8)
            while FakeServer.send(lines, to: connection) {}
        }
        #expect(try await clear(at: endless, timeout: limit).failure?.code == .timedOut)
    }

    @Test("A crawler that is busy at first is asked again, and an old one in the old way")
    func patience() async throws {
        let deleted = "DELETED\r\n"
        let steps = [
            Self.statistics, "BUSY x\r\n", "BADCLASS invalid class id\r\n", "BUSY x\r\n",
            Self.entry + "END\r\n", deleted, "BADCLASS x\r\n", Self.entry + "END\r\n", deleted,
            "BADCLASS x\r\n", "END\r\n", Self.statistics,
        ]
        let server = try FakeServer.scripted(steps.map { Array($0.utf8) })
        let report = try await clear(at: server)
        #expect(report.outcome == .cleared)
        #expect(report.removed == 2)
    }

    @Test(
        "A selection that no key can have is refused",
        arguments: [
            StoreSelection.prefix("a b"), .prefix("a\r\nflush_all"), .tags(["a\tb"]), .prefix(""),
        ])
    func badSelection(selection: StoreSelection) {
        #expect(throws: CacheTargetError.self) {
            try MemcachedCache(address: .unix(path: "/x"), selection: selection, pool: pool)
        }
    }
}
