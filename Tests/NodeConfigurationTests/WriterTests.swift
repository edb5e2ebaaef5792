// SPDX-License-Identifier: Apache-2.0
import Glibc
import NodeConfiguration
import Testing

@Suite("Files are written whole, and nothing is overwritten")
struct WriterTests {
    private let temporary: TemporaryFolder

    init() throws {
        temporary = try TemporaryFolder()
    }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    @Test("A new configuration is read back, private, and kept the second time")
    func site() throws {
        let path = "\(temporary.path)/sitestacker.yml"
        let urls = try ["http://web1", "[fd00::1]:81#5580", "tcp://web3:6000"].map {
            try SiteURL($0)
        }
        #expect(try ConfigurationWriter.createSite(at: path, urls: urls) == .created)
        #expect(try SiteConfiguration.load(from: path).urls == urls)
        #expect(mode(path) == 0o600)
        let text = try temporary.text("sitestacker.yml")
        #expect(
            try ConfigurationWriter.createSite(at: path, urls: [SiteURL("web9")]) == .kept)
        #expect(try temporary.text("sitestacker.yml") == text)
        #expect(try temporary.names() == ["sitestacker.yml"])
    }

    @Test("Of two that make a state file the second leaves it, and only one may change a folder")
    func stateFiles() throws {
        let state = SiteState(stateDirectory: temporary.path, site: "/srv/site")
        try state.prepare()
        #expect(try state.create(.nodeKey, [1]))
        #expect(try state.create(.nodeKey, [2]) == false)
        #expect(try state.read(.nodeKey) == [1])
        let error = #expect(throws: ConfigurationError.self) {
            try state.alone { try state.alone {} }
        }
        #expect(error?.code == .busy)
        try state.alone { try state.write(.nodeKey, [3]) }
    }

    @Test("A list that would not be read is not written")
    func badList() throws {
        let path = "\(temporary.path)/sitestacker.yml"
        for urls in try [[], [SiteURL("web1"), SiteURL("web1:81")]] {
            #expect(throws: ConfigurationError.self) {
                try ConfigurationWriter.createSite(at: path, urls: urls)
            }
        }
        #expect(try temporary.names().isEmpty)
    }

    @Test("Users are added after what is there, and once")
    func users() throws {
        let path = "\(temporary.path)/users"
        let alice = try UserEntry.Identifier("alice")
        #expect(try ConfigurationWriter.addUser(alice, to: path) == .created)
        #expect(mode(path) == 0o600)
        let bob = try UserEntry.Identifier("bob@example.com")
        #expect(
            try ConfigurationWriter.addUser(bob, scopes: [.query, .invalidate], to: path)
                == .extended)
        #expect(try ConfigurationWriter.addUser(.name("ALICE"), to: path) == .kept)
        let users = try UsersFile.load(from: path).entries
        #expect(users.map(\.identifier) == [alice, bob])
        #expect(users[0].hasAllScopes && users[1].scopes == [.invalidate, .query])
        #expect(mode(path) == 0o600)
        #expect(try temporary.names() == ["users"])
    }

    @Test("Every byte that was there stays, also without a final newline")
    func keepsBytes() throws {
        let path = try temporary.make("users", "# ours\r\nalice query")
        _ = try ConfigurationWriter.addUser(.name("bob"), to: path)
        #expect(try temporary.text("users") == "# ours\r\nalice query\nbob\n")
    }

    @Test("A file that is wrong or not ours is left alone")
    func leavesAlone() throws {
        let wrong = try temporary.make("users", "alice nothing\n")
        #expect(throws: ConfigurationError.self) {
            try ConfigurationWriter.addUser(.name("bob"), to: wrong)
        }
        #expect(try temporary.text("users") == "alice nothing\n")
        try #require(unlink(wrong) == 0)
        try #require(symlink("/dev/null", wrong) == 0)
        #expect(throws: ConfigurationError.self) {
            try ConfigurationWriter.addUser(.name("bob"), to: wrong)
        }
        #expect(try temporary.names() == ["users"])
    }

    @Test("A user whom the file could not name, or without a scope, is not added")
    func badUser() throws {
        let path = "\(temporary.path)/users"
        for name in ["x\ny", "*", "a b"] {
            #expect(throws: ConfigurationError.self) {
                try ConfigurationWriter.addUser(.name(name), to: path)
            }
        }
        #expect(throws: ConfigurationError.self) {
            try ConfigurationWriter.addUser(.name("alice"), scopes: [], to: path)
        }
        #expect(try temporary.names().isEmpty)
    }

    @Test("A second writer is told to try again")
    func busy() throws {
        let folder = open(temporary.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        try #require(folder >= 0 && flock(folder, LOCK_EX | LOCK_NB) == 0)
        defer { _ = close(folder) }
        let error = #expect(throws: ConfigurationError.self) {
            try ConfigurationWriter.addUser(.name("bob"), to: "\(temporary.path)/users")
        }
        #expect(error?.code == .busy && error?.exitStatus == 75)
    }
}
