// SPDX-License-Identifier: Apache-2.0

import CacheTargets
import ClusterModel
import Foundation
import Glibc
import ServerTesting
import Testing

@Suite("Caches cleared by a command or a web hook", .timeLimit(.minutes(1)))
struct HookedCacheTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func command(
        _ script: String, on triggers: Set<OrderPart> = [], timeout: Duration = .seconds(20)
    ) throws -> HookedCache {
        let file = try directory.write("clear", "#!/bin/sh\n\(script)\n")
        guard chmod(file, 0o755) == 0 else { throw POSIXError(.EACCES) }
        return HookedCache(
            .command(["./clear", "all"]), triggers: triggers, site: directory.path,
            timeout: timeout)
    }

    private func read(_ name: String) throws -> String {
        try String(contentsOfFile: "\(directory.path)/\(name)", encoding: .utf8)
    }

    private static let everything: Invalidation = {
        var order = Invalidation()
        order.everything = true
        return order
    }()

    @Test("A command gets the order as JSON and in words, in the site's folder")
    func order() async throws {
        let cache = try command(
            "cat > order; echo \"$1 $SITESTACKER_CLEAR $SITESTACKER_SITE\" > words; pwd -P > place",
            on: [.url, .tag])
        var order = Invalidation()
        order.urls = ["http://a/b", "/\"x\n"]
        order.tags = ["t"]
        order.opcodeCache = true
        let steps = await cache.clear(order, sparing: [])
        #expect(steps.map(\.target) == ["command ./clear all"])
        #expect(steps.map(\.action) == ["run for url, tag"])
        #expect(steps.map(\.failure) == [nil])
        #expect(
            try read("order")
                == #"{"all":false,"keyPatterns":[],"keyPrefixes":[],"keys":[],"opcode":true,"#
                + #""paths":[],"tags":["t"],"urls":["http://a/b","/\"x\n"],"user":false}"#)
        #expect(try read("words") == "all url tag \(directory.path)\n")
        #expect(try read("place") == "\(directory.path)\n")
    }

    @Test("It is told of everything, of what it is for, and of nothing else")
    func triggers() async throws {
        let cache = try command("true", on: [.user])
        #expect(await cache.clear(Self.everything, sparing: []).map(\.action) == ["run for all"])
        #expect(await cache.clear(.plain, sparing: []).map(\.action) == ["run for user"])
        var order = Invalidation()
        order.urls = ["/"]
        #expect(await cache.clear(order, sparing: []).isEmpty)
        #expect(await cache.clear(.plain, sparing: [cache.name]).isEmpty)
        #expect(try command("true").abilities == [.all])
    }

    @Test(
        "A command that fails, hangs or is missing is a failure with its last words",
        arguments: [
            (
                "echo first >&2; echo 'no such cache' >&2; exit 7", "exit status 7 no such cache",
                20.0
            ),
            ("kill -9 $$", "signal 9", 20), ("exec sleep 600", "within 0.5 seconds", 0.5),
        ])
    func failures(script: String, words: String, seconds: Double) async throws {
        let cache = try command(script, timeout: .seconds(seconds))
        let failure = try #require(
            await cache.clear(Self.everything, sparing: []).first?.failure)
        #expect(failure.contains(words), "\(failure)")
        let missing = HookedCache(
            .command(["bin/none"]), triggers: [], site: directory.path, timeout: .seconds(5))
        #expect(await missing.clear(Self.everything, sparing: []).first?.failure != nil)
    }

    @Test("Commands run as the owner of the tree", .enabled(if: geteuid() == 0))
    func owner() async throws {
        let cache = try command("id -un > who; id -u > number")
        #expect(chown(directory.path, 65_534, 65_534) == 0)
        #expect(await cache.clear(Self.everything, sparing: []).map(\.failure) == [nil])
        #expect(try read("who") == "nobody\n")
        #expect(try read("number") == "65534\n")
    }

    @Test("A web hook gets the order; anything but 2xx is a failure that hides the query")
    func post() async throws {
        for (status, words) in [(204, nil), (302, "redirects"), (500, "status 500")] {
            let server = try WebServer { _ in WebServer.answer(status, "") }
            let cache = HookedCache(
                .post(
                    try WebPlace(
                        host: "127.0.0.1", port: server.port, target: "/purge?token=secret")),
                triggers: [], site: directory.path, timeout: .seconds(10))
            let steps = await cache.clear(Self.everything, sparing: [])
            #expect(steps.map(\.action) == ["told of all"])
            #expect(
                steps.first?.failure.map { $0.contains(words ?? "-") } == words.map { _ in true })
            #expect(!"\(steps)".contains("secret"))
            let request = try #require(server.requests.first)
            #expect(request.method == "POST")
            #expect(request.target == "/purge?token=secret")
            #expect(request.fields["content-type"] == "application/json")
            #expect(request.fields["host"] == "127.0.0.1:\(server.port)")
            #expect(request.body.contains(#""all":true"#))
        }
    }

    @Test("Silence and a closed port are failures in time")
    func silent() async throws {
        let server = try WebServer { _ in nil }
        for port in [server.port, 1] {
            let cache = HookedCache(
                .post(try WebPlace(host: "127.0.0.1", port: port)), triggers: [],
                site: directory.path, timeout: .milliseconds(300))
            #expect(await cache.clear(Self.everything, sparing: []).first?.failure != nil)
        }
    }

    @Test("Over TLS curl says what went wrong, without the query")
    func encrypted() async throws {
        let server = try WebServer { _ in "no TLS here" }
        // Without the settings file curl would not know the port; brackets would be a bad range.
        let cases = [
            (server.port, "/?token=secret", "an end within"), (1, "/?token=secret", "port 1"),
            (1, "/?token=secret[a", "port 1"),
        ]
        for (port, target, words) in cases {
            let place = try WebPlace(
                isEncrypted: true, host: "127.0.0.1", port: port, target: target)
            let cache = HookedCache(
                .post(place), triggers: [], site: directory.path, timeout: .seconds(1))
            let failure = try #require(
                await cache.clear(Self.everything, sparing: []).first?.failure)
            #expect(failure.contains(words) && !failure.contains("secret"), "\(failure)")
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: "/tmp")
        #expect(!left.contains { $0.hasPrefix("sitestacker-call-") })
    }
}
