// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Glibc
import ServerTesting
import Testing

@testable import DatabaseStatus

extension DatabaseServer {
    /// The server that the running suite has started.
    @TaskLocal static var current: DatabaseServer?

    /// The site's login, or another one.
    func login(
        user: String? = nil, password: String? = nil, database: String? = nil
    ) -> DatabaseLogin {
        DatabaseLogin(
            host: "127.0.0.1", port: port, user: user ?? self.user,
            password: password ?? self.password, database: database ?? self.database)
    }
}

/// Gives a suite one server for all its tests.
struct ServerTrait: SuiteTrait, TestScoping {
    let location: @Sendable (DatabaseLogin) -> DatabaseLocation
    let start: @Sendable () throws -> DatabaseServer

    @concurrent
    func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        let server = try start()
        defer { server.process.end(by: SIGQUIT) }
        try await eventually("the database server to answer") {
            await DatabaseStatus(location(server.login()), root: "/").read().problem == nil
        }
        try await DatabaseServer.$current.withValue(server) { try await function() }
    }
}

extension Trait where Self == ServerTrait {
    static var mariaDB: ServerTrait {
        ServerTrait(location: { .mysql($0) }, start: DatabaseServer.startMariaDB)
    }
    static var postgreSQL: ServerTrait {
        ServerTrait(location: { .postgresql($0) }, start: DatabaseServer.startPostgreSQL)
    }
}
