// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Glibc
import Testing

@testable import DatabaseStatus

/// A real server, started for a suite and ended with it.
struct RealServer: Sendable {
    /// The server that the running suite has started.
    @TaskLocal static var current: RealServer?

    static let mariaDB = "/usr/sbin/mariadbd"
    static let postgreSQL = "/usr/lib/postgresql/15/bin/postgres"

    let child: Child
    let login: DatabaseLogin

    /// The same server with another login.
    func login(
        user: String? = nil, password: String? = nil, database: String? = nil
    ) -> DatabaseLogin {
        DatabaseLogin(
            host: login.host, port: login.port, user: user ?? login.user,
            password: password ?? login.password, database: database ?? login.database)
    }

    static func startMariaDB(in folder: Folder) throws -> RealServer {
        let log = try folder.write("", to: "log")
        chmodAll(log)
        let common = [
            "--no-defaults", "--datadir=\(folder.path)/data", "--innodb-log-file-size=4M",
        ]
        try Child.run(
            Child.unprivileged(
                ["/usr/bin/mariadb-install-db"] + common + [
                    "--skip-test-db", "--auth-root-authentication-method=normal",
                    "--skip-name-resolve",
                ]), output: log)
        let port = try FakeServer.freePort()
        let start = try folder.write(
            """
            CREATE DATABASE shop;
            CREATE TABLE shop.first (id INT PRIMARY KEY) ENGINE=InnoDB;
            CREATE TABLE shop.second (id INT PRIMARY KEY) ENGINE=InnoDB;
            CREATE USER 'site'@'127.0.0.1' IDENTIFIED BY 'a"b''c d\\\\%';
            GRANT ALL ON shop.* TO 'site'@'127.0.0.1';
            CREATE USER 'guest'@'127.0.0.1' IDENTIFIED BY 'guest';
            """, to: "start.sql")
        let child = try Child(
            Child.unprivileged(
                [mariaDB] + common + [
                    "--bind-address=127.0.0.1", "--port=\(port)", "--socket=\(folder.path)/socket",
                    "--pid-file=\(folder.path)/pid", "--init-file=\(start)", "--skip-name-resolve",
                    "--innodb-buffer-pool-size=8M", "--skip-log-bin", "--performance-schema=OFF",
                ]), output: log)
        return RealServer(
            child: child,
            login: DatabaseLogin(
                host: "127.0.0.1", port: port, user: "site", password: "a\"b'c d\\%",
                database: "shop"))
    }

    static func startPostgreSQL(in folder: Folder) throws -> RealServer {
        let log = try folder.write("", to: "log")
        chmodAll(log)
        let password = try folder.write("a\"b'c d\\%\n", to: "password")
        try Child.run(
            Child.unprivileged([
                "/usr/lib/postgresql/15/bin/initdb", "-D", "\(folder.path)/data", "-U", "site",
                "-A", "scram-sha-256", "--pwfile=\(password)", "--no-sync", "--locale=C",
                "--encoding=UTF8",
            ]), output: log)
        let port = try FakeServer.freePort()
        let child = try Child(
            Child.unprivileged([
                postgreSQL, "-D", "\(folder.path)/data", "-h", "127.0.0.1", "-p", "\(port)", "-k",
                folder.path, "-c", "fsync=off", "-c", "shared_buffers=1MB",
            ]), output: log)
        return RealServer(
            child: child,
            login: DatabaseLogin(
                host: "127.0.0.1", port: port, user: "site", password: "a\"b'c d\\%",
                database: "postgres"))
    }

    private static func chmodAll(_ path: String) { _ = chmod(path, 0o666) }
}

/// Gives a suite one server for all its tests.
struct ServerTrait: SuiteTrait, TestScoping {
    let location: @Sendable (DatabaseLogin) -> DatabaseLocation
    let start: @Sendable (Folder) throws -> RealServer

    @concurrent
    func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let server = try start(folder)
        // At once, and with all its processes: there is nothing to save.
        defer { server.child.end(by: SIGQUIT) }
        try await eventually {
            await DatabaseStatus(location(server.login), root: "/").read().problem == nil
        }
        try await RealServer.$current.withValue(server) { try await function() }
    }
}

extension Trait where Self == ServerTrait {
    static var mariaDB: ServerTrait {
        ServerTrait(location: { .mysql($0) }, start: RealServer.startMariaDB)
    }
    static var postgreSQL: ServerTrait {
        ServerTrait(location: { .postgresql($0) }, start: RealServer.startPostgreSQL)
    }
}
