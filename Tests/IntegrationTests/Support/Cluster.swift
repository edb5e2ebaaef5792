// SPDX-License-Identifier: Apache-2.0
import Foundation
import ServerTesting
import Testing

/// Everything here uses the same three addresses, so one test runs after the other.
@Suite(.serialized) enum BlackBox {}

/// Three servers on this machine; only those that a test starts run.
struct Cluster {
    static let password = "correct horse battery staple"

    let servers: [Server]

    subscript(number: Int) -> Server { servers[number - 1] }

    var urls: [String] { servers.map(\.url) }

    /// One directory for all tests: the name of an installation's state is made from its path.
    private static let root: String = {
        let process = ProcessInfo.processInfo.processIdentifier
        let path = "\(NSTemporaryDirectory())/sitestacker-\(process)"
        atexit { Cluster.removeAll() }
        return URL(fileURLWithPath: path).standardizedFileURL.path
    }()

    private static func removeAll() {
        do {
            try FileManager.default.removeItem(atPath: root)
        } catch {
            FileHandle.standardError.write(Foundation.Data("\(error)\n".utf8))
        }
    }

    private static var live: String { "\(root)/live" }
    private static var kept: String { "\(root)/founded" }

    /// Gives a test three servers without anything on them, and ends what it started.
    static func new(_ test: (Cluster) async throws -> Void) async throws {
        try empty(live)
        let cluster = Cluster(
            servers: (1...3).map { Server(number: $0, root: "\(live)/\($0)") })
        for server in cluster.servers { try server.makeFolders() }
        do {
            try await test(cluster)
        } catch {
            for server in cluster.servers {
                Issue.record("log of server \(server.number):\n\(server.log.prefix(20_000))")
            }
            try await cluster.end()
            throw error
        }
        try await cluster.end()
    }

    /// Gives a test three servers that belong together; those with these numbers run.
    static func founded(
        running: Set<Int> = [1, 2, 3], _ test: (Cluster) async throws -> Void
    ) async throws {
        if !FileManager.default.fileExists(atPath: kept) {
            try await new { cluster in
                try await cluster.found()
                for server in cluster.servers { try await server.stop() }
                try FileManager.default.copyItem(atPath: live, toPath: kept)
            }
        }
        try await new { cluster in
            try empty(live)
            try FileManager.default.removeItem(atPath: live)
            try FileManager.default.copyItem(atPath: kept, toPath: live)
            for number in running.sorted() { try cluster[number].launch() }
            for number in running.sorted() { try await cluster[number].becomeAbleToPublish() }
            if running.count == 3 {
                for server in cluster.servers { try await server.becomeReady() }
            }
            try await test(cluster)
        }
    }

    /// Founds the cluster and logs the others in.
    func found() async throws {
        for server in servers {
            let others = servers.filter { $0.number != server.number }
            try server.configure(urls: [server.url] + others.map(\.url))
            try server.write("alice\n", to: server.usersFile)
        }
        try await self[1].found()
        for server in servers { try await server.start() }
        for server in servers.dropFirst() { try await server.logIn() }
        for server in servers { try await server.becomeReady() }
    }

    private func end() async throws {
        for server in servers { try await server.stop() }
    }

    private static func empty(_ path: String) throws {
        if FileManager.default.fileExists(atPath: path) {
            try FileManager.default.removeItem(atPath: path)
        }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
}

extension Server {
    /// Makes the cluster and its first user.
    func found() async throws {
        try await done(
            "init", "--user", "alice", "--email", "alice@example.com", "--name", "Alice Admin",
            "--password-stdin", input: Cluster.password + "\n")
    }

    /// Logs this server in.
    @discardableResult
    func logIn(as user: String = "alice", password: String = Cluster.password) async throws
        -> Outcome
    {
        try await done(
            "login", "-r", url, "-u", user, "--password-stdin", input: password + "\n")
    }
}
