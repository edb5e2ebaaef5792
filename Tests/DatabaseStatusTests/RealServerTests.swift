// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import ServerTesting
import Testing

@testable import DatabaseStatus

@Suite(
    "A real MariaDB", .enabled(if: ServerProcess.isUsable(DatabaseServer.mariaDB)), .mariaDB,
    .serialized)
struct MariaDBTests {
    @Test("Version and size are the server's own words")
    func reading() async throws {
        let server = try #require(DatabaseServer.current)
        let state = await DatabaseStatus(.mysql(server.login()), root: "/").read()
        #expect(state.version?.hasPrefix("10.") == true || state.version?.hasPrefix("11.") == true)
        #expect(state.version?.contains("MariaDB") == true)
        #expect(state.sizeBytes == 2 * 16_384)
        #expect(state.problem == nil)
    }

    @Test("What the server refuses is named, without the password")
    func refusals() async throws {
        let server = try #require(DatabaseServer.current)
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

    @Test("A frozen server is named in time, and answers again afterwards")
    func frozen() async throws {
        let server = try #require(DatabaseServer.current)
        try await freezing(server, .mysql(server.login()))
    }

    @Test("Many who ask at once get one answer")
    func together() async throws {
        let status = DatabaseStatus(.mysql(try #require(DatabaseServer.current).login()), root: "/")
        let states = await withTaskGroup(of: DatabaseState.self) { group in
            for _ in 0..<50 { group.addTask { await status.read() } }
            return await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(states.count == 1 && states.first?.problem == nil)
    }
}

@Suite(
    "A real PostgreSQL", .enabled(if: ServerProcess.isUsable(DatabaseServer.postgreSQL)),
    .postgreSQL,
    .serialized)
struct PostgreSQLTests {
    @Test("Version and size are the server's own words")
    func reading() async throws {
        let server = try #require(DatabaseServer.current)
        let state = await DatabaseStatus(.postgresql(server.login()), root: "/").read()
        #expect(state.version?.hasPrefix("PostgreSQL 15.") == true)
        #expect((1_000_000..<100_000_000).contains(state.sizeBytes ?? 0))
        #expect(state.problem == nil)
    }

    @Test("What the server refuses is named, without the password")
    func refusals() async throws {
        let server = try #require(DatabaseServer.current)
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

    @Test("A frozen server is named in time, and answers again afterwards")
    func frozen() async throws {
        let server = try #require(DatabaseServer.current)
        try await freezing(server, .postgresql(server.login()))
    }
}

/// Asks a server that accepts connections and says nothing, and then once more.
private func freezing(_ server: DatabaseServer, _ location: DatabaseLocation) async throws {
    let status = DatabaseStatus(location, root: "/", limits: HostileServerTests.short)
    server.process.freeze()
    defer { server.process.resume() }
    let state = await status.read()
    #expect(state.version == nil && state.problem?.contains("within") == true, "\(state)")
    server.process.resume()
    let patient = DatabaseStatus(location, root: "/")
    try await eventually("an answer") { await patient.read().problem == nil }
}
