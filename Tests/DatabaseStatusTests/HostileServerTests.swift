// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Glibc
import ServerTesting
import Testing

@testable import DatabaseStatus

@Suite("Servers that are away, slow or hostile")
struct HostileServerTests {
    enum Engine: CaseIterable, Sendable {
        case mysql, postgresql

        func location(_ port: UInt16, password: String = "hunter2") -> DatabaseLocation {
            let login = DatabaseLogin(
                host: "127.0.0.1", port: port, user: "site", password: password, database: "shop")
            return switch self {
            case .mysql: .mysql(login)
            case .postgresql: .postgresql(login)
            }
        }
    }

    static let short = DatabaseLimits(
        connecting: .milliseconds(300), asking: .milliseconds(300))

    @Test("Nobody there is named", arguments: Engine.allCases)
    func away(engine: Engine) async throws {
        let status = DatabaseStatus(engine.location(try freePort()), root: "/")
        let state = await status.read()
        #expect(state.version == nil)
        #expect(state.problem?.contains("See whether the server runs") == true, "\(state)")
    }

    @Test("A server that says nothing is named in time", arguments: Engine.allCases)
    func silent(engine: Engine) async throws {
        let server = try FakeServer { while $0.receive() {} }
        defer { server.end() }
        let state = await DatabaseStatus(
            engine.location(server.port), root: "/", limits: Self.short
        ).read()
        #expect(state.version == nil)
        #expect(state.problem?.contains("within") == true, "\(state)")
    }

    @Test(
        "A server that sends anything else is named, and nothing traps",
        arguments: Engine.allCases,
        [
            "", "\0", "HTTP/1.1 400 Bad Request\r\n\r\n",
            String(repeating: "R\0\0\0\u{8}", count: 9),
            String(repeating: "\u{7F}", count: 5_000), "E\0\0\0\u{5}\0", "\u{4}\0\0\0\u{0A}5.7",
            "N\0\0\0\u{4}E\u{7F}\u{7F}\u{7F}\u{7F}S", "\u{1}\0\0\0\u{7F}",
            "R\0\0\0\u{c}\0\0\0\u{a}\0\0\0\0",
        ])
    func garbage(engine: Engine, text: String) async throws {
        let server = try FakeServer { connection in
            if engine == .postgresql { _ = connection.receive() }
            _ = connection.send(Array(text.utf8))
        }
        defer { server.end() }
        let state = await DatabaseStatus(
            engine.location(server.port), root: "/", limits: Self.short
        ).read()
        #expect(state.version == nil && state.problem != nil)
        #expect(state.problem?.unicodeScalars.allSatisfy(PrintableText.isPrintable) == true)
    }

    @Test("A server that sends a byte now and then holds nobody up", arguments: Engine.allCases)
    func trickle(engine: Engine) async throws {
        let server = try FakeServer { connection in
            // A message that never comes to its end, after "no TLS" where the client asks for it.
            if engine == .postgresql {
                guard connection.receive(), connection.send([0x4E]), connection.receive() else {
                    return
                }
            }
            let start: [UInt8] = engine == .mysql ? [0xF0, 0xFF, 0, 0] : [0x45, 0, 0, 0x70, 0]
            guard connection.send(start) else { return }
            while connection.send([0x0A]) { _ = poll(nil, 0, 20) }
        }
        let status = DatabaseStatus(
            engine.location(server.port), root: "/", limits: Self.short)
        #expect(await status.read().problem?.contains("within") == true)
        if engine == .mysql {
            #expect(await status.read().problem?.contains("an earlier question") == true)
        }
        server.end()
        try await eventually("another reason") {
            await status.read().problem?.contains("an earlier question") == false
        }
    }
}

@Suite("A MySQL server that wants more than its due")
struct RogueMySQLTests {
    /// A packet with its length and number.
    static func packet(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [UInt8(bytes.count & 0xFF), UInt8(bytes.count >> 8), 0, number] + bytes
    }

    /// The greeting of a server that offers to read files of its clients.
    static let greeting = packet(
        0,
        [0x0A] + Array("5.7.17\0".utf8) + [1, 0, 0, 0] + Array("12345678".utf8)
            + [0, 0x89, 0xA2, 0x21, 2, 0, 0x08, 0, 21] + [UInt8](repeating: 0, count: 10)
            + Array("123456789012\0".utf8) + Array("mysql_native_password\0".utf8))
    static let ok = packet(2, [0, 0, 0, 2, 0, 0, 0])

    /// One column of text and rows of it, without end where the length is odd.
    static func table(rows: [[UInt8]]) -> [UInt8] {
        let name: [UInt8] = [3] + Array("def".utf8) + [0, 0, 0, 1, 0x61, 0]
        let column = name + [0x0C, 0x21, 0, 0xFF, 0, 0, 0, 0xFD, 0, 0, 0, 0, 0]
        var bytes = packet(1, [1]) + packet(2, column) + packet(3, [0xFE, 0, 0, 2, 0])
        for (index, row) in rows.enumerated() { bytes += packet(UInt8(4 + index), row) }
        return bytes + packet(UInt8(4 + rows.count), [0xFE, 0, 0, 2, 0])
    }

    private func state(
        answering answers: [[UInt8]], login: [UInt8] = ok
    ) async throws -> (DatabaseState, [UInt8]) {
        let server = try FakeServer { connection in
            guard connection.send(Self.greeting), connection.receive() else { return }
            guard connection.send(login), connection.receive() else { return }
            for answer in answers {
                guard connection.send(answer), connection.receive() else { return }
            }
        }
        defer { server.end() }
        let location = HostileServerTests.Engine.mysql.location(server.port)
        let state = await DatabaseStatus(location, root: "/", limits: HostileServerTests.short)
            .read()
        return (state, server.heard)
    }

    @Test("An honest server of the vendor's version is shown as in the manual")
    func honest() async throws {
        let version = Self.table(rows: [[6] + Array("5.7.17".utf8)])
        let size = Self.table(rows: [[8] + Array("30408704".utf8)])
        let (state, _) = try await state(answering: [version, size])
        #expect(state == DatabaseState(version: "5.7.17", sizeBytes: 30_408_704))
    }

    @Test(
        "Only MySQL 8 and later are asked for fresh sizes, and may refuse",
        arguments: [
            ("8.0.36", true), ("8.4.0-1.el9", true), ("9.1.0", true), ("5.7.17", false),
            ("10.11.6-MariaDB-0+deb12u1", false), ("5.5.5-10.4.8-MariaDB", false), ("x", false),
        ])
    func freshSizes(_ version: String, _ isAsked: Bool) async throws {
        let said = Self.table(rows: [[UInt8(version.utf8.count)] + Array(version.utf8)])
        let refusal = Self.packet(1, [0xFF, 0xA9, 0x04] + Array("#HY000no".utf8))
        let size = Self.table(rows: [[8] + Array("30408704".utf8)])
        let (state, heard) = try await state(
            answering: isAsked ? [said, refusal, size] : [said, size])
        #expect(state == DatabaseState(version: version, sizeBytes: 30_408_704))
        let order = "SET SESSION information_schema_stats_expiry = 0"
        #expect(String(decoding: heard, as: UTF8.self).contains(order) == isAsked)
    }

    @Test("It does not get a file of this machine")
    func localFile() async throws {
        let (state, heard) = try await state(
            answering: [Self.packet(1, [0xFB] + Array("/etc/passwd".utf8))])
        #expect(state.version == nil && state.problem != nil)
        #expect(!String(decoding: heard, as: UTF8.self).contains("root:"))
    }

    @Test("It does not get the password in clear text")
    func clearText() async throws {
        let (state, heard) = try await state(
            answering: [], login: Self.packet(2, [0xFE] + Array("mysql_clear_password\0".utf8)))
        #expect(state.version == nil && state.problem != nil)
        #expect(!String(decoding: heard, as: UTF8.self).contains("hunter2"))
    }

    @Test("What it says of the password is not repeated")
    func echo() async throws {
        let text = Array("\u{1B}[2Jhunter2 is wrong".utf8)
        let (state, _) = try await state(
            answering: [], login: Self.packet(2, [0xFF, 0x15, 0x04] + Array("#28000".utf8) + text))
        #expect(state.problem?.contains("***") == true, "\(state)")
        #expect(state.problem?.contains("hunter2") == false)
        #expect(state.problem?.contains("\u{1B}") == false)
    }

    @Test(
        "An answer that is no version is none",
        arguments: [
            [], [[0]], [[0xFB]], [[7] + Array("5.7\u{1B}[2J".utf8)], [[1, 0x35], [1, 0x35]],
            [[65] + [UInt8](repeating: 0x35, count: 65)],
            [[250] + [UInt8](repeating: 0x35, count: 3)],
            [[0xFE, 255, 255, 255, 255, 255, 255, 255, 127, 0x35]], [[3, 0x35, 0x20, 0x35]],
        ] as [[[UInt8]]])
    func noVersion(rows: [[UInt8]]) async throws {
        let (state, _) = try await state(answering: [Self.table(rows: rows)])
        #expect(state.version == nil && state.problem != nil, "\(state)")
    }

    @Test(
        "A size that is none leaves the version",
        arguments: ["", "-1", "12a", "18446744073709551616", "1.0", "٣"])
    func noSize(text: String) async throws {
        let version = Self.table(rows: [[6] + Array("5.7.17".utf8)])
        let size = Self.table(rows: [[UInt8(text.utf8.count)] + Array(text.utf8)])
        let (state, _) = try await state(answering: [version, size])
        #expect(state.version == "5.7.17" && state.sizeBytes == nil && state.problem != nil)
    }
}

@Suite("A PostgreSQL server that wants more than its due")
struct RoguePostgreSQLTests {
    /// Asks for proof of the password: 3 in clear text, 5 by MD5 with four bytes of salt.
    private static func wish(_ method: UInt8, _ more: [UInt8] = []) -> [UInt8] {
        [0x52, 0, 0, 0, UInt8(8 + more.count), 0, 0, 0, method] + more
    }

    private func heard(sending answer: [UInt8]) async throws -> (DatabaseState, String) {
        let server = try FakeServer { connection in
            // "No TLS", and then what is wanted of the login.
            guard connection.receive(), connection.send([0x4E]), connection.receive(),
                connection.send(answer)
            else { return }
            while connection.receive() {}
        }
        defer { server.end() }
        let location = HostileServerTests.Engine.postgresql.location(server.port)
        let state = await DatabaseStatus(location, root: "/", limits: HostileServerTests.short)
            .read()
        return (state, String(decoding: server.heard, as: UTF8.self))
    }

    @Test(
        "It does not get the password in clear text",
        arguments: [wish(3), wish(5, [1, 2, 3, 4]) + wish(3)])
    func clearText(answer: [UInt8]) async throws {
        let (state, heard) = try await heard(sending: answer)
        #expect(state.version == nil)
        #expect(state.problem?.contains("clear text") == true, "\(state)")
        #expect(heard.contains("site") && !heard.contains("hunter2"))
    }

    @Test("It gets a proof that is none for others")
    func digest() async throws {
        let (_, heard) = try await heard(sending: Self.wish(5, [1, 2, 3, 4]))
        #expect(heard.contains("md5") && !heard.contains("hunter2"))
    }

    @Test(
        "A wish is seen in whatever comes before the library reads it",
        arguments: [
            ([], false), (wish(0), false), (wish(10), false), (wish(3), true),
            (wish(5, [1, 2, 3, 4]), false), (wish(5, [1, 2, 3, 4]) + wish(3), true),
            (Array(wish(3).prefix(8)), true), ([0x52], true), ([0x45, 0, 0, 0, 4], false),
            ([0x52, 0, 0, 0, 0, 0, 0, 0, 0], false),
            ([0x52, 255, 255, 255, 255, 0, 0, 0, 9], false),
        ])
    func ahead(bytes: [UInt8], isClearText: Bool) {
        #expect(PasswordWish.isClearText(ahead: bytes) == isClearText)
    }
}

@Suite("What PostgreSQL's library says")
struct PostgreSQLFailureTests {
    @Test("A library that refuses a method says so")
    func method() {
        let text = "authentication method requirement \"!password\" failed: server requested it"
        #expect(PostgreSQLReader.failure(text, "log in").code == .loginRefused)
    }

    @Test(
        "The error code is found in any language",
        arguments: [
            ("connection to server failed: FATAL:  28P01: password authentication failed", "28P01"),
            ("FATAL:  3D000: Datenbank »x« existiert nicht", "3D000"),
            ("FEHLER:  57P03: es startet", "57P03"), ("Connection refused", nil), ("", nil),
            ("FATAL: abcde: no", nil), ("FATAL: ABCDE: no digit", nil), (":::::", nil),
        ] as [(String, String?)])
    func errorCode(line: String, code: String?) {
        #expect(PostgreSQLReader.errorCode(in: line).map(String.init) == code)
    }
}
