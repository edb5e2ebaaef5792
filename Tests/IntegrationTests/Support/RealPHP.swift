// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import ServerTesting

/// A PHP-FPM of one server of a test, with the opcode cache and APCu.
final class RealPHP {
    /// The program, where distributions put it.
    static let program: String? =
        (["8.4", "8.3", "8.2", "8.1"].map { "/usr/sbin/php-fpm\($0)" } + ["/usr/sbin/php-fpm"])
        .first { access($0, X_OK) == 0 }

    /// Whether tests that need it run: skipped without it, but never in continuous integration.
    static let isUsable = program != nil || ProcessInfo.processInfo.environment["CI"] != nil

    private let directory: String
    private var process: RunningProcess?

    /// Where it listens.
    var socket: String { "\(directory)/php.sock" }

    init(of server: Server) throws {
        directory = "\(server.root)/php"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        let owner = geteuid() == 0 ? "user = www-data\ngroup = www-data\n" : ""
        try """
        [global]
        error_log = \(directory)/error.log
        daemonize = no
        [www]
        \(owner)listen = \(socket)
        listen.mode = 0666
        pm = static
        pm.max_children = 2

        """.write(toFile: "\(directory)/fpm.conf", atomically: true, encoding: .utf8)
        try """
        <?php
        if ($_GET['do'] === 'warm') { apcu_store('greeting', 'hello'); }
        echo "\\n", apcu_exists('greeting') ? 'kept' : 'gone';
        """.write(toFile: "\(directory)/page.php", atomically: true, encoding: .utf8)
    }

    /// Starts it, and waits until it listens.
    func start() async throws {
        guard let program = RealPHP.program else {
            throw Overdue(description: "php-fpm is not installed: make setup")
        }
        process = try RunningProcess(
            program,
            [
                "-n", "-d", "zend_extension=opcache.so", "-d", "extension=apcu.so",
                "-d", "extension=posix.so", "-d", "opcache.enable=1", "-d", "apc.enabled=1",
                "--nodaemonize", "--fpm-config", "\(directory)/fpm.conf",
            ], directory: directory)
        try await eventually("php-fpm to answer") { try await entry("look") != nil }
    }

    /// Ends it; nobody listens then.
    func stop() async throws { try await process?.stop() }

    /// Fills the caches.
    func warm() async throws {
        guard try await entry("warm") == "kept" else {
            throw Overdue(description: "expected a warm user cache")
        }
    }

    /// Whether the entry of the user cache is `kept` or `gone`; `nil` where nobody answers.
    func entry(_ action: String = "look") async throws -> String? {
        let text = try await visit("\(directory)/page.php", query: "do=\(action)")
        guard let last = text.split(separator: "\n").last, ["kept", "gone"].contains(last) else {
            return nil
        }
        return String(last)
    }

    /// What a script prints; empty where nobody answers.
    func visit(_ script: String, query: String = "") async throws -> String {
        let visit = try RunningProcess(
            "/usr/bin/cgi-fcgi", ["-bind", "-connect", socket],
            environment: [
                "SCRIPT_FILENAME": script, "SCRIPT_NAME": "/page.php",
                "REQUEST_METHOD": "GET", "QUERY_STRING": query,
            ], directory: directory)
        let outcome = try await visit.end()
        return outcome.status == 0 ? outcome.text : ""
    }
}
