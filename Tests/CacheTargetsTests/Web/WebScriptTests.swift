// SPDX-License-Identifier: Apache-2.0

import ClusterModel
import Foundation
import Glibc
import ServerTesting
import Testing

@testable import CacheTargets

@Suite("The script in the site's folder")
struct WebScriptTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(
            atPath: "\(directory.path)/web/root", withIntermediateDirectories: true)
    }

    private func files(_ folder: String = "web/root") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(directory.path)/\(folder)")
    }

    @Test("It is gone with its value, and two at once have names of their own")
    func life() throws {
        do {
            let one = try WebScript(site: directory.path, root: "web/root")
            let other = try WebScript(site: directory.path, root: "web/root")
            #expect(Set(try files()) == [one.name, other.name])
            #expect(one.token != other.token)
            var status = stat()
            #expect(stat("\(directory.path)/web/root/\(one.name)", &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o644)
        }
        #expect(try files().isEmpty)
    }

    @Test(
        "A folder that is a link, missing, or outside is refused",
        arguments: ["link", "web/link", "none", "..", "web/../web", "file"])
    func folders(root: String) throws {
        try directory.write("file", "")
        #expect(symlink("/tmp", "\(directory.path)/link") == 0)
        #expect(symlink("../..", "\(directory.path)/web/link") == 0)
        let error = #expect(throws: CacheTargetError.self) {
            try WebScript(site: directory.path, root: root)
        }
        #expect(error?.code == .scriptUnusable)
    }

    @Test("What a killed daemon left is removed once it is past its life, and nothing else")
    func leftovers() throws {
        for name in ["sitestacker-clear-old.php", ".sitestacker-clear-old.php.new", "index.php"] {
            try directory.write("web/root/\(name)", "")
        }
        // They were made just now, so they might be in use.
        _ = try WebScript(site: directory.path, root: "web/root")
        #expect(try files().count == 3)
    }

    @Test("Silence ends at the deadline, and the script is gone")
    func silence() async throws {
        let server = try WebServer { _ in nil }
        let cache = WebPHPCache(
            try WebPlace(host: "127.0.0.1", port: server.port), site: directory.path,
            root: "web/root", pool: BlockingPool(name: "web", width: 1),
            timeout: .seconds(1))
        let steps = await cache.clear(.plain, sparing: [])
        #expect(steps.count == 2)
        #expect(steps.allSatisfy { $0.failure?.contains("within") == true })
        #expect(try files().isEmpty)
    }

    @Test("The token travels in a header, never in the address")
    func token() async throws {
        let server = try WebServer { _ in WebServer.answer(404, "") }
        let cache = WebPHPCache(
            try WebPlace(host: "127.0.0.1", port: server.port, target: "/shop"),
            site: directory.path, root: "web/root", pool: BlockingPool(name: "web", width: 1),
            timeout: .seconds(20))
        #expect(await cache.clear(.plain, sparing: []).allSatisfy { $0.failure != nil })
        let request = try #require(server.requests.first)
        let token = try #require(request.fields["x-sitestacker-token"])
        #expect(token.count == 64 && !request.target.contains(token))
        #expect(request.target.hasPrefix("/shop/sitestacker-clear-"))
        #expect(try files().isEmpty)
    }

    @Test(
        "An address that is no word of a request is refused",
        arguments: [
            ("web 1", "/"), ("", "/"), ("web1", "x"), ("web1", "/a b"), ("a/b", "/"),
            ("web1", "/\r\nX: y"), ("u@web1", "/"), ("web1", "/#x"),
        ])
    func places(host: String, target: String) {
        let error = #expect(throws: CacheTargetError.self) {
            try WebPlace(host: host, port: 80, target: target)
        }
        #expect(error?.code == .invalidAddress)
    }

    @Test("A query, which may hold a token, is not shown")
    func query() throws {
        let place = try WebPlace(
            isEncrypted: true, host: "::1", port: 8_443, target: "/a?token=secret")
        #expect(place.description == "https://[::1]:8443/a?...")
    }
}
