// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterModel
import ClusterSigning
import NodeRuntime
import NodeRuntimeTesting
import Testing

@Suite("What status tells of a site", .timeLimit(.minutes(2)))
struct StatusTests {
    private static func at(_ digit: Character, path: String = ".") -> RepositoryState {
        RepositoryState(
            path: path, commit: String(repeating: digit, count: 40),
            short: String(repeating: digit, count: 7), names: ["master"])
    }

    private func site(_ repositories: [RepositoryState]) -> SiteSurvey {
        SiteSurvey(
            repositories: RepositorySurvey(repositories),
            database: DatabaseState(version: "5.7.17", sizeBytes: 30_408_704))
    }

    @Test("Every server tells of its repositories and database, and gets a plan")
    func sites() async throws {
        let cluster = try TestCluster(2)
        cluster.servers[0].surveyor.set(site([Self.at("b"), Self.at("b", path: "p/a")]))
        cluster.servers[1].surveyor.set(site([Self.at("a"), Self.at("c", path: "p/z")]))
        try await cluster.run {
            let status = try await cluster.servers[0].installation.status()
            let there = try #require(status.servers.first)
            for server in [status.own, there] {
                #expect(server.database?.version == "5.7.17")
                #expect(server.database?.sizeBytes == 30_408_704)
                #expect(server.isLocked == false && server.lock == nil)
            }
            #expect(
                status.own.repositories?.map(\.head) == ["bbbbbbb (master)", "bbbbbbb (master)"])
            #expect(there.repositories?.map(\.path) == [".", "p/z"])
            #expect(status.own.plan == nil)
            #expect(there.plan?.steps.map(\.action) == ["checkout", "clone", "extra"])
            #expect(there.version == "test")
        }
    }

    @Test("Who asks for what no server can say gets the rest, and the reason")
    func unreadable() async throws {
        let cluster = try TestCluster(2)
        let bad = "fatal:\n\u{1B}[2Jnot a git repository"
        cluster.servers[1].surveyor.set(
            SiteSurvey(
                repositories: RepositorySurvey(
                    [RepositoryState(path: "p/a", commit: nil, short: nil, problem: bad)]),
                database: DatabaseState(version: nil, sizeBytes: nil, problem: bad)))
        try await cluster.run {
            let status = try await cluster.servers[0].installation.status()
            let there = try #require(status.servers.first)
            let shown = "fatal: \u{FFFD}[2Jnot a git repository"
            #expect(there.error == nil && there.hostname == "host2")
            #expect(there.database?.problem == shown)
            #expect(there.repositories?.first?.problem == shown)
        }
    }

    @Test("A database that hangs holds up nobody, and is told")
    func hanging() async throws {
        let cluster = try TestCluster(2)
        try await cluster.run {
            for server in cluster.servers { server.surveyor.setStuck(true) }
            let status = try await cluster.servers[0].installation.status()
            for server in cluster.servers { server.surveyor.setStuck(false) }
            #expect(status.own.database?.problem == "no answer within 4.0 seconds")
            #expect(status.servers.first?.error == nil)
            #expect(status.servers.first?.database?.problem == "no answer within 4.0 seconds")
        }
    }

    @Test("What the others see of a server is what it sees itself")
    func sameEverywhere() async throws {
        let cluster = try TestCluster(2)
        try await cluster.run {
            let server = cluster.servers[1].installation
            server.site.notices.set("the old users stay in force", about: "users")
            await server.setUsers([])
            try await eventually("the notice elsewhere") {
                let there = try await cluster.servers[0].installation.status().servers.first
                return there?.warnings.contains("the old users stay in force") == true
                    && there?.userProblems?.isEmpty == false
            }
            let own = try await server.status().own
            let there = try await cluster.servers[0].installation.status().servers.first
            #expect(there?.warnings == own.warnings)
            #expect(there?.userProblems == own.userProblems)
            #expect(there?.events?.refused == own.events?.refused)
            #expect(there?.events?.waiting == own.events?.waiting)
            server.site.notices.set(nil, about: "users")
            let after = try await server.status().own
            #expect(!after.warnings.contains("the old users stay in force"))
        }
    }

    @Test("A cache that could not be cleared is named until it could")
    func caches() async throws {
        let cluster = try TestCluster(2)
        try await cluster.run {
            cluster.servers[1].caches.fail(with: "down")
            _ = try await cluster.servers[0].installation.publishInvalidation()
            try await eventually("the cache's problem elsewhere") {
                let there = try await cluster.servers[0].installation.status().servers.first
                return there?.caches == [CacheDocument(target: "cache", problem: "down")]
            }
            cluster.servers[1].caches.fail(with: nil)
            try await eventually("the retry") {
                let there = try await cluster.servers[0].installation.status().servers.first
                return there?.caches == [CacheDocument(target: "cache", problem: nil)]
            }
        }
    }

    @Test("A server that was not heard is silent, and the clock of one that was is measured")
    func silent() async throws {
        let cluster = try TestCluster(3)
        try await cluster.run {
            cluster.mesh.cut(cluster.servers[2].identity.node, true)
            let status = try await cluster.servers[0].installation.status()
            #expect(status.servers.map(\.errorCode) == [nil, "silent"])
            let skew = try #require(status.servers.first?.clockSkewMilliseconds)
            #expect(skew.magnitude < 1_000)
        }
    }
}

extension Installation {
    /// Clears caches and does not wait for it.
    fileprivate func publishInvalidation() async throws {
        let lines = try await invalidate(
            InvalidateRequestDocument(
                opcodeCache: true, userCache: true, wait: false, timeoutMilliseconds: 5_000))
        for await _ in lines {}
    }
}
