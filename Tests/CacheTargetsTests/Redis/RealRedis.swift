// SPDX-License-Identifier: Apache-2.0

import Foundation
import ServerTesting
import Testing

@testable import CacheTargets

/// A Redis of a test's own, on a Unix socket or a port, without a disk.
final class RealRedis: Sendable {
    static let program = ServerProcess.program("redis-server", "valkey-server")
    static var isUsable: Bool { ServerProcess.isUsable(program) }

    let address: SocketAddress
    let login: RedisLogin?
    private let directory: TemporaryDirectory
    private let process: ServerProcess
    private let pool = BlockingPool(name: "redis-test", width: 2)

    /// Starts it and waits until it answers.
    static func started(
        port: UInt16? = nil, login: RedisLogin? = nil, _ extra: [String] = []
    ) async throws -> RealRedis {
        let redis = try RealRedis(port, login, extra)
        try await eventually("Redis answers") {
            do throws(CacheTargetError) {
                return try redis.ask([RESPCommand("PING")]) != []
            } catch {
                guard [.socketMissing, .refused].contains(error.code) else { throw error }
                return false
            }
        }
        return redis
    }

    private init(_ port: UInt16?, _ login: RedisLogin?, _ extra: [String]) throws {
        directory = try TemporaryDirectory()
        let path = "\(directory.path)/redis.sock"
        address = port.map { .tcp(host: "127.0.0.1", port: $0) } ?? .unix(path: path)
        self.login = login
        process = try ServerProcess(
            Self.program,
            [
                "--port", "\(port ?? 0)", "--bind", "127.0.0.1", "--unixsocket", path,
                "--save", "", "--appendonly", "no", "--dir", directory.path, "--daemonize", "no",
            ] + extra)
    }

    func stop() { process.stop() }
    func freeze() { process.freeze() }
    func resume() { process.resume() }

    /// Sends commands as an application would, and gives the replies.
    @discardableResult
    func ask(
        _ commands: [RESPCommand], database: Int = 0
    ) throws(CacheTargetError) -> [RESPValue] {
        var session = try RedisSession(
            address, failure: RedisFailure(target: "test", login: nil), connect: .seconds(2),
            deadline: .after(.seconds(10)))
        if let login { _ = try session.perform([login.command], "test") }
        _ = try session.perform([RESPCommand("SELECT", "\(database)")], "test")
        return try session.perform(commands, "test")
    }

    /// Stores some keys.
    func store(_ keys: [String], database: Int = 0) throws {
        try ask(keys.map { RESPCommand("SET", $0, "value") }, database: database)
    }

    /// All keys of a database, in order.
    func keys(database: Int = 0) throws -> [String] {
        let reply = try ask([RESPCommand("KEYS", "*")], database: database)[0]
        guard case .array(let values?) = reply else {
            Issue.record("\(reply)")
            return []
        }
        return values.map { value in
            guard case .bulk(let bytes?) = value else { return "?" }
            return String(decoding: bytes, as: UTF8.self)
        }.sorted()
    }

    /// The target under test.
    func cache(
        _ selection: StoreSelection, database: Int = 0, timeout: Duration = .seconds(10)
    ) throws -> RedisCache {
        try RedisCache(
            address: address, database: database, login: login, selection: selection,
            timeout: timeout, pool: pool)
    }

    /// Clears, and gives the only report.
    func clear(
        _ request: KeyedClearRequest = .whole, of selection: StoreSelection = .prefix("site:"),
        database: Int = 0, timeout: Duration = .seconds(10)
    ) async throws -> CacheClearReport {
        let reports = try await cache(selection, database: database, timeout: timeout)
            .clear(request)
        return try #require(reports.count == 1 ? reports[0] : nil)
    }
}

extension CacheClearReport {
    /// The counters of a store.
    var keyCounters: (before: KeyCounters, after: KeyCounters)? {
        guard case .keys(let before, let after) = counters else { return nil }
        return (before, after)
    }
}
