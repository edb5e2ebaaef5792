// SPDX-License-Identifier: Apache-2.0

import ServerTesting
import Testing

@testable import CacheTargets

@Suite(
    "Clearing a real Redis", .enabled(if: RealRedis.isUsable), .timeLimit(.minutes(1)))
struct RedisCacheTests {
    private static let session = "sess:1"

    @Test("The selection goes, whatever lies beside it stays, and the counters prove it")
    func whole() async throws {
        let redis = try await RealRedis.started()
        try redis.store((0..<2_500).map { "site:\($0)" } + [Self.session, "sitemap", "site"])
        try redis.store(["site:elsewhere"], database: 1)
        let report = try await redis.clear()
        #expect(report.outcome == .cleared)
        #expect(report.cache == .redis)
        #expect(report.removed == 2_500)
        let counters = try #require(report.keyCounters)
        #expect(counters.before == KeyCounters(matching: 2_500, total: 2_503, flushes: nil))
        #expect(counters.after == KeyCounters(matching: 0, total: 3, flushes: nil))
        #expect(try redis.keys() == [Self.session, "site", "sitemap"])
        #expect(try redis.keys(database: 1) == ["site:elsewhere"])
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let request: KeyedClearRequest
        let gone: Set<String>
    }

    private static let stored = [
        "site:user:1", "site:user:2", "site:page", "site:user:1\r\nDEL sess:1", "site:a*",
        "site:ab", "site:[x]", "site:x", "site:\\", "site:été", session, "user:1", "sitexuser:1",
    ]

    static func rows() throws -> [Row] {
        [
            Row(
                testDescription: "keys, one of them missing",
                request: try KeyedClearRequest(keys: ["user:1", "page", "none"]),
                gone: ["site:user:1", "site:page"]),
            Row(
                testDescription: "a key with a line end",
                request: try KeyedClearRequest(keys: ["user:1\r\nDEL sess:1"]),
                gone: ["site:user:1\r\nDEL sess:1"]),
            Row(
                testDescription: "a prefix", request: try KeyedClearRequest(keyPrefixes: ["user:"]),
                gone: ["site:user:1", "site:user:2", "site:user:1\r\nDEL sess:1"]),
            Row(
                testDescription: "a prefix with a star is no pattern",
                request: try KeyedClearRequest(keyPrefixes: ["a*"]), gone: ["site:a*"]),
            Row(
                testDescription: "a prefix with brackets is no pattern",
                request: try KeyedClearRequest(keyPrefixes: ["[x]"]), gone: ["site:[x]"]),
            Row(
                testDescription: "a prefix that is a backslash",
                request: try KeyedClearRequest(keyPrefixes: ["\\"]), gone: ["site:\\"]),
            Row(
                testDescription: "several prefixes at once",
                request: try KeyedClearRequest(keyPrefixes: ["user:2", "pa"]),
                gone: ["site:user:2", "site:page"]),
            Row(
                testDescription: "a pattern, anchored behind the prefix",
                request: try KeyedClearRequest(keyPatterns: ["^user:[0-9]$"]),
                gone: ["site:user:1", "site:user:2"]),
            Row(
                testDescription: "a pattern with a letter of two bytes",
                request: try KeyedClearRequest(keyPatterns: ["^é.*é$"]), gone: ["site:été"]),
            Row(
                testDescription: "a pattern that would fit the session as well",
                request: try KeyedClearRequest(keyPatterns: ["sess|page|^user:1$"]),
                gone: ["site:user:1", "site:user:1\r\nDEL sess:1", "site:page"]),
            Row(
                testDescription: "a star alone",
                request: try KeyedClearRequest(keyPatterns: ["*"]),
                gone: Set(stored.filter { $0.hasPrefix("site:") })),
            Row(
                testDescription: "key, prefix and pattern together",
                request: try KeyedClearRequest(
                    keys: ["page"], keyPrefixes: ["x"], keyPatterns: ["b$"]),
                gone: ["site:page", "site:x", "site:ab"]),
        ]
    }

    @Test("Only what was named goes, and never what lies outside", arguments: try rows())
    func some(row: Row) async throws {
        let redis = try await RealRedis.started()
        try redis.store(Self.stored)
        let report = try await redis.clear(row.request)
        #expect(report.outcome == .cleared)
        #expect(report.removed == row.gone.count)
        #expect(report.keyCounters?.before.matching == row.gone.count)
        #expect(report.keyCounters?.after.matching == 0)
        let left = Set(try redis.keys())
        #expect(Set(Self.stored).subtracting(left) == row.gone)
    }

    @Test("A prefix with signs of patterns selects nothing but itself")
    func strangePrefix() async throws {
        let redis = try await RealRedis.started()
        try redis.store(["s*[a]?\\:1", "sx:1", "s*a?\\:1"])
        let report = try await redis.clear(of: .prefix("s*[a]?\\:"))
        #expect(report.removed == 1)
        #expect(try redis.keys() == ["s*a?\\:1", "sx:1"])
    }

    @Test("Two selections of one server have names of their own")
    func names() throws {
        let pool = BlockingPool(name: "names", width: 1)
        let targets = try [StoreSelection.prefix("a:"), .tags(["x", "y"]), .everything].map {
            try RedisCache(
                address: .tcp(host: "::1", port: 7), selection: $0, pool: pool
            ).target
        }
        #expect(targets == ["[::1]:7/0 prefix a:", "[::1]:7/0 tags x,y", "[::1]:7/0"])
    }

    @Test("A flush empties the database that was named, and no other")
    func flush() async throws {
        let redis = try await RealRedis.started()
        try redis.store(["a", "b", "c"], database: 2)
        try redis.store([Self.session])
        let report = try await redis.clear(of: .everything, database: 2)
        #expect(report.outcome == .cleared)
        #expect(report.removed == 3)
        #expect(report.keyCounters?.before.total == 3)
        #expect(report.keyCounters?.after.total == 0)
        #expect(try redis.keys(database: 2) == [])
        #expect(try redis.keys() == [Self.session])
    }

    @Test("A host's name is looked up, and one that has no address is named")
    func hostName() async throws {
        let port = try freePort()
        let redis = try await RealRedis.started(port: port)
        try redis.store(["site:1"])
        let pool = BlockingPool(name: "names", width: 1)
        func clear(_ host: String) async throws -> CacheClearReport {
            try await RedisCache(
                address: .tcp(host: host, port: port), selection: .prefix("site:"), pool: pool
            ).clear(.whole)[0]
        }
        #expect(try await clear("localhost").removed == 1)
        #expect(try await clear("no..host").failure?.code == .invalidAddress)
    }

    @Test("Keys that are written all the time are no failure")
    func busyStore() async throws {
        let redis = try await RealRedis.started()
        try redis.store((0..<5_000).map { "site:\($0)" })
        let writer = Task {
            var round = 0
            while !Task.isCancelled {
                try redis.store((0..<50).map { "site:new:\(round):\($0)" } + ["site:1"])
                round += 1
                await Task.yield()
            }
            return round
        }
        for _ in 0..<5 {
            let report = try await redis.clear()
            #expect(report.outcome == .cleared)
            #expect(report.keyCounters?.after.matching == 0)
        }
        writer.cancel()
        #expect(try await writer.value > 0)
        #expect(try await redis.clear().outcome == .cleared)
        #expect(try redis.keys() == [])
    }

    @Test("Login with and without a user, over a port, in another database")
    func logins() async throws {
        let password = "p w\r\n\"%"
        for user in ["cache", nil] {
            let rights = ["--user", "cache", "on", ">pw", "~*", "+@all"]
            let login = RedisLogin(user: user, password: user == nil ? password : "pw")
            let redis = try await RealRedis.started(
                port: try freePort(), login: login,
                user == nil ? ["--requirepass", password] : rights)
            try redis.store(["site:1"], database: 3)
            let report = try await redis.clear(database: 3)
            #expect(report.outcome == .cleared, "\(user ?? "default")")
            #expect(report.removed == 1)
            redis.stop()
        }
    }
}

// MARK: - Tags

extension RedisCacheTests {
    /// Entries as three libraries would leave them.
    private static let tagged: [RESPCommand] =
        ["site:1", "site:2", "site:3", "site:4", "site:5", session].map {
            RESPCommand("SET", $0, "value")
        } + [
            RESPCommand("SADD", "site:tag:news", "1", "site:2", "gone"),
            RESPCommand("ZADD", "site:tag:news:entries", "-1", "3"),
            RESPCommand("SADD", "site:\u{1}tags\u{1}news", "site:4"),
            RESPCommand("SADD", "site:tag:other", "5"),
            RESPCommand("SADD", "tag:news", session),
        ]

    @Test("All keys of a tag go, in the sets of three libraries, and the sets with them")
    func tags() async throws {
        let redis = try await RealRedis.started()
        try redis.ask(Self.tagged)
        let report = try await redis.clear(try KeyedClearRequest(tags: ["news", "unknown"]))
        #expect(report.outcome == .cleared)
        #expect(report.removed == 4)
        #expect(report.keyCounters?.before.matching == 5)
        #expect(report.keyCounters?.after.matching == 0)
        #expect(try redis.keys() == [Self.session, "site:5", "site:tag:other", "tag:news"])
    }

    @Test("A set cannot lead to a key outside of the prefix")
    func tagsInside() async throws {
        let redis = try await RealRedis.started()
        try redis.store([Self.session, "site:\(Self.session)"])
        try redis.ask([RESPCommand("SADD", "site:tag:x", Self.session)])
        let report = try await redis.clear(try KeyedClearRequest(tags: ["x"]))
        #expect(report.removed == 1)
        #expect(try redis.keys() == [Self.session])
    }

    @Test("A selection by tags: whole, by tag, by key, and by tags that are not in it")
    func tagSelection() async throws {
        let redis = try await RealRedis.started()
        let selection = StoreSelection.tags(["a", "b"])
        func fill() throws {
            try redis.ask(
                ["k1", "k2", "k3", "k4"].map { RESPCommand("SET", $0, "value") } + [
                    RESPCommand("SADD", "tag:a", "k1", "k2"), RESPCommand("SADD", "tag:b", "k3"),
                    RESPCommand("SADD", "tag:c", "k4"),
                ])
        }
        try fill()
        let key = try await redis.clear(try KeyedClearRequest(keys: ["k1", "k4"]), of: selection)
        #expect(key.removed == 1)
        #expect(try redis.keys() == ["k2", "k3", "k4", "tag:a", "tag:b", "tag:c"])
        try fill()
        let tag = try await redis.clear(try KeyedClearRequest(tags: ["b", "c"]), of: selection)
        #expect(tag.removed == 1)
        #expect(try redis.keys() == ["k1", "k2", "k4", "tag:a", "tag:c"])
        let none = try await redis.clear(try KeyedClearRequest(tags: ["c"]), of: selection)
        guard case .nothingToClear = none.outcome else {
            Issue.record("\(none.outcome)")
            return
        }
        try fill()
        #expect(try await redis.clear(of: selection).removed == 3)
        #expect(try redis.keys() == ["k4", "tag:c"])
    }

    @Test("A large tag is cleared page by page")
    func largeTag() async throws {
        let redis = try await RealRedis.started()
        let keys = (0..<4_000).map { "site:\($0)" }
        try redis.store(keys + ["site:other"])
        try redis.ask([RESPCommand("SADD", ["site:tag:t"] + keys)])
        let report = try await redis.clear(try KeyedClearRequest(tags: ["t"]))
        #expect(report.removed == 4_000)
        #expect(try redis.keys() == ["site:other"])
    }
}

extension RESPCommand {
    /// A command over many words.
    init(_ word: String, _ arguments: [String]) {
        self.init(word, arguments.map { Array($0.utf8) })
    }
}
