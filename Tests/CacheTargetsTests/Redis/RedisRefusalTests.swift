// SPDX-License-Identifier: Apache-2.0

import ServerTesting
import Testing

@testable import CacheTargets

@Suite(
    "What a real Redis refuses", .enabled(if: RealRedis.isUsable), .timeLimit(.minutes(1)))
struct RedisRefusalTests {
    private static let secret = "geheim-8271"
    private let pool = BlockingPool(name: "refusals", width: 2)

    private func failure(
        of redis: RealRedis, login: RedisLogin? = nil, _ selection: StoreSelection = .prefix("s:"),
        database: Int = 0, timeout: Duration = .seconds(5)
    ) async throws -> CacheTargetError {
        let cache = try RedisCache(
            address: redis.address, database: database, login: login, selection: selection,
            timeout: timeout, pool: pool)
        let report = await cache.clear(.whole)[0]
        let error = try #require(report.failure)
        #expect(!"\(error)".contains(Self.secret))
        #expect(!error.hint.isEmpty)
        #expect(report.counters == nil)
        return error
    }

    @Test("A missing, a wrong and a needless password are said to be so")
    func passwords() async throws {
        let redis = try await RealRedis.started(
            login: RedisLogin(password: "right"), ["--requirepass", "right"])
        #expect(try await failure(of: redis).code == .loginRefused)
        let wrong = RedisLogin(password: Self.secret)
        #expect(try await failure(of: redis, login: wrong).code == .loginRefused)
        let stranger = RedisLogin(user: "stranger", password: Self.secret)
        #expect(try await failure(of: redis, login: stranger).code == .loginRefused)
        let open = try await RealRedis.started()
        #expect(try await failure(of: open, login: wrong).code == .loginRefused)
    }

    @Test("A user without rights is told which are missing; one with just those can clear")
    func rights() async throws {
        let login = RedisLogin(password: "right")
        let redis = try await RealRedis.started(
            login: login,
            [
                "--requirepass", "right", "--user", "poor", "on", ">pw", "~s:*", "+scan",
                "--user", "enough", "on", ">pw", "~s:*", "+select", "+scan", "+sscan", "+zscan",
                "+unlink", "+exists", "+srem", "+zrem", "+type", "+multi", "+exec", "+dbsize",
            ])
        try redis.store(["s:1", "t:1"])
        try redis.ask([RESPCommand("SADD", "s:tag:t", "1")])
        let poor = try await failure(of: redis, login: RedisLogin(user: "poor", password: "pw"))
        #expect(poor.code == .forbidden)
        #expect(poor.hint.contains("+unlink"))
        let cache = try RedisCache(
            address: redis.address, login: RedisLogin(user: "enough", password: "pw"),
            selection: .prefix("s:"), pool: pool)
        #expect(await cache.clear(try KeyedClearRequest(tags: ["t"]))[0].outcome == .cleared)
        #expect(await cache.clear(.whole)[0].outcome == .cleared)
        #expect(try redis.keys() == ["t:1"])
    }

    @Test("A replica, a cluster's node, a database that is none, and a stopped server")
    func unfit() async throws {
        let replica = try await RealRedis.started(["--replicaof", "127.0.0.1 1"])
        #expect(try await failure(of: replica).code == .readOnly)
        replica.stop()
        let gone = try await failure(of: replica)
        #expect(gone.code == .socketMissing, "\(gone)")
        let node = try await RealRedis.started(
            port: try freePort(below: 55_000), ["--cluster-enabled", "yes"])
        #expect(try await failure(of: node).code == .clustered)
        let redis = try await RealRedis.started()
        #expect(try await failure(of: redis, database: 99).code == .declined)
        redis.freeze()
        let silent = try await failure(of: redis, timeout: .milliseconds(150))
        #expect(silent.code == .timedOut)
        redis.resume()
        try redis.store(["s:1"])
        let cache = try RedisCache(address: redis.address, selection: .prefix("s:"), pool: pool)
        #expect(await cache.clear(.whole)[0].removed == 1)
    }

    @Test("A pattern that never ends is given up for good, and nothing is cleared by it")
    func endlessPattern() async throws {
        let redis = try await RealRedis.started()
        let key = "s:" + String(repeating: "a", count: 60) + "!"
        try redis.store([key])
        let cache = try RedisCache(address: redis.address, selection: .prefix("s:"), pool: pool)
        let report = await cache.clear(try KeyedClearRequest(keyPatterns: ["^(a+)+$"]))[0]
        guard case .refused(let reason) = report.outcome else {
            Issue.record("\(report.outcome)")
            return
        }
        #expect(reason.hasPrefix("the pattern ^(a+)+$ comes to no end"))
        #expect(try redis.keys() == [key])
        try redis.store(["s:b", "s:c"])
        let rest = await cache.clear(try KeyedClearRequest(keyPatterns: ["^(a+)+$", "b"]))[0]
        #expect(rest.outcome == .cleared)
        #expect(rest.notes.contains { $0.hasPrefix("the pattern ^(a+)+$ comes to no end") })
        #expect(try redis.keys() == [key, "s:c"].sorted())
    }

    @Test("A key that is too long for patterns is passed over, and said to be so")
    func longKey() async throws {
        let redis = try await RealRedis.started()
        let key = "s:" + String(repeating: "a", count: KeyPattern.maximumKey + 1)
        try redis.store([key, "s:news"])
        let cache = try RedisCache(address: redis.address, selection: .prefix("s:"), pool: pool)
        let report = await cache.clear(try KeyedClearRequest(keyPatterns: ["^news"]))[0]
        #expect(report.outcome == .cleared)
        #expect(report.notes.contains { $0.hasPrefix("1 keys of more than") }, "\(report.notes)")
        #expect(try redis.keys() == [key])
    }

    @Test("Slow patterns on many keys end at the deadline")
    func slowPatterns() async throws {
        let redis = try await RealRedis.started()
        // On each of the keys the pattern takes some milliseconds, which is no end by itself.
        try redis.store((0..<1_000).map { "s:\($0)" + String(repeating: "a", count: 2_000) })
        let cache = try RedisCache(
            address: redis.address, selection: .prefix("s:"), timeout: .milliseconds(300),
            pool: pool)
        let patterns = (0..<64).map { "a*a*b\($0)" }
        let report = await cache.clear(try KeyedClearRequest(keyPatterns: patterns))[0]
        #expect(report.failure?.code == .timedOut, "\(report.outcome)")
        #expect(report.failure?.operation == "try patterns on keys")
    }
}
