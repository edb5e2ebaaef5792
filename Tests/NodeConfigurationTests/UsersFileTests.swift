// SPDX-License-Identifier: Apache-2.0
import NodeConfiguration
import Testing

@Suite("The users file")
struct UsersFileTests {
    private func decode(_ text: String) throws -> UsersFile {
        try UsersFile.decode(Array(text.utf8))
    }

    @Test("Names, emails, scopes, comments and blank lines")
    func reads() throws {
        let users = try decode(
            """
            # who may act
            alice
              bob\tinvalidate,query   # only these

            carol@example.com publish
            root
            all
            """)
        #expect(
            users.entries.map(\.identifier) == [
                .name("alice"), .name("bob"), .email("carol@example.com"), .name("root"),
                .name("all"),
            ])
        #expect(users.entries.map(\.line) == [2, 3, 5, 6, 7])
        #expect(users.entries.map(\.hasAllScopes) == [true, false, false, true, true])
        #expect(users.entries[1].scopes == [.invalidate, .query])
        #expect(!users.isMissing)
    }

    @Test(
        "An empty file names nobody",
        arguments: ["", "\n", "# nobody\n", "\u{FEFF}", " \t \r\n"])
    func empty(_ text: String) throws {
        #expect(try decode(text).entries.isEmpty)
    }

    @Test(
        "Line ends and a BOM make no difference",
        arguments: ["alice\nbob\n", "alice\r\nbob\r\n", "alice\nbob", "\u{FEFF}alice\nbob\r\n"])
    func lineEnds(_ text: String) throws {
        #expect(try decode(text).entries.map(\.identifier.key) == ["alice", "bob"])
    }

    static let refused: [(String, Int, String)] = [
        ("*\n", 1, "every user is named by himself"),
        ("alice\nal*ce\n", 2, "a user name or an email address"),
        ("\u{1B}[31malice\n", 1, "U+1B"), ("alice\0\n", 1, "U+0"), ("ali\rce\n", 1, "U+D"),
        ("alice # \u{1B}]0;x\u{7}\n", 1, "U+1B"), ("alice\u{200B}\n", 1, "U+200B"),
        ("alice\u{202E}\n", 1, "U+202E"), ("alice\n\u{FEFF}bob\n", 2, "U+FEFF"),
        ("аlice\n", 1, "ASCII"), ("jose\u{301}\n", 1, "ASCII"), ("josé\n", 1, "ASCII"),
        ("alice\u{A0}query\n", 1, "ASCII"), ("alice\nALICE\n", 2, "after line 1"),
        ("alice\nbob\nalice query\n", 3, "after line 1"),
        ("a@b.example\nA@B.example\n", 2, "after line 1"),
        ("alice query trailing\n", 1, "after them"), ("alice query, publish\n", 1, "scopes"),
        ("alice querry\n", 1, "did you mean \"query\"?"), ("alice query,\n", 1, "scopes out of"),
        ("alice ,\n", 1, "scopes out of"), ("alice *\n", 1, "scopes out of"),
        ("alice QUERY\n", 1, "scopes out of"), ("alice all\n", 1, "scopes out of"),
        ("alice AAAAC3NzaC1lZDI1NTE5AAAAIA==\n", 1, "scopes out of"),
        ("alice,bob\n", 1, "a user name"), (".alice\n", 1, "a user name"),
        ("-rf\n", 1, "a user name"), ("../alice\n", 1, "a user name"), ("@\n", 1, "a user name"),
        ("alice@\n", 1, "a user name"), ("@example.com\n", 1, "a user name"),
        ("a@b@c\n", 1, "a user name"), ("a..b@example.com\n", 1, "a user name"),
        ("a@-example.com\n", 1, "a user name"), ("a@éxample.com\n", 1, "a user name"),
        ("a@example..com\n", 1, "a user name"),
        (String(repeating: "a", count: 65) + "\n", 1, "a user name"),
    ]

    @Test("Refused, with the line", arguments: refused)
    func refuses(_ text: String, line: Int, words: String) throws {
        let error = try #require(#expect(throws: ConfigurationError.self) { try decode(text) })
        #expect(error.findings.map(\.line) == [line], "\(error)")
        #expect(error.description.contains(words), "\(error)")
        #expect(error.description.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 })
    }

    @Test("Bytes that are no UTF-8 are refused")
    func notUnicode() {
        #expect(throws: ConfigurationError.self) { try UsersFile.decode([0x61, 0xFF, 0x0A]) }
        #expect(throws: ConfigurationError.self) { try UsersFile.decode([0xFF, 0xFE, 0x61, 0]) }
    }

    @Test("All wrong lines are told, at most 20")
    func allErrors() throws {
        let text = (1...100).map { "user\($0) nothing\n" }.joined()
        let error = try #require(#expect(throws: ConfigurationError.self) { try decode(text) })
        #expect(error.findings.map(\.line) == Array(1...20))
        #expect(error.suppressed == 80)
    }

    @Test("Many users are read, too many are refused", arguments: [(4096, true), (4097, false)])
    func manyUsers(_ count: Int, isRead: Bool) throws {
        let text = (1...count).map { "user\($0)\n" }.joined()
        if isRead {
            #expect(try decode(text).entries.count == count)
        } else {
            let error = try #require(#expect(throws: ConfigurationError.self) { try decode(text) })
            #expect(error.findings.map(\.expected) == ["at most 4096 users"])
        }
    }

    @Test("A million lines are refused unread")
    func millionLines() throws {
        let bytes = [UInt8](repeating: 0x0A, count: 1_000_000)
        let error = try #require(
            #expect(throws: ConfigurationError.self) { try UsersFile.decode(bytes) })
        #expect(error.description.contains("at most 262144 bytes"))
    }
}
