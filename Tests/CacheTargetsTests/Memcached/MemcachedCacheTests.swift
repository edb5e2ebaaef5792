// SPDX-License-Identifier: Apache-2.0

import Foundation
import ServerTesting
import Testing

@testable import CacheTargets

@Suite(
    "Clearing a real Memcached", .enabled(if: RealMemcached.isUsable), .timeLimit(.minutes(1)))
struct MemcachedCacheTests {
    private static let session = "sess:1"

    @Test("The selection goes, whatever lies beside it stays, and the counters prove it")
    func whole() async throws {
        let server = try await RealMemcached.started(port: try freePort())
        let keys = (0..<2_500).map { "site:\($0)" }
        try server.store(keys + [Self.session, "sitemap", "site"])
        let report = try await server.clear()
        #expect(report.outcome == .cleared)
        #expect(report.cache == .memcached)
        #expect(report.removed == 2_500)
        let counters = try #require(report.keyCounters)
        #expect(counters.before == KeyCounters(matching: 2_500, total: 2_503, flushes: nil))
        #expect(counters.after == KeyCounters(matching: 0, total: 3, flushes: nil))
        #expect(try server.present(keys) == [])
        #expect(
            try server.present([Self.session, "sitemap", "site"])
                == [Self.session, "sitemap", "site"])
    }

    @Test("An empty server is cleared")
    func empty() async throws {
        let server = try await RealMemcached.started()
        let report = try await server.clear()
        #expect(report.outcome == .cleared)
        #expect(report.removed == 0)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let request: KeyedClearRequest
        let gone: Set<String>
    }

    private static let stored = [
        "site:user:1", "site:user:2", "site:page", "site:a*", "site:ab", "site:100%", "site:été",
        session, "user:1", "sitexuser:1",
    ]

    static func rows() throws -> [Row] {
        [
            Row(
                testDescription: "keys, one of them missing",
                request: try KeyedClearRequest(keys: ["user:1", "page", "none"]),
                gone: ["site:user:1", "site:page"]),
            Row(
                testDescription: "a prefix", request: try KeyedClearRequest(keyPrefixes: ["user:"]),
                gone: ["site:user:1", "site:user:2"]),
            Row(
                testDescription: "a prefix with a star is no pattern",
                request: try KeyedClearRequest(keyPrefixes: ["a*"]), gone: ["site:a*"]),
            Row(
                testDescription: "keys that are written with percent signs in the listing",
                request: try KeyedClearRequest(keyPrefixes: ["100%", "été"]),
                gone: ["site:100%", "site:été"]),
            Row(
                testDescription: "a pattern that would fit the session as well",
                request: try KeyedClearRequest(keyPatterns: ["sess|^user:1$"]),
                gone: ["site:user:1"]),
            Row(
                testDescription: "a star alone", request: try KeyedClearRequest(keyPatterns: ["*"]),
                gone: Set(stored.filter { $0.hasPrefix("site:") })),
        ]
    }

    @Test("Only what was named goes, and never what lies outside", arguments: try rows())
    func some(row: Row) async throws {
        let server = try await RealMemcached.started()
        try server.store(Self.stored)
        let report = try await server.clear(row.request)
        #expect(report.outcome == .cleared)
        #expect(report.removed == row.gone.count)
        #expect(report.keyCounters?.before.matching == row.gone.count)
        let left = Set(try server.present(Self.stored))
        #expect(Set(Self.stored).subtracting(left) == row.gone)
    }

    @Test("Two selections of one server have names of their own")
    func names() throws {
        let pool = BlockingPool(name: "names", width: 1)
        let targets = try [StoreSelection.prefix("a:"), .tags(["x", "y"]), .everything].map {
            try MemcachedCache(
                address: .tcp(host: "::1", port: 7), selection: $0, pool: pool
            ).target
        }
        #expect(targets == ["[::1]:7 prefix a:", "[::1]:7 tags x,y", "[::1]:7"])
    }

    @Test("A flush is proved by the counter of flushes")
    func flush() async throws {
        let server = try await RealMemcached.started()
        try server.store(["a", "b", Self.session])
        let report = try await server.clear(of: .everything)
        #expect(report.outcome == .cleared)
        #expect(report.removed == 3)
        let counters = try #require(report.keyCounters)
        #expect(counters.before.flushes == 0)
        #expect(counters.after.flushes == 1)
        #expect(try server.present(["a", "b", Self.session]) == [])
    }

    @Test("Keys that cannot be keys are said to be so, and the others are cleared all the same")
    func badKeys() async throws {
        let server = try await RealMemcached.started()
        try server.store(["site:1", Self.session])
        let long = String(repeating: "x", count: 250)
        let bad = [long, " " + long.prefix(186), "\r\n" + long.prefix(190), "\u{7F}" + long]
        let report = try await server.clear(try KeyedClearRequest(keys: bad + ["1"]))
        #expect(report.outcome == .cleared)
        #expect(report.notes.contains { $0.hasPrefix("4 of the keys and tags cannot") })
        #expect(try server.present(["site:1", Self.session]) == [Self.session])
        let none = try await server.clear(try KeyedClearRequest(keys: bad, tags: ["a b"]))
        guard case .nothingToClear(let reason) = none.outcome else {
            Issue.record("\(none.outcome)")
            return
        }
        #expect(reason.hasPrefix("5 of the keys and tags cannot be named to Memcached"))
    }

    @Test("Keys of the binary protocol, with spaces and control bytes, are deleted")
    func binaryKeys() async throws {
        let server = try await RealMemcached.started()
        let keys = [
            "site:a b", "site:a\r\ndelete \(Self.session)\r\n", "site:\0\u{7F}",
            "site: " + String(repeating: "x", count: 180),
        ]
        func store() throws {
            for key in keys { try server.ask(meta("ms", key, " 1", "x\r\n"), until: "HD\r\n") }
            try server.store(["site:plain", Self.session])
        }
        func isThere(_ key: String) throws -> Bool {
            try !server.ask(meta("mg", key) + "mn\r\n", until: "MN\r\n").hasPrefix("EN")
        }
        func meta(_ command: String, _ key: String, _ more: String = "", _ value: String = "")
            -> String
        {
            "\(command) \(Data(key.utf8).base64EncodedString())\(more) b\r\n\(value)"
        }
        try store()
        #expect(try keys.allSatisfy(isThere))
        let one = try await server.clear(try KeyedClearRequest(keys: ["a b", "none here"]))
        #expect(one.outcome == .cleared && one.removed == 1)
        #expect(try keys.map(isThere) == [false, true, true, true])
        let all = try await server.clear()
        #expect(all.outcome == .cleared && all.removed == 4, "\(all)")
        #expect(try !keys.contains(where: isThere))
        #expect(try server.present(["site:plain", Self.session]) == [Self.session])
        try store()
        let some = try await server.clear(try KeyedClearRequest(keyPatterns: ["\\s"]))
        #expect(some.outcome == .cleared && some.removed == 3, "\(some)")
        #expect(try keys.map(isThere) == [false, false, true, false])
    }

    @Test("Keys that are written all the time are no failure")
    func busyStore() async throws {
        let server = try await RealMemcached.started()
        try server.store((0..<5_000).map { "site:\($0)" })
        let writer = Task {
            var round = 0
            while !Task.isCancelled {
                try server.store((0..<50).map { "site:new:\(round % 20):\($0)" })
                round += 1
                await Task.yield()
            }
            return round
        }
        for _ in 0..<5 {
            let report = try await server.clear()
            #expect(report.outcome == .cleared, "\(report)")
        }
        writer.cancel()
        #expect(try await writer.value > 0)
        #expect(try await server.clear().outcome == .cleared)
        #expect(try server.present((0..<100).map { "site:\($0)" }) == [])
    }

    @Test("Two clears at once both succeed, though only one may list at a time")
    func twoAtOnce() async throws {
        let server = try await RealMemcached.started()
        try server.store((0..<5_000).map { "site:\($0)" })
        async let one = server.clear()
        async let two = server.clear()
        let reports = try await [one, two]
        #expect(reports.allSatisfy { $0.outcome == .cleared }, "\(reports)")
        #expect(reports.map(\.removed).reduce(0, +) == 5_000)
    }
}

// MARK: - Tags and refusals

extension MemcachedCacheTests {
    @Test("A tag gets another version, whatever form it has")
    func tags() async throws {
        let server = try await RealMemcached.started()
        try server.store(["site:tag:news", "tag:news"], value: "7")
        try server.store(["site:tag:text"], value: "5f3a")
        try server.store(["site:tag:laravel:key"], value: "65a1b2")
        let names = ["news", "text", "laravel", "unknown"]
        let report = try await server.clear(try KeyedClearRequest(tags: names))
        #expect(report.outcome == .cleared)
        #expect(report.keyCounters?.before.matching == 3)
        #expect(report.notes.count == 4)
        let answer = try server.ask("get site:tag:news tag:news\r\n", until: "END\r\n")
        #expect(answer.contains("\r\n8\r\n") && answer.contains("\r\n7\r\n"))
        #expect(try server.present(["site:tag:text", "site:tag:laravel:key"]) == [])
    }

    @Test("A selection by tags clears by those tags only")
    func tagSelection() async throws {
        let server = try await RealMemcached.started()
        try server.store(["tag:a", "tag:b", "tag:c"], value: "1")
        let selection = StoreSelection.tags(["a", "b"])
        let one = try await server.clear(try KeyedClearRequest(tags: ["b", "c"]), of: selection)
        #expect(one.keyCounters?.before.matching == 1)
        let mixed = try KeyedClearRequest(keys: ["k"], tags: ["b"])
        #expect(try await server.clear(mixed, of: selection).notes.count == 2)
        for request in [
            try KeyedClearRequest(tags: ["c"]), try KeyedClearRequest(keyPrefixes: ["x"]),
        ] {
            guard case .nothingToClear = try await server.clear(request, of: selection).outcome
            else {
                Issue.record("\(request) should name nothing here")
                continue
            }
        }
        #expect(try await server.clear(of: selection).keyCounters?.before.matching == 2)
        let answer = try server.ask("get tag:a tag:b tag:c\r\n", until: "END\r\n")
        let values = answer.split(separator: "\r\n").filter { $0.count == 1 }.map(String.init)
        #expect(values == ["2", "4", "1"])
    }

    @Test("A server that may not flush or list says so")
    func forbidden() async throws {
        let strict = try await RealMemcached.started(["-F", "-o", "no_lru_crawler"])
        try strict.store(["site:1"])
        let flush = try await strict.clear(of: .everything)
        #expect(flush.failure?.code == .forbidden)
        let list = try await strict.clear()
        #expect(list.failure?.code == .forbidden, "\(list)")
        #expect(try await strict.clear(try KeyedClearRequest(keys: ["1"])).removed == 1)
    }

    @Test("A stopped server, one that answers nothing, and one that came back")
    func down() async throws {
        let server = try await RealMemcached.started(port: try freePort())
        server.freeze()
        let silent = try await server.clear(timeout: .milliseconds(150))
        #expect(silent.failure?.code == .timedOut)
        server.resume()
        #expect(try await server.clear().outcome == .cleared)
        server.stop()
        #expect(try await server.clear().failure?.code == .refused)
    }
}
