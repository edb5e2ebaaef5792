// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension BlackBox {
    @Suite("Command lines and files that cannot be used")
    struct BadInputTests {}
}

/// A command that must fail: what it is, and with what it ends.
struct BadCommand: Sendable, CustomTestStringConvertible {
    var words: [String]
    var status: Int32
    var code: String

    var testDescription: String { words.joined(separator: " ") }
}

extension BlackBox.BadInputTests {
    static let commands = [
        BadCommand(words: ["publish"], status: 64, code: "usage"),
        BadCommand(words: ["bogus"], status: 64, code: "usage"),
        BadCommand(words: ["publish", "t", "--timeout", "30"], status: 64, code: "usage"),
        BadCommand(words: ["publish", "t", "--confirm", "most"], status: 64, code: "usage"),
        BadCommand(words: ["events", "--limit", "0"], status: 64, code: "usage"),
        BadCommand(
            words: ["login", "-r", "http://127.0.0.1", "-p", "x"], status: 64, code: "usage"),
        BadCommand(
            words: ["login", "-u", "alice", "-p", "", "-r", "http://127.0.0.1"], status: 64,
            code: "usage"),
        BadCommand(words: ["status"], status: 69, code: "daemon-unreachable"),
        BadCommand(words: ["publish", "t", "x"], status: 69, code: "daemon-unreachable"),
        BadCommand(words: ["invalidate"], status: 69, code: "daemon-unreachable"),
        BadCommand(words: ["subscribe"], status: 69, code: "daemon-unreachable"),
        BadCommand(words: ["events"], status: 69, code: "daemon-unreachable"),
        BadCommand(words: ["logout", "--yes"], status: 69, code: "daemon-unreachable"),
    ]

    @Test("Without a daemon, each ends as documented", .timeLimit(.minutes(1)), arguments: commands)
    func withoutDaemon(command: BadCommand) async throws {
        try await Cluster.new { cluster in
            try cluster[1].configure(urls: [cluster[1].url])
            let outcome = try await cluster[1].begin(command.words + ["--json"]).end()
            #expect(outcome.status == command.status, "\(outcome)")
            #expect(outcome.output.isEmpty)
            let failure = try outcome.failure()
            #expect(failure.code == command.code)
            #expect(failure.exitStatus == command.status)
            #expect(!failure.message.isEmpty)
        }
    }

    @Test("What the daemon refuses ends as documented", .timeLimit(.minutes(1)))
    func withDaemon() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let before = try await cluster[1].status().own.events?.stored
            for (words, status) in [
                (["publish", "", "x"], Int32(64)),
                (["publish", String(repeating: "t", count: 201), "x"], 64),
                (["publish", "line\nfeed", "x"], 64),
                (["events", "show", "no-such-thing"], 64),
                (["events", "--since", "nonsense"], 64),
                (["user", "remove", "nobody", "--yes", "--password-stdin"], 1),
                (["node", "remove", "http://192.0.2.1", "--yes", "--password-stdin"], 1),
            ] {
                let outcome = try await cluster[1].begin(
                    words + ["--json"], input: Array("\(Cluster.password)\n".utf8)
                ).end()
                #expect(outcome.status == status, "\(words): \(outcome)")
                #expect(outcome.output.isEmpty)
                #expect(try outcome.failure().exitStatus == status)
            }
            #expect(try await cluster[1].status().own.events?.stored == before)
        }
    }

    @Test(
        "A configuration that is wrong ends with 78 and says where", .timeLimit(.minutes(1)),
        arguments: [
            ("urls: []\n", ":1:"), ("urls: [\"ipc://x\"]\n", ":1:"),
            ("urls: [\"http://127.0.0.1\"]\nport: 0\n", ":2:7"),
            ("urls: [\"http://127.0.0.1\"]\nhandlerz: []\n", ":2:1"),
            ("urls: [\"http://a:b@127.0.0.1\"]\n", ":1:"), ("\u{1b}[31m: x\n", ":1:"),
        ])
    func configuration(text: String, place: String) async throws {
        try await Cluster.new { cluster in
            let server = cluster[1]
            try server.write(text, to: server.configuration)
            for words in [["config", "check"], ["daemon"]] {
                let outcome =
                    words == ["daemon"]
                    ? try await server.launch().end() : try await server.begin(words).end()
                #expect(outcome.status == 78, "\(words): \(outcome)")
                #expect(outcome.errors.contains("sitestacker.yml\(place)"), "\(outcome)")
                #expect(!outcome.errors.contains("\u{1b}"))
            }
        }
    }

    @Test("As many arguments as a process may have are refused in order", .timeLimit(.minutes(1)))
    func manyArguments() async throws {
        try await Cluster.new { cluster in
            try cluster[1].configure(urls: [cluster[1].url])
            // Source: execve(2): 128 KiB an argument, a quarter of the stack in all.
            let words = Array(repeating: String(repeating: "x", count: 120_000), count: 16)
            let outcome = try await cluster[1].begin(["publish", "--json"] + words).end()
            #expect(outcome.status == 64, "\(outcome.status)")
            #expect(try outcome.failure().code == "usage")
            #expect(outcome.errors.utf8.count < 8_000_000)
        }
    }

    @Test("Arguments that are not UTF-8 are refused, not altered", .timeLimit(.minutes(1)))
    func notUTF8() async throws {
        try await Cluster.new { cluster in
            try cluster[1].configure(urls: [cluster[1].url])
            // Only a shell can hand them over here.
            let script = #"exec "$0" publish "$(printf 't\377')" x --json --site "$1""#
            let outcome = try await RunningProcess(
                "/bin/sh", ["-c", script, Program.path, cluster[1].site],
                environment: ["SITESTACKER_HOME": cluster[1].home], directory: cluster[1].root
            ).end()
            #expect(outcome.status == 64 && outcome.output.isEmpty, "\(outcome)")
            #expect(try outcome.failure().message.contains("UTF-8"))
        }
    }

    @Test("Without a configuration: 78", .timeLimit(.minutes(1)))
    func missing() async throws {
        try await Cluster.new { cluster in
            let outcome = try await cluster[1].run("status", "--json")
            #expect(outcome.status == 78, "\(outcome)")
            #expect(try outcome.failure().code == "configuration-missing")
        }
    }

    @Test("Two daemons of one state: the second is refused", .timeLimit(.minutes(1)))
    func secondDaemon() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let second = Server(number: 1, root: cluster[1].root)
            let outcome = try await second.launch().end()
            #expect(outcome.status != 0, "\(outcome)")
            #expect(!outcome.errors.isEmpty)
            let other = try await cluster[1].run("daemon", "--quiet", "--color", "never")
            #expect(other.status != 0 && other.status != 64, "\(other)")
            #expect(try await cluster[1].run("publish", "t", "x", "--confirm", "local").status == 0)
        }
    }

    @Test("What comes from others never reaches the terminal as it is", .timeLimit(.minutes(1)))
    func terminal() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            // Bidirectional marks are no controls, and pass in a topic.
            let outcome = try await cluster[1].done(
                "publish", "order.\u{202e}drow", "x", "--confirm", "local")
            for events in [
                try await cluster[1].done("events"),
                try await cluster[1].done("events", "show", outcome.text),
            ] {
                #expect(!events.text.contains("\u{202e}"))
                #expect(events.text.contains("order.\\u{202e}drow"))
            }
        }
    }
}
