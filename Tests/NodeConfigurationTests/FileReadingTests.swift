// SPDX-License-Identifier: Apache-2.0
import Glibc
import NodeConfiguration
import Testing

@Suite("Files are read only if nobody else can have written them")
struct FileReadingTests {
    private let temporary: TemporaryFolder

    init() throws {
        temporary = try TemporaryFolder()
    }

    private func refusal(_ path: String) -> ConfigurationError? {
        #expect(throws: ConfigurationError.self) { try SiteConfiguration.load(from: path) }
    }

    @Test("A file of ours is read", arguments: [0o600, 0o644, 0o400] as [mode_t])
    func reads(mode: mode_t) throws {
        let path = try temporary.make("sitestacker.yml", "urls: [web1]\n", mode: mode)
        #expect(try SiteConfiguration.load(from: path).urls.count == 1)
    }

    @Test("Group and others may not write", arguments: [0o620, 0o602, 0o666] as [mode_t])
    func writableByOthers(mode: mode_t) throws {
        let path = try temporary.make("sitestacker.yml", "urls: [web1]\n", mode: mode)
        let error = try #require(refusal(path))
        #expect(error.code == .unsafe)
        #expect(error.description.contains("found mode \(String(mode, radix: 8))"))
        #expect(error.description.contains("chmod go-w \(path)"))
    }

    @Test("A missing file is missing")
    func missing() throws {
        let error = try #require(refusal("\(temporary.path)/sitestacker.yml"))
        #expect(error.code == .missing)
        #expect(error.description.contains("sitestacker init"))
    }

    @Test("A link, even to a good file, is refused")
    func link() throws {
        let target = try temporary.make("target", "urls: [web1]\n")
        let path = "\(temporary.path)/sitestacker.yml"
        try #require(symlink(target, path) == 0)
        let error = try #require(refusal(path))
        #expect(error.code == .unsafe && error.description.contains("a symbolic link"))
    }

    @Test("A pipe is refused without waiting for a writer")
    func pipe() throws {
        let path = "\(temporary.path)/sitestacker.yml"
        try #require(mkfifo(path, 0o600) == 0)
        #expect(try #require(refusal(path)).description.contains("found a pipe"))
    }

    @Test("A folder and a device are refused")
    func otherKinds() throws {
        let path = try temporary.folder("sitestacker.yml")
        #expect(try #require(refusal(path)).description.contains("found a folder"))
        #expect(try #require(refusal("/dev/zero")).description.contains("found a device"))
    }

    @Test("A file of another user is refused", .enabled(if: geteuid() == 0))
    func foreignOwner() throws {
        let path = try temporary.make("sitestacker.yml", "urls: [web1]\n")
        try #require(chown(path, 65534, 65534) == 0)
        let error = try #require(refusal(path))
        #expect(error.code == .unsafe && error.description.contains("the user ID 65534"))
    }

    @Test("A file beyond the limit is refused unread")
    func large() throws {
        let path = try temporary.make("sitestacker.yml", "urls: [web1]\n")
        try #require(truncate(path, 10_000_000_000) == 0)
        let error = try #require(refusal(path))
        #expect(error.code == .invalid && error.description.contains("at most 262144 bytes"))
    }

    @Test("A path with a NUL byte is refused")
    func hiddenEnd() throws {
        let path = try temporary.make("sitestacker.yml", "urls: [web1]\n")
        #expect(refusal("\(path)\0.jpg")?.code == .unreadable)
    }

    @Test("An error of a file names the file, line and column")
    func place() throws {
        let path = try temporary.make("sitestacker.yml", "urls: [web1]\nport: x\n")
        #expect(try #require(refusal(path)).description.contains("\(path):2:7: port: expected"))
    }

    @Test("A users file is read; a missing one lets nobody act")
    func users() throws {
        let path = "\(temporary.path)/users"
        #expect(try UsersFile.load(from: path) == .missing)
        _ = try temporary.make("users", "alice\n")
        let users = try UsersFile.load(from: path)
        #expect(users.entries.count == 1 && !users.isMissing)
    }

    @Test("A users file which others could replace is refused")
    func usersInSharedFolder() throws {
        let path = try temporary.make("users", "alice\n")
        try #require(chmod(temporary.path, 0o770) == 0)
        let error = #expect(throws: ConfigurationError.self) { try UsersFile.load(from: path) }
        #expect(error?.code == .unsafe)
        try #require(chmod(temporary.path, 0o700) == 0)
        try #require(chmod(path, 0o666) == 0)
        let second = #expect(throws: ConfigurationError.self) { try UsersFile.load(from: path) }
        #expect(second?.code == .unsafe)
    }

    @Test(
        "A users file that is no file of its own is refused", arguments: ["link", "pipe", "folder"])
    func usersOfAnotherKind(_ kind: String) throws {
        let path = "\(temporary.path)/users"
        switch kind {
        case "link": try #require(symlink(try temporary.make("target", "alice\n"), path) == 0)
        case "pipe": try #require(mkfifo(path, 0o600) == 0)
        case _: _ = try temporary.folder("users")
        }
        let error = #expect(throws: ConfigurationError.self) { try UsersFile.load(from: path) }
        #expect(error?.code == .unsafe)
        #expect(error?.description.contains(kind) == true, "\(String(describing: error))")
    }

    @Test(
        "A users file that names nobody any more is refused; without a file nobody is named",
        arguments: ["", "\n", "# alice\n", "\u{FEFF}", " \t \r\n"])
    func emptied(_ text: String) throws {
        let path = try temporary.make("users", text)
        let error = #expect(throws: ConfigurationError.self) {
            try UsersFile.load(from: path, replacesUsers: true)
        }
        #expect(error?.code == .invalid)
        #expect(error?.description.contains("at least one user, as before") == true)
        #expect(try UsersFile.load(from: path).entries.isEmpty)
        try #require(unlink(path) == 0)
        #expect(try UsersFile.load(from: path, replacesUsers: true) == .missing)
        _ = try temporary.make("users", "bob\n")
        #expect(try UsersFile.load(from: path, replacesUsers: true).entries.count == 1)
    }
}
