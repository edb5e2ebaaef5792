// SPDX-License-Identifier: Apache-2.0

import CacheTargets
import Foundation
import Glibc
import HTTPTransport
import ServerTesting
import Testing

/// An Apache with mod_php of a test's own.
final class RealApache: Sendable {
    static let program = ServerProcess.program("apache2")
    private static let modules = "/usr/lib/apache2/modules"
    private static let php: String? = {
        let versions = ["8.4", "8.3", "8.2", "8.1"]
        return versions.map { "\(modules)/libphp\($0).so" }.first { access($0, R_OK) == 0 }
    }()

    /// Whether tests which need it run.
    static var isUsable: Bool { ServerProcess.isUsable(php == nil ? nil : program) }

    let directory: TemporaryDirectory
    let port: UInt16
    private let process: ServerProcess
    private let folder: String

    /// The root of the installation.
    var site: String { "\(directory.path)/site" }
    /// What the address serves.
    var documents: String { folder.isEmpty ? site : "\(site)/\(folder)" }

    /// Starts it and waits until it answers.
    ///
    /// - Parameters:
    ///   - folder: The document root, from the root of the installation.
    ///   - extra: More lines of its configuration.
    init(folder: String = "webroot", runsPHP: Bool = true, extra: [String] = []) async throws {
        directory = try TemporaryDirectory()
        port = try freePort()
        self.folder = folder
        let documents = "\(directory.path)/site/\(folder)"
        try FileManager.default.createDirectory(
            atPath: documents, withIntermediateDirectories: true)
        try directory.write("php.ini", Self.ini)
        let modules = ["mpm_prefork", "authz_core", "alias", "dir", "rewrite"]
        var lines = modules.map { "LoadModule \($0)_module \(Self.modules)/mod_\($0).so" }
        if runsPHP {
            lines.append("LoadModule php_module \(try #require(Self.php))")
            lines.append("<FilesMatch \\.php$>\nSetHandler application/x-httpd-php\n</FilesMatch>")
        }
        lines += [
            "ServerName localhost", "Listen 127.0.0.1:\(port)", "StartServers 3",
            "PidFile \(directory.path)/pid", "ErrorLog \(directory.path)/error.log",
            "DefaultRuntimeDir \(directory.path)", "DocumentRoot \(documents)",
            "<Directory />\nRequire all granted\nAllowOverride None\n</Directory>",
        ]
        if runsPHP { lines.append("PHPINIDir \(directory.path)") }
        if geteuid() == 0 { lines += ["User www-data", "Group www-data"] }
        try directory.write("apache.conf", (lines + extra).joined(separator: "\n") + "\n")
        try directory.write("site/\(folder)/site.php", Self.page)
        try directory.write("site/\(folder)/page.php", "<?php return 1;\n")
        process = try ServerProcess(
            "/usr/bin/env",
            [
                "PHP_INI_SCAN_DIR=", try #require(Self.program), "-f",
                "\(directory.path)/apache.conf", "-DFOREGROUND",
            ])
        try await eventually("apache answers") {
            do {
                return try await get("/site.php?do=read").status > 0
            } catch let error as HTTPTransportError where error.code == .refused {
                return false
            }
        }
    }

    /// Where its site is.
    func place(_ path: String = "/") throws -> WebPlace {
        try WebPlace(host: "127.0.0.1", port: port, target: path)
    }

    /// What a visitor gets.
    func get(
        _ target: String, _ fields: [HTTPField] = []
    ) async throws -> (status: Int, body: String) {
        let client = HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: port))
        let answer = try await client.send(
            HTTPCall(.get, target, host: "localhost", fields: fields))
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }

    /// Does something on the site, as a visitor would.
    @discardableResult
    func visit(_ action: String) async throws -> String {
        try await get("/site.php?do=\(action)").body
    }

    /// What lies in the document root.
    var files: Set<String> {
        get throws { Set(try FileManager.default.contentsOfDirectory(atPath: documents)) }
    }

    private static let page = """
        <?php
        $page = __DIR__ . '/page.php';
        if ($_GET['do'] === 'warm') {
            include $page;
            foreach (['site:a', 'site:b', 'other:a'] as $key) { apcu_store($key, 1); }
        }
        if ($_GET['do'] === 'value') { echo 'value=', include $page; exit; }
        echo 'cached=', (int) opcache_is_script_cached($page), ' a=', (int) apcu_exists('site:a'),
            ' b=', (int) apcu_exists('site:b'), ' other=', (int) apcu_exists('other:a');

        """

    private static let ini = """
        zend_extension=opcache.so
        extension=posix.so
        extension=apcu.so
        opcache.enable=1
        opcache.memory_consumption=32
        opcache.file_update_protection=0
        opcache.validate_timestamps=0
        apc.enabled=1
        display_errors=0

        """
}
