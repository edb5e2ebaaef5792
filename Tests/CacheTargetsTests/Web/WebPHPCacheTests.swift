// SPDX-License-Identifier: Apache-2.0

import ClusterModel
import Foundation
import Glibc
import HTTPTransport
import ServerTesting
import Testing

@testable import CacheTargets

@Suite("Clearing a real Apache with mod_php", .serialized, .enabled(if: RealApache.isUsable))
struct WebPHPCacheTests {
    static let warm = "cached=1 a=1 b=1 other=1"
    static let cold = "cached=0 a=0 b=0 other=0"
    private let pool = BlockingPool(name: "web", width: 2)

    private func cache(
        _ server: RealApache, root: String = "webroot", path: String = "/",
        timeout: Duration = .seconds(10)
    ) throws -> WebPHPCache {
        WebPHPCache(
            try server.place(path), site: server.site, root: root, pool: pool, timeout: timeout)
    }

    @Test(
        "Everything warm is cold afterwards, with proof, and nothing is left behind",
        .timeLimit(.minutes(1)), arguments: ["webroot", "app/public", ""])
    func everything(folder: String) async throws {
        let server = try await RealApache(folder: folder)
        let files = try server.files
        try await server.visit("warm")
        #expect(try await server.visit("read") == Self.warm)
        let cache = try cache(server, root: folder)
        let steps = await cache.clear(.plain, sparing: [])
        #expect(steps.map(\.failure) == [nil, nil])
        #expect(steps.map(\.target) == Array(repeating: cache.name, count: 2))
        #expect(steps.map { $0.proof.map(\.counter) } == [["scripts", "restarts"], ["entries"]])
        #expect(steps[0].proof[1].after == steps[0].proof[1].before + 1)
        #expect(steps[1].proof[0].before == 3 && steps[1].proof[0].after == 0)
        #expect(try await server.visit("read") == Self.cold)
        #expect(try server.files == files)
        #expect(await cache.clear(.plain, sparing: [cache.name]).isEmpty)
    }

    @Test("Fresh code is served only after the clear", .timeLimit(.minutes(1)))
    func freshCode() async throws {
        let server = try await RealApache()
        #expect(try await server.visit("value") == "value=1")
        try server.directory.write("site/webroot/page.php", "<?php return 2;\n")
        #expect(try await server.visit("value") == "value=1")
        var order = Invalidation()
        order.paths = ["webroot/page.php"]
        order.keys = ["nothing"]
        let steps = try await cache(server).clear(order, sparing: [])
        #expect(steps.map(\.failure) == [nil, nil])
        #expect(try await server.visit("value") == "value=2")
    }

    @Test("A web site below a path has its script there", .timeLimit(.minutes(1)))
    func subpath() async throws {
        let server = try await RealApache(folder: "public/shop", extra: [])
        let alias = try await RealApache(
            folder: "x", extra: ["Alias /shop \(server.documents)"])
        let cache = WebPHPCache(
            try alias.place("/shop"), site: server.site, root: "public/shop", pool: pool,
            timeout: .seconds(10))
        #expect(await cache.clear(.plain, sparing: []).map(\.failure) == [nil, nil])
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var extra: [String] = []
        var runsPHP = true
        var root = "webroot"
        let words: String
    }

    @Test(
        "What the server does instead of running the script is told, and nothing is left behind",
        .timeLimit(.minutes(1)),
        arguments: [
            Refused(
                testDescription: "a redirect", extra: ["Redirect / https://elsewhere.example/"],
                words: "a redirect to https://elsewhere.example/"),
            Refused(
                testDescription: "denied",
                extra: ["<Files sitestacker-*>\nRequire all denied\n</Files>"],
                words: "status 403"),
            Refused(testDescription: "another folder", root: "", words: "status 404"),
            Refused(
                testDescription: "an error",
                extra: ["php_value auto_prepend_file /no/such/file.php"], words: "status 500"),
            Refused(testDescription: "no PHP", runsPHP: false, words: "PHP is not run there"),
            Refused(
                testDescription: "everything goes to the application",
                extra: ["RewriteEngine on\nRewriteRule ^ /index.html"],
                words: "rewrite rule"),
        ])
    func refused(refused: Refused) async throws {
        let server = try await RealApache(runsPHP: refused.runsPHP, extra: refused.extra)
        try server.directory.write("site/webroot/index.html", "<html>The application</html>")
        let files = try server.files
        let steps = try await cache(server, root: refused.root).clear(.plain, sparing: [])
        #expect(steps.count == 2)
        for step in steps {
            let failure = try #require(step.failure)
            #expect(failure.contains(refused.words), "\(failure)")
        }
        #expect(try server.files == files)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: server.site) == ["webroot"])
    }

    @Test("A visitor learns and changes nothing, even while the script is there")
    func visitor() async throws {
        let server = try await RealApache()
        try await server.visit("warm")
        let script = try WebScript(site: server.site, root: "webroot")
        let source = try String(
            contentsOfFile: "\(server.documents)/\(script.name)", encoding: .utf8)
        #expect(!source.contains(script.token))
        for token in ["", "x", String(repeating: "0", count: 64)] {
            let fields = [
                HTTPField("x-sitestacker-token", token), HTTPField("x-sitestacker-user", "all"),
                HTTPField("x-sitestacker-opcode", "all"), HTTPField("x-sitestacker-items", "0"),
                HTTPField("x-sitestacker-files", "0"),
            ]
            let answer = try await server.get("/\(script.name)?token=\(script.token)", fields)
            #expect(answer.status == 404 && answer.body.isEmpty)
        }
        #expect(try await server.visit("read") == Self.warm)
        script.remove()
        #expect(try await server.get("/\(script.name)").status == 404)
    }
}
