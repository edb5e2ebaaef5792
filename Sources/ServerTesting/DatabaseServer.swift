// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Glibc

/// A database server of a test's own, with a site's database and its login.
///
/// It listens at a port of 127.0.0.1, keeps its files in a folder of the test's, and runs as a user
/// without rights where the test is root: databases insist on it. Whether it answers yet is the
/// caller's to find out.
public struct DatabaseServer: Sendable {
    /// Where MariaDB's server is on Debian.
    public static let mariaDB = "/usr/sbin/mariadbd"
    /// Where PostgreSQL's server is on Debian 12.
    public static let postgreSQL = "/usr/lib/postgresql/15/bin/postgres"

    /// The server's process.
    public let process: ServerProcess
    /// Its port of 127.0.0.1.
    public let port: UInt16
    /// The site's user.
    public let user = "site"
    /// The user's password, with characters which every language quotes.
    public let password = "a\"b'c d\\%"
    /// The site's database.
    public let database: String
    private let folder: TemporaryDirectory

    /// A URL of the site's database, as `database:` of a configuration has it.
    public func url(scheme: String) -> String {
        let allowed = CharacterSet.alphanumerics
        let quoted = password.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
        return "\(scheme)://\(user):\(quoted)@127.0.0.1:\(port)/\(database)"
    }

    /// Starts MariaDB with the database `shop` of two tables, and a user `guest` who may not see
    /// it.
    ///
    /// - Throws: What `ServerProcess` throws.
    public static func startMariaDB() throws -> DatabaseServer {
        let folder = try TemporaryDirectory(mode: 0o777)
        let log = try folder.write("log", "", mode: 0o666)
        let common = [
            "--no-defaults", "--datadir=\(folder.path)/data", "--innodb-log-file-size=4M",
        ]
        try run(
            ["/usr/bin/mariadb-install-db"] + common + [
                "--skip-test-db", "--auth-root-authentication-method=normal",
                "--skip-name-resolve",
            ], output: log)
        let port = try freePort()
        let initial = try folder.write(
            "start.sql",
            """
            CREATE DATABASE shop;
            CREATE TABLE shop.first (id INT PRIMARY KEY) ENGINE=InnoDB;
            CREATE TABLE shop.second (id INT PRIMARY KEY) ENGINE=InnoDB;
            CREATE USER 'site'@'127.0.0.1' IDENTIFIED BY 'a"b''c d\\\\%';
            GRANT ALL ON shop.* TO 'site'@'127.0.0.1';
            CREATE USER 'guest'@'127.0.0.1' IDENTIFIED BY 'guest';
            """)
        let process = try launch(
            [mariaDB] + common + [
                "--bind-address=127.0.0.1", "--port=\(port)", "--socket=\(folder.path)/socket",
                "--pid-file=\(folder.path)/pid", "--init-file=\(initial)", "--skip-name-resolve",
                "--innodb-buffer-pool-size=8M", "--skip-log-bin", "--performance-schema=OFF",
            ], output: log)
        return DatabaseServer(process: process, port: port, database: "shop", folder: folder)
    }

    /// Starts PostgreSQL with its database `postgres`, whose owner is the site's user.
    ///
    /// - Throws: What `ServerProcess` throws.
    public static func startPostgreSQL() throws -> DatabaseServer {
        let folder = try TemporaryDirectory(mode: 0o777)
        let log = try folder.write("log", "", mode: 0o666)
        let password = try folder.write("password", "a\"b'c d\\%\n")
        try run(
            [
                "/usr/lib/postgresql/15/bin/initdb", "-D", "\(folder.path)/data", "-U", "site",
                "-A", "scram-sha-256", "--pwfile=\(password)", "--no-sync", "--locale=C",
                "--encoding=UTF8",
            ], output: log)
        let port = try freePort()
        let process = try launch(
            [
                postgreSQL, "-D", "\(folder.path)/data", "-h", "127.0.0.1", "-p", "\(port)", "-k",
                folder.path, "-c", "fsync=off", "-c", "shared_buffers=1MB",
            ], output: log)
        return DatabaseServer(process: process, port: port, database: "postgres", folder: folder)
    }

    private static func launch(_ words: [String], output: String) throws -> ServerProcess {
        let words = unprivileged(words)
        return try ServerProcess(words.first, Array(words.dropFirst()), output: output)
    }

    private static func run(_ words: [String], output: String) throws {
        let words = unprivileged(words)
        try ServerProcess.run(words.first, Array(words.dropFirst()), output: output)
    }

    private static func unprivileged(_ words: [String]) -> [String] {
        guard geteuid() == 0 else { return words }
        return ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
            + words
    }
}
