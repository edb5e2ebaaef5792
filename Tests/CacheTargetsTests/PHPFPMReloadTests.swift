// SPDX-License-Identifier: Apache-2.0

import CacheTargets
import ClusterModel
import Glibc
import ServerTesting
import Testing

@Suite("Reloading a real PHP-FPM", .enabled(if: RealPHPFPM.isUsable), .timeLimit(.minutes(2)))
struct PHPFPMReloadTests {
    private let directory: TemporaryDirectory
    private let pool = BlockingPool(name: "reload", width: 4)

    init() throws { directory = try TemporaryDirectory() }

    private func cache(
        _ server: RealPHPFPM, reloads: Bool = true, site: String = "",
        deadlines: FastCGIDeadlines = FastCGIDeadlines()
    ) -> PHPFPMCache {
        let addresses = server.settings.pools.map { server.address($0) }
        return PHPFPMCache(
            endpoints: .addresses(addresses),
            script: ClearScript(directory: "\(directory.path)/php"), pool: pool,
            deadlines: deadlines, reloading: reloads ? Set(addresses) : [], site: site)
    }

    @Test("All workers are new afterwards, both caches are empty, and the master is the same")
    func reload() async throws {
        var settings = RealPHPFPM.Settings()
        settings.pools = ["a", "b"]
        let server = try await RealPHPFPM.started(settings)
        try await server.visit("warm", pool: "a")
        try await eventually("all workers") { server.children.count == 4 }
        let old = server.children
        let reports = await cache(server).clear(.everything)
        #expect(reports.map(\.outcome) == [.cleared, .cleared])
        #expect(reports[0].notes.contains { $0.contains("all workers are new") })
        #expect(Set(server.children).isDisjoint(with: old))
        #expect(kill(server.processID, 0) == 0)
        #expect(try await server.visit("read", pool: "b") == PHPFPMCacheTests.cold)
    }

    @Test("What is smaller than the whole opcode cache does not reload")
    func smaller() async throws {
        let server = try await RealPHPFPM.started()
        try await server.visit("warm")
        try await eventually("all workers") { server.children.count == 2 }
        let old = server.children
        let reports = await cache(server).clear(try ClearRequest(opcode: .none, user: .all))
        #expect(reports.map(\.outcome) == [.cleared])
        #expect(server.children == old)
    }

    @Test("A master that does not heed the signal is a failure, although its workers answer")
    func deaf() async throws {
        let server = try await RealPHPFPM.started()
        try await server.visit("warm")
        #expect(kill(server.processID, SIGSTOP) == 0)
        let quick = FastCGIDeadlines(connect: .milliseconds(200), total: .milliseconds(600))
        let reports = await cache(server, deadlines: quick).clear(.everything)
        #expect(reports.first?.failure?.code == .unproven)
        #expect(reports.first?.failure?.found.contains("old workers") == true)
        #expect(kill(server.processID, SIGCONT) == 0)
    }

    @Test("Workers that cannot end are a failure in time, and the next clear works")
    func stuck() async throws {
        var settings = RealPHPFPM.Settings()
        settings.global = ["process_control_timeout = 60s"]
        let server = try await RealPHPFPM.started(settings)
        try await server.visit("warm")
        let page = "\(server.directory.path)/site.php"
        #expect(chmod(server.directory.path, 0o777) == 0)
        let client = FastCGIClient(pool: BlockingPool(name: "visitor", width: 1))
        let running = FastCGIRequest(parameters: [
            ("REQUEST_METHOD", "GET"), ("SCRIPT_FILENAME", page), ("QUERY_STRING", "do=hold"),
        ])
        let (address, held) = (server.address(), "\(server.directory.path)/held")
        async let visit = client.perform(running, at: address)
        try await eventually("the request runs") { access(held, F_OK) == 0 }
        let quick = FastCGIDeadlines(connect: .milliseconds(200), total: .milliseconds(600))
        let reports = await cache(server, deadlines: quick).clear(.everything)
        #expect(reports.first?.failure?.code == .unproven)
        try server.directory.write("go", "")
        _ = try await visit
        let again = cache(server)
        try await eventually("the master is back") {
            await again.clear(.everything).map(\.outcome) == [.cleared, .cleared]
        }
    }

    @Test("An order clears what it names, and says what it proves")
    func order() async throws {
        let server = try await RealPHPFPM.started()
        try await server.visit("warm")
        let cache = cache(server, reloads: false, site: server.directory.path)
        let target = "php-fpm \(server.address())"
        var some = Invalidation()
        some.paths = ["page.php", "../etc/passwd", "/etc/passwd"]
        some.keys = ["site:a"]
        some.keyPrefixes = ["other:"]
        let steps = await cache.clear(some, sparing: [])
        #expect(steps.filter { $0.target == "php-fpm" }.count == 2)
        let done = steps.filter { $0.target == target }
        #expect(
            done.map(\.action).map { $0.prefix { $0 != "(" } } == [
                "opcode cache: 1 files ", "user cache: key site:a, prefix other:",
            ])
        #expect(steps.allSatisfy { $0.failure == nil })
        #expect(try await server.visit("read") == "cached=0 a=0 b=1 other=0")
        let whole = await cache.clear(.plain, sparing: [])
        #expect(whole.map(\.target) == [target, target])
        #expect(whole[0].proof.map(\.counter) == ["scripts", "restarts"])
        #expect(whole[1].proof.map(\.counter) == ["entries"])
        #expect(whole[1].proof[0].before == 1 && whole[1].proof[0].after == 0)
        #expect(whole.allSatisfy { $0.microseconds > 0 })
        #expect(await cache.clear(.plain, sparing: [target]).isEmpty)
    }
}
