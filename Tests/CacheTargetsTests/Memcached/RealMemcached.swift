// SPDX-License-Identifier: Apache-2.0

import Foundation
import ServerTesting
import Testing

@testable import CacheTargets

/// A Memcached of a test's own, on a Unix socket or a port.
final class RealMemcached: Sendable {
    static let program = ServerProcess.program("memcached")
    static var isUsable: Bool { ServerProcess.isUsable(program) }

    let address: SocketAddress
    private let directory: TemporaryDirectory
    private let process: ServerProcess
    private let pool = BlockingPool(name: "memcached-test", width: 2)

    /// Starts it and waits until it answers.
    static func started(port: UInt16? = nil, _ extra: [String] = []) async throws -> RealMemcached {
        let server = try RealMemcached(port, extra)
        try await eventually("Memcached answers") {
            do throws(CacheTargetError) {
                return try server.ask("mn\r\n", until: "MN\r\n").contains("MN")
            } catch {
                guard [.socketMissing, .refused].contains(error.code) else { throw error }
                return false
            }
        }
        return server
    }

    private init(_ port: UInt16?, _ extra: [String]) throws {
        directory = try TemporaryDirectory()
        let path = "\(directory.path)/memcached.sock"
        address = port.map { .tcp(host: "127.0.0.1", port: $0) } ?? .unix(path: path)
        let place = port.map { ["-l", "127.0.0.1", "-p", "\($0)", "-U", "0"] } ?? ["-s", path]
        process = try ServerProcess(
            Self.program, place + ["-u", "\(NSUserName())", "-t", "2", "-m", "64"] + extra)
    }

    func stop() { process.stop() }
    func freeze() { process.freeze() }
    func resume() { process.resume() }

    /// Sends text as an application would, and gives the answer through `end`.
    @discardableResult
    func ask(_ text: String, until end: String) throws(CacheTargetError) -> String {
        let socket = try StreamSocket.open(
            address, target: "test", kind: .memcached, connect: .seconds(2),
            deadline: .after(.seconds(10)))
        try socket.send(Array(text.utf8))
        var chunk = [UInt8](repeating: 0, count: 64 * 1_024)
        var answer: [UInt8] = []
        while !answer.ends(with: end.utf8) {
            let count = try socket.receive(into: &chunk, after: answer.count)
            answer += chunk[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }

    /// Stores some keys.
    func store(_ keys: [String], value: String = "value") throws(CacheTargetError) {
        let text = keys.map { "set \($0) 0 0 \(value.utf8.count) noreply\r\n\(value)\r\n" }
        try ask(text.joined() + "mn\r\n", until: "MN\r\n")
    }

    /// Those of the keys that are there.
    func present(_ keys: [String]) throws(CacheTargetError) -> [String] {
        let answer = try ask("get \(keys.joined(separator: " "))\r\n", until: "END\r\n")
        let names = answer.split(separator: "\r\n").filter { $0.hasPrefix("VALUE ") }
        return names.map { String($0.split(separator: " ")[1]) }
    }

    /// The target under test.
    func cache(
        _ selection: StoreSelection, timeout: Duration = .seconds(10)
    ) throws -> MemcachedCache {
        try MemcachedCache(address: address, selection: selection, timeout: timeout, pool: pool)
    }

    /// Clears, and gives the only report.
    func clear(
        _ request: KeyedClearRequest = .whole, of selection: StoreSelection = .prefix("site:"),
        timeout: Duration = .seconds(10)
    ) async throws -> CacheClearReport {
        let reports = try await cache(selection, timeout: timeout).clear(request)
        return try #require(reports.count == 1 ? reports[0] : nil)
    }
}

extension Array where Element: Equatable {
    fileprivate func ends(with end: some Sequence<Element>) -> Bool {
        suffix(Array(end).count).elementsEqual(end)
    }
}
