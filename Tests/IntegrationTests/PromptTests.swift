// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension BlackBox {
    @Suite("Questions at a terminal")
    struct PromptTests {}
}

/// What somebody types where a password is asked for, and what comes of it.
struct Answer: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// As Python writes bytes, for the first question and for the second.
    let typed: [String]
    let status: Int
    let words: String
}

extension BlackBox.PromptTests {
    @Test(
        "Whoever leaves a question has a terminal that shows what he types, and no cluster",
        .timeLimit(.minutes(1)), .enabled(if: Person.isUsable),
        arguments: [
            Answer(
                testDescription: "Control-C", typed: ["\\x03"], status: 130, words: "interrupted"),
            Answer(
                testDescription: "Control-C behind half a password", typed: ["half\\x03"],
                status: 130, words: "interrupted"),
            Answer(
                testDescription: "Control-D", typed: ["\\x04"], status: 64,
                words: "expected an answer, found its end"),
            Answer(testDescription: "nothing", typed: ["\\n"], status: 64, words: "at least 8"),
            Answer(
                testDescription: "two that differ", typed: ["a password\\n", "b password\\n"],
                status: 64, words: "nothing was changed"),
            Answer(
                testDescription: "Control-C at the second question",
                typed: ["a password\\n", "\\x03"], status: 130, words: "interrupted"),
        ])
    func leaving(_ answer: Answer) async throws {
        try await Cluster.new { cluster in
            let server = cluster[1]
            let outcome = try await Person(
                on: server, typing: answer.typed,
                [
                    "init", "--user", "alice", "--email", "alice@example.com", "--name", "Alice",
                    "--url", server.url, "--site", server.site,
                ]
            ).process.end()
            #expect(outcome.text.hasSuffix("status \(answer.status) echo True"), "\(outcome)")
            #expect(outcome.text.contains(answer.words), "\(outcome)")
            #expect(!outcome.text.contains("password\n"), "what is typed is not shown")
            #expect(try !server.secrets().keys.contains { $0.hasSuffix("cluster.pin") })
            #expect(!FileManager.default.fileExists(atPath: server.configuration))
        }
    }

    @Test(
        "A password of any bytes that can be typed is taken as it is", .timeLimit(.minutes(1)),
        .enabled(if: Person.isUsable))
    func oddPassword() async throws {
        try await Cluster.new { cluster in
            let server = cluster[1]
            let typed = #" gr\xc3\xbc\xc3\x9fe "q" $x \\ ` ' \x1a "#
            let outcome = try await Person(
                on: server, typing: [typed + "\\n", typed + "\\n"],
                [
                    "init", "--user", "alice", "--email", "alice@example.com", "--name", "Alice",
                    "--url", server.url, "--site", server.site,
                ]
            ).process.end()
            #expect(outcome.text.hasSuffix("status 0 echo True"), "\(outcome)")
        }
    }
}

/// Somebody at a terminal, by Python: whoever asks for a password asks the terminal itself.
private struct Person {
    private static let python = "/usr/bin/python3"

    /// Whether there is Python: skipped without it, but never in continuous integration.
    static let isUsable =
        FileManager.default.fileExists(atPath: python)
        || ProcessInfo.processInfo.environment["CI"] != nil

    let process: RunningProcess

    /// Runs a command at a terminal of its own, and answers each hidden question in turn.
    init(on server: Server, typing answers: [String], _ arguments: [String]) throws {
        let list = answers.map { "b'''\($0)'''" }.joined(separator: ", ")
        process = try RunningProcess(
            Self.python, ["-c", "answers = [\(list)]\n\(Self.script)", Program.path] + arguments,
            environment: ["SITESTACKER_HOME": server.home, "TERM": "dumb"],
            directory: server.root)
    }

    /// Prints what the terminal showed, the exit status, and whether it shows again what is typed.
    private static let script = """
        import os, select, sys, termios, time
        terminal, slave = os.openpty()
        child = os.fork()
        if child == 0:
            os.login_tty(slave)
            os.execv(sys.argv[1], sys.argv[1:])
        def echoes():
            return bool(termios.tcgetattr(slave)[3] & termios.ECHO)
        shown, asked, status, end = b"", 0, None, time.time() + 50
        while status is None and time.time() < end:
            if select.select([terminal], [], [], 0.05)[0]:
                shown += os.read(terminal, 4096)
            if asked < len(answers) and shown.count(b": ") > asked and not echoes():
                os.write(terminal, answers[asked])
                asked += 1
            done, code = os.waitpid(child, os.WNOHANG)
            if done:
                status = os.waitstatus_to_exitcode(code)
        while select.select([terminal], [], [], 0.1)[0]:
            shown += os.read(terminal, 4096)
        print(shown.decode(errors="replace"))
        print("status", status, "echo", echoes())
        """
}
