// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Testing

@testable import DatabaseStatus

@Suite("A real MariaDB", .enabled(if: Child.isUsable(RealServer.mariaDB)), .mariaDB)
struct MariaDBTests {
    @Test("Version and size are the server's own words")
    func reading() async throws {
        let server = try #require(RealServer.current)
        let state = await DatabaseStatus(.mysql(server.login), root: "/").read()
        #expect(state.version?.hasPrefix("10.") == true || state.version?.hasPrefix("11.") == true)
        #expect(state.version?.contains("MariaDB") == true)
        #expect(state.sizeBytes == 2 * 16_384)
        #expect(state.problem == nil)
    }

    @Test("What the server refuses is named, without the password")
    func refusals() async throws {
        let server = try #require(RealServer.current)
        for (login, words) in [
            (server.login(password: "hunter2"), "Correct user and password"),
            (server.login(user: "nobody"), "Correct user and password"),
            (server.login(user: "guest", password: "guest"), "Correct user and password"),
            (server.login(user: "root", password: "", database: "nope"), "Correct the name"),
        ] {
            let state = await DatabaseStatus(.mysql(login), root: "/").read()
            #expect(state.version == nil && state.sizeBytes == nil)
            #expect(state.problem?.contains(words) == true, "\(state)")
            #expect(state.problem?.contains("hunter2") == false)
        }
    }

    @Test("Many who ask at once get one answer")
    func together() async throws {
        let status = DatabaseStatus(.mysql(try #require(RealServer.current).login), root: "/")
        let states = await withTaskGroup(of: DatabaseState.self) { group in
            for _ in 0..<50 { group.addTask { await status.read() } }
            return await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(states.count == 1 && states.first?.problem == nil)
    }
}

@Suite("A real PostgreSQL", .enabled(if: Child.isUsable(RealServer.postgreSQL)), .postgreSQL)
struct PostgreSQLTests {
    @Test("Version and size are the server's own words")
    func reading() async throws {
        let server = try #require(RealServer.current)
        let state = await DatabaseStatus(.postgresql(server.login), root: "/").read()
        #expect(state.version?.hasPrefix("PostgreSQL 15.") == true)
        #expect((1_000_000..<100_000_000).contains(state.sizeBytes ?? 0))
        #expect(state.problem == nil)
    }

    @Test("What the server refuses is named, without the password")
    func refusals() async throws {
        let server = try #require(RealServer.current)
        for (login, words) in [
            (server.login(password: "hunter2"), "Correct user and password"),
            (server.login(user: "nobody"), "Correct user and password"),
            (server.login(database: "nope"), "Correct the name"),
            (server.login(database: "host=elsewhere password=x"), "Correct the name"),
        ] {
            let state = await DatabaseStatus(.postgresql(login), root: "/").read()
            #expect(state.version == nil && state.sizeBytes == nil)
            #expect(state.problem?.contains(words) == true, "\(state)")
            #expect(state.problem?.contains("hunter2") == false)
        }
    }
}
