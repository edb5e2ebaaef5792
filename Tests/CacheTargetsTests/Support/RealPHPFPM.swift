// SPDX-License-Identifier: Apache-2.0

import CacheTargets
import Foundation
import Glibc
import ServerTesting
import Testing

/// A PHP-FPM master of a test's own: own configuration, own php.ini, own sockets.
///
/// Started by `start`, which returns once every pool answers; ended by `stop`, by its process ID.
final class RealPHPFPM {
    /// The program, where Debian, Ubuntu and others put it.
    static let program: String? =
        ["8.4", "8.3", "8.2", "8.1"].map { "/usr/sbin/php-fpm\($0)" }
        .appending("/usr/sbin/php-fpm").first { access($0, X_OK) == 0 }

    /// Whether tests which need it run: skipped without it, but never in continuous integration.
    static var isUsable: Bool {
        program != nil || ProcessInfo.processInfo.environment["CI"] == "true"
    }

    /// What a php.ini of the test holds.
    struct Settings {
        var opcache = true
        var apcu = true
        var pools = ["www"]
        var children = 2
        /// Where the only pool listens instead of on a Unix socket.
        var port: UInt16?
        var extra: [String] = []
        var poolExtra: [String] = []
        var global: [String] = []
    }

    let directory: TemporaryDirectory
    let settings: Settings
    private var process = Process()
    private let client = FastCGIClient(pool: BlockingPool(name: "site", width: 2))

    init(_ settings: Settings = Settings()) throws {
        self.settings = settings
        directory = try TemporaryDirectory()
        try directory.write("php.ini", ini)
        try directory.write("php-fpm.conf", configuration)
        try directory.write("site.php", Self.site)
        try directory.write("page.php", "<?php return 1;\n")
    }

    deinit { stop() }

    /// The address of a pool.
    func address(_ pool: String = "www") -> SocketAddress {
        if let port = settings.port { return .tcp(host: "127.0.0.1", port: port) }
        return .unix(path: "\(directory.path)/php-\(pool)-fpm.sock")
    }

    /// Starts the master and waits until every pool answers.
    static func started(_ settings: Settings = Settings()) async throws -> RealPHPFPM {
        let server = try RealPHPFPM(settings)
        try await server.start()
        return server
    }

    func start() async throws {
        let program = try #require(Self.program, "php-fpm is not installed: make setup")
        process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = [
            "--nodaemonize", "--fpm-config", "\(directory.path)/php-fpm.conf",
            "-c", "\(directory.path)/php.ini",
        ]
        process.environment = ["PHP_INI_SCAN_DIR": "", "PATH": "/usr/bin:/bin"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        for pool in settings.pools {
            try await eventually("php-fpm answers at \(pool): \(log)") {
                do {
                    return try await visit("read", pool: pool).contains("cached=")
                } catch let error as CacheTargetError {
                    guard [.socketMissing, .refused].contains(error.code) else { throw error }
                    return false
                }
            }
        }
    }

    /// Ends the master: SIGTERM, then SIGKILL after a deadline.
    func stop() {
        guard process.isRunning else { return }
        resume()
        kill(processID, SIGTERM)
        let deadline = ContinuousClock.now + .seconds(3)
        while process.isRunning, ContinuousClock.now < deadline { _ = poll(nil, 0, 5) }
        if process.isRunning { crash() }
    }

    /// Ends the master and its children at once, so that the socket stays behind.
    ///
    /// Foundation notices the end of a process only when its children are gone as well.
    func crash() {
        let all = [processID] + children
        all.forEach { kill($0, SIGKILL) }
    }

    /// Freezes the master's children, so that nobody answers.
    func freeze() { children.forEach { kill($0, SIGSTOP) } }

    /// Lets the children go on.
    func resume() { children.forEach { kill($0, SIGCONT) } }

    /// The workers of all pools.
    var children: [pid_t] {
        let list = "/proc/\(processID)/task/\(processID)/children"
        guard let bytes = FileManager.default.contents(atPath: list) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap { pid_t($0) }
    }

    /// A worker of one pool, which its title names.
    func worker(of pool: String) throws -> pid_t {
        let worker = children.first { child in
            let title = FileManager.default.contents(atPath: "/proc/\(child)/cmdline")
            return String(decoding: title ?? Foundation.Data(), as: UTF8.self)
                .hasPrefix("php-fpm: pool \(pool)")
        }
        return try #require(worker, "no worker of pool \(pool)")
    }

    /// The master's process ID.
    var processID: pid_t { process.processIdentifier }

    /// What the master wrote to its log.
    var log: String {
        String(
            decoding: FileManager.default.contents(atPath: "\(directory.path)/error.log")
                ?? Foundation.Data(), as: UTF8.self)
    }

    /// Does something on the site, as a visitor would, and gives what the page says.
    @discardableResult
    func visit(
        _ action: String, pool: String = "www", page: String = "site.php"
    ) async throws -> String {
        let file = "\(directory.path)/\(page)"
        let request = FastCGIRequest(parameters: [
            ("REQUEST_METHOD", "GET"), ("SCRIPT_FILENAME", file), ("SCRIPT_NAME", "/\(page)"),
            ("QUERY_STRING", "do=\(action)"), ("SERVER_PROTOCOL", "HTTP/1.1"),
        ])
        let reply = try await client.perform(request, at: address(pool))
        return String(decoding: reply.body, as: UTF8.self)
    }

    /// A page that fills both caches, and one that tells whether they are filled.
    private static let site = """
        <?php
        $page = __DIR__ . '/page.php';
        if ($_GET['do'] === 'warm') {
            include $page;
            if (function_exists('apcu_store')) {
                foreach (['site:a', 'site:b', 'other:a'] as $key) { apcu_store($key, 1); }
            }
        }
        if ($_GET['do'] === 'value') { echo 'value=', include $page; exit; }
        if ($_GET['do'] === 'hold') {
            include $page;
            file_put_contents(__DIR__ . '/held', '');
            while (!file_exists(__DIR__ . '/go')) { usleep(1000); clearstatcache(); }
        }
        if ($_GET['do'] === 'load') {
            for ($i = 0; $i < 10000; $i++) { apcu_store("load:$i", str_repeat('x', 50)); }
            foreach (glob(__DIR__ . '/load/*.php') as $file) { include $file; }
        }
        $has = static fn (string $key): int
            => (int) (function_exists('apcu_exists') && apcu_exists($key));
        echo 'cached=', (int) (function_exists('opcache_is_script_cached')
            && opcache_is_script_cached($page)), ' a=', $has('site:a'), ' b=', $has('site:b'),
            ' other=', $has('other:a');

        """

    private var ini: String {
        var lines = ["zend_extension=opcache.so", "extension=posix.so"]
        if settings.apcu { lines.append("extension=apcu.so") }
        lines += [
            "opcache.enable=\(settings.opcache ? 1 : 0)", "opcache.memory_consumption=32",
            "opcache.file_update_protection=0", "opcache.validate_timestamps=0", "apc.enabled=1",
            "display_errors=0",
        ]
        return (lines + settings.extra).joined(separator: "\n") + "\n"
    }

    private var configuration: String {
        var lines = [
            "[global]", "error_log = \(directory.path)/error.log", "daemonize = no",
            "pid = \(directory.path)/php-fpm.pid",
        ]
        lines += settings.global
        for pool in settings.pools {
            let listener =
                settings.port.map { "127.0.0.1:\($0)" } ?? "\(directory.path)/php-\(pool)-fpm.sock"
            lines += ["[\(pool)]", "listen = \(listener)"]
            if geteuid() == 0 { lines += ["user = www-data", "group = www-data"] }
            lines += ["pm = static", "pm.max_children = \(settings.children)"]
            lines += settings.poolExtra
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension Array {
    fileprivate func appending(_ element: Element) -> [Element] { self + [element] }
}
