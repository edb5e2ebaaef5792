// SPDX-License-Identifier: Apache-2.0

import CacheTargets
import ClusterModel
import Glibc
import ServerTesting
import Testing

@Suite("Clearing a real PHP-FPM", .enabled(if: RealPHPFPM.isUsable), .timeLimit(.minutes(2)))
struct PHPFPMCacheTests {
    static let warm = "cached=1 a=1 b=1 other=1"
    static let cold = "cached=0 a=0 b=0 other=0"

    private let directory: TemporaryDirectory
    private let script: ClearScript
    private let pool = BlockingPool(name: "caches", width: 4)

    init() throws {
        directory = try TemporaryDirectory()
        script = ClearScript(directory: "\(directory.path)/php")
    }

    private func cache(
        _ addresses: [SocketAddress], deadlines: FastCGIDeadlines = FastCGIDeadlines()
    ) -> PHPFPMCache {
        PHPFPMCache(
            endpoints: .addresses(addresses), script: script, pool: pool, deadlines: deadlines)
    }

    private func warmed(
        _ settings: RealPHPFPM.Settings = RealPHPFPM.Settings()
    ) async throws -> RealPHPFPM {
        let server = try await RealPHPFPM.started(settings)
        for pool in settings.pools { try await server.visit("warm", pool: pool) }
        return server
    }

    @Test("Everything warm is cold afterwards, and the counters prove it")
    func everything() async throws {
        let server = try await warmed()
        #expect(try await server.visit("read") == Self.warm)
        let reports = await cache([server.address()]).clear(.everything)
        #expect(try await server.visit("read") == Self.cold)
        #expect(reports.map(\.cache) == [.opcode, .user])
        #expect(reports.map(\.outcome) == [.cleared, .cleared])
        guard case .opcode(let before, let after) = try #require(reports[0].counters),
            case .user(let entries, let left) = try #require(reports[1].counters)
        else {
            Issue.record("counters of the wrong cache: \(reports)")
            return
        }
        #expect(after.manualRestarts == before.manualRestarts + 1)
        #expect(after.lastRestartTime >= before.startTime)
        #expect(before.scripts >= 2)
        #expect(after.scripts < before.scripts)
        #expect(entries.entries == 3)
        #expect(left.entries == 0)
        #expect(reports.map(\.target) == Array(repeating: server.address().description, count: 2))
        #expect(reports[0].notes.contains { $0.contains("realpath") })
    }

    @Test("A master on a TCP port is cleared as well")
    func port() async throws {
        var settings = RealPHPFPM.Settings()
        settings.port = try freePort()
        let server = try await warmed(settings)
        let reports = await cache([server.address()]).clear(.everything)
        #expect(reports.map(\.outcome) == [.cleared, .cleared])
        #expect(try await server.visit("read") == Self.cold)
    }

    @Test("A second clear right away is proved as well")
    func twice() async throws {
        let server = try await warmed()
        let cache = cache([server.address()])
        for _ in 0..<5 {
            let reports = await cache.clear(.everything)
            #expect(reports.map(\.outcome) == [.cleared, .cleared])
        }
    }

    @Test(
        "Only what was named is cleared",
        arguments: [
            (ClearRequest.User.keys(["site:a", "absent"]), "cached=1 a=0 b=1 other=1", 1),
            (.prefix("site:"), "cached=1 a=0 b=0 other=1", 2),
            (.prefix("si.e:"), "cached=1 a=1 b=1 other=1", 0),
            (.pattern(":a$"), "cached=1 a=0 b=1 other=0", 2),
            (
                .some(
                    keys: ["absent"], prefixes: ["si.e:", "other", "x|site"],
                    patterns: ["b$", "(a+)c"]), "cached=1 a=1 b=0 other=0", 2
            ),
            (
                .some(
                    keys: ["site:a"], prefixes: (0..<2_000).map { "other:\($0)-----------" },
                    patterns: []), "cached=1 a=0 b=1 other=1", 1
            ),
            (.all, "cached=1 a=0 b=0 other=0", 3),
        ])
    func selection(user: ClearRequest.User, expected: String, removed: Int) async throws {
        let server = try await warmed()
        let reports = await cache([server.address()]).clear(
            try ClearRequest(opcode: .none, user: user))
        #expect(reports.map(\.outcome) == [.cleared])
        #expect(reports.map(\.removed) == [removed])
        #expect(try await server.visit("read") == expected)
    }

    @Test("Changed files are invalidated, also one that was deleted, and nothing else is")
    func files() async throws {
        let server = try await warmed()
        let page = "\(server.directory.path)/page.php"
        let reports = await cache([server.address()]).clear(
            try ClearRequest(opcode: .files([page, "/never/was.php"]), user: .none))
        #expect(reports.map(\.outcome) == [.cleared])
        #expect(reports.map(\.removed) == [1])
        #expect(try await server.visit("read") == "cached=0 a=1 b=1 other=1")
        try await server.visit("warm")
        #expect(unlink(page) == 0)
        let again = await cache([server.address()]).clear(
            try ClearRequest(opcode: .files([page]), user: .none))
        #expect(again.map(\.outcome) == [.cleared])
        #expect(try await server.visit("read") == "cached=0 a=1 b=1 other=1")
    }

    @Test("Two masters are independent, and each reports for itself")
    func masters() async throws {
        let first = try await warmed()
        let second = try await warmed()
        let one = await cache([first.address()]).clear(.everything)
        #expect(one.count == 2)
        #expect(try await first.visit("read") == Self.cold)
        #expect(try await second.visit("read") == Self.warm)
        let both = await cache([first.address(), second.address()]).clear(.everything)
        #expect(both.map(\.outcome) == [.cleared, .cleared, .cleared, .cleared])
        #expect(try await second.visit("read") == Self.cold)
    }

    @Test("The pools of one master are cleared once, found in a directory of sockets")
    func pools() async throws {
        var settings = RealPHPFPM.Settings()
        settings.pools = ["a", "b"]
        let server = try await warmed(settings)
        let cache = PHPFPMCache(
            endpoints: .directory(server.directory.path), script: script, pool: pool)
        #expect(try await cache.masters() == [[server.address("a"), server.address("b")]])
        let reports = await cache.clear(.everything)
        #expect(reports.map(\.outcome) == [.cleared, .cleared])
        #expect(try await server.visit("read", pool: "b") == Self.cold)
    }

    @Test("A disabled opcode cache and a missing user cache are said to be so")
    func absent() async throws {
        var settings = RealPHPFPM.Settings()
        settings.opcache = false
        settings.apcu = false
        let server = try await warmed(settings)
        let reports = await cache([server.address()]).clear(.everything)
        #expect(
            reports.map(\.outcome) == [
                .nothingToClear("opcache is loaded and disabled"),
                .nothingToClear("APCu is not loaded, or disable_functions hides it"),
            ])
    }

    @Test("A child that ends after each request does not hide the proof")
    func shortLivedChildren() async throws {
        var settings = RealPHPFPM.Settings()
        settings.poolExtra = ["pm.max_requests = 1"]
        let server = try await warmed(settings)
        let reports = await cache([server.address()]).clear(.everything)
        #expect(reports.map(\.outcome) == [.cleared, .cleared])
    }

    @Test("Frozen children are a failure in time, and a clear after they wake works")
    func frozen() async throws {
        let server = try await warmed()
        server.freeze()
        let quick = FastCGIDeadlines(connect: .milliseconds(200), total: .milliseconds(300))
        let reports = await cache([server.address()], deadlines: quick).clear(.everything)
        #expect(reports.compactMap(\.failure?.code) == [.timedOut, .timedOut])
        server.resume()
        let awake = await cache([server.address()]).clear(.everything)
        #expect(awake.map(\.outcome) == [.cleared, .cleared])
    }

    @Test("However much an order names, frozen children cost one deadline, in all pools together")
    func frozenOnce() async throws {
        var settings = RealPHPFPM.Settings()
        settings.pools = ["a", "b", "c"]
        let server = try await warmed(settings)
        let addresses = settings.pools.map { server.address($0) }
        let quick = FastCGIDeadlines(connect: .milliseconds(200), total: .milliseconds(500))
        let cache = cache(addresses, deadlines: quick)
        #expect(try await cache.masters() == [addresses])
        server.freeze()
        var order = Invalidation()
        // One call for each name would take longer than this suite may.
        order.keyPrefixes = (0..<1_000).map { "x\($0):" }
        order.keyPatterns = (0..<100).map { "^y\($0):" }
        let steps = await cache.clear(order, sparing: [])
        #expect(steps.count == 1)
        #expect(steps.allSatisfy { $0.failure != nil })
        server.resume()
        order.keyPrefixes = ["site:"]
        let awake = await cache.clear(order, sparing: [])
        #expect(awake.map(\.failure) == [nil])
        #expect(awake.map(\.action) == ["user cache: prefix site:, 100 patterns"])
        #expect(try await server.visit("read", pool: "c") == "cached=1 a=0 b=0 other=1")
    }

    @Test("A pool whose workers hang does not keep its master from being cleared through the next")
    func nextPool() async throws {
        var settings = RealPHPFPM.Settings()
        settings.pools = ["a", "b"]
        settings.children = 1
        let server = try await warmed(settings)
        let quick = FastCGIDeadlines(connect: .milliseconds(200), total: .seconds(2))
        let cache = cache([server.address("a"), server.address("b")], deadlines: quick)
        #expect(try await cache.masters().count == 1)
        let holder = try server.worker(of: "a")
        #expect(kill(holder, SIGSTOP) == 0)
        let reports = await cache.clear(try ClearRequest(opcode: .none, user: .all))
        #expect(kill(holder, SIGCONT) == 0)
        #expect(reports.map(\.outcome) == [.cleared])
        #expect(reports.map(\.target) == [server.address("b").description])
    }

    @Test("A master that is down is a failure, and one that came back is cleared")
    func down() async throws {
        let server = try await warmed()
        let cache = cache([server.address()])
        server.stop()
        let reports = await cache.clear(.everything)
        #expect(reports.compactMap(\.failure?.code) == [.socketMissing, .socketMissing])
        try await server.start()
        #expect(await cache.clear(.everything).map(\.outcome) == [.cleared, .cleared])
    }

    @Test("While a master restarts, each clear is proved or says why not")
    func restarting() async throws {
        let server = try await warmed()
        let cache = cache([server.address()])
        #expect(kill(server.processID, SIGUSR2) == 0)
        let expected: Set<CacheTargetError.Code> = [.replyCut, .refused, .socketMissing]
        try await eventually("the new master is cleared") {
            let reports = await cache.clear(.everything)
            let codes = reports.compactMap(\.failure?.code)
            #expect(expected.isSuperset(of: codes), "\(reports)")
            return codes.isEmpty && server.log.split(separator: "ready to handle").count > 2
        }
        #expect(try await server.visit("read") == Self.cold)
    }

    @Test("A stale socket fails, and a link to a socket counts once")
    func links() async throws {
        let server = try await warmed()
        let path = server.directory.path
        #expect(symlink("\(path)/php-www-fpm.sock", "\(path)/php-fpm.sock") == 0)
        #expect(symlink("\(path)/nowhere", "\(path)/php0-fpm.sock") == 0)
        let cache = PHPFPMCache(endpoints: .directory(path), script: script, pool: pool)
        #expect(try await cache.masters() == [[server.address()]])
        server.crash()
        try await eventually("all children are gone") {
            await cache.clear(.everything).allSatisfy { $0.failure?.code == .refused }
        }
    }

    @Test(
        "What the pool's configuration forbids is named",
        arguments: [
            (["opcache.restrict_api=/elsewhere"], [String](), CacheTargetError.Code.forbidden),
            ([], ["security.limit_extensions = .html .php7 .nothing"], .accessDenied),
            (["open_basedir=/usr"], [], .accessDenied),
        ])
    func forbidden(ini: [String], pool: [String], code: CacheTargetError.Code) async throws {
        var settings = RealPHPFPM.Settings()
        settings.extra = ini
        settings.poolExtra = pool
        let server = try RealPHPFPM(settings)
        do {
            try await server.start()
        } catch let error as CacheTargetError {
            // The site's own page meets the same refusal: the server is up.
            #expect(error.code == code)
        }
        let request = try ClearRequest(opcode: .all, user: .none)
        let reports = await cache([server.address()]).clear(request)
        let failure = try #require(reports.first?.failure)
        #expect(failure.code == code, "\(failure)")
        #expect(!failure.hint.isEmpty)
    }

    @Test("While a request runs the reset is pending, old code is gone, and it ends later")
    func pending() async throws {
        let server = try await warmed()
        let path = server.directory.path
        #expect(chmod(path, 0o777) == 0)
        #expect(try await server.visit("value") == "value=1")
        try server.directory.write("page.php", "<?php return 2;\n")
        #expect(try await server.visit("value") == "value=1")
        let (address, page) = (server.address(), "\(path)/site.php")
        let running = FastCGIRequest(parameters: [
            ("REQUEST_METHOD", "GET"), ("SCRIPT_FILENAME", page), ("QUERY_STRING", "do=hold"),
        ])
        let client = FastCGIClient(pool: BlockingPool(name: "visitor", width: 1))
        async let held = client.perform(running, at: address)
        try await eventually("the request runs") { access("\(path)/held", F_OK) == 0 }
        let impatient = PHPFPMCache(
            endpoints: .addresses([address]), script: script, pool: pool,
            settle: .milliseconds(30))
        let request = try ClearRequest(opcode: .all, user: .none)
        #expect(await impatient.clear(request).map(\.outcome) == [.restartPending])
        #expect(try await server.visit("value") == "value=2")
        try server.directory.write("go", "")
        _ = try await held
        #expect(await impatient.clear(request).map(\.outcome) == [.cleared])
    }

    @Test("A visitor who reaches the script without the token learns and changes nothing")
    func visitor() async throws {
        let server = try await warmed()
        try script.install(.selective)
        let client = FastCGIClient(pool: pool)
        let request = FastCGIRequest(parameters: [
            ("REQUEST_METHOD", "POST"), ("SCRIPT_FILENAME", script.path(.selective)),
            ("QUERY_STRING", "SITESTACKER_TOKEN=x"), ("HTTP_SITESTACKER_TOKEN", "x"),
            ("SITESTACKER_OPCODE", "all"), ("SITESTACKER_USER", "all"),
        ])
        let error = await #expect(throws: CacheTargetError.self) {
            try await client.perform(request, at: server.address())
        }
        #expect(error?.code == .httpStatus)
        #expect(try await server.visit("read") == Self.warm)
    }

    @Test("A pattern that is no regular expression is refused for good; the rest is cleared")
    func badPattern() async throws {
        let server = try await warmed()
        let cache = cache([server.address()])
        var order = Invalidation()
        order.keyPatterns = ["(unclosed"]
        let refused = await cache.clear(order, sparing: [])
        #expect(refused.map(\.failure) == [nil])
        #expect(
            refused.map(\.action) == [
                "nothing cleared: user cache: pattern (unclosed is no regular expression of PCRE"
            ])
        #expect(try await server.visit("read") == Self.warm)
        order.keyPatterns.append("^site:a$")
        let some = await cache.clear(order, sparing: [])
        #expect(some.map(\.failure) == [nil])
        #expect(some.first?.action.contains("nothing cleared for 1 that") == true, "\(some)")
        #expect(try await server.visit("read") == "cached=1 a=0 b=1 other=1")
    }
}

extension ClearRequest.User {
    /// Only these keys.
    static func keys(_ keys: [String]) -> Self { .some(keys: keys, prefixes: [], patterns: []) }

    /// Only the keys that begin so.
    static func prefix(_ text: String) -> Self {
        .some(keys: [], prefixes: [text], patterns: [])
    }

    /// Only the keys that look so.
    static func pattern(_ text: String) -> Self {
        .some(keys: [], prefixes: [], patterns: [text])
    }
}

extension CacheClearReport {
    /// The reason of a failure.
    var failure: CacheTargetError? {
        guard case .failed(let error) = outcome else { return nil }
        return error
    }
}
