// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser
import Foundation
import Testing

@testable import SitestackerCLI

@Suite("Command lines")
struct ParsingTests {
    @Test(
        "Durations have a whole number and a unit",
        arguments: [
            ("500ms", 500), ("30s", 30_000), ("2m", 120_000), ("24h", 86_400_000), ("0s", 0),
            ("1ms", 1),
        ])
    func durations(_ text: String, _ expected: UInt64) {
        #expect(DurationArgument(argument: text)?.milliseconds == expected)
    }

    @Test(
        "Anything else is no duration",
        arguments: [
            "", "30", "s", "ms", "-1s", "+1s", "1.5s", "1e3s", "030s", "1 s", " 1s", "1s ", "1S",
            "1d", "25h", "86400001ms", "99999999999999999999s", "0x1s", "\u{0663}s", "1m30s",
        ])
    func noDurations(_ text: String) {
        #expect(DurationArgument(argument: text) == nil)
    }

    @Test(
        "A command line that cannot be used is exit status 64, and says why on standard error",
        arguments: [
            ["nonsense"], ["publish"], ["publish", "a", "b", "c"], ["status", "extra"],
            ["publish", "a", "b", "--confirm", "most"], ["invalidate", "--timeout", "30"],
            ["events", "--limit", "0"], ["events", "--limit", "x"], ["events", "show"],
            ["status", "--color", "red"], ["status", "--colour", "auto"], ["--json", "nonsense"],
            ["status", "\u{FFFD}"],
        ])
    func usage(_ arguments: [String]) async throws {
        let run = await run(arguments, home: "/nonexistent")
        #expect(run.status == ExitStatus.usage)
        #expect(run.output.isEmpty)
        #expect(!run.talk.isEmpty)
    }

    @Test("An argument of 2 MiB is refused like any other")
    func hugeArgument() async {
        let huge = String(repeating: "a", count: 2 << 20)
        let run = await run(["publish", huge, "b", "c"], home: "/nonexistent")
        #expect(run.status == ExitStatus.usage)
    }

    @Test("With --json a usage error is one object")
    func usageJSON() async throws {
        let run = await run(["events", "--limit", "0", "--json"], home: "/nonexistent")
        let document = try JSONDecoder().decode(ErrorDocument.self, from: Data(run.talk.utf8))
        #expect(document.code == "usage" && document.exitStatus == ExitStatus.usage)
        #expect(run.talk.filter { $0 == "\n" }.count == 1)
        #expect(run.status == ExitStatus.usage)
    }

    @Test(
        "Help goes to standard output and shows an example",
        arguments: [
            ["publish"], ["subscribe"], ["events"], ["events", "list"], ["events", "show"],
            ["invalidate"],
            ["status"], ["config"], ["config", "check"], ["config", "path"], ["init"], ["login"],
            ["logout"],
            ["user"], ["user", "add"], ["user", "list"], ["user", "passwd"], ["user", "remove"],
            ["user", "pin"], ["node"], ["node", "list"], ["node", "remove"], ["client"],
            ["client", "add"], ["replay"], ["lock"], ["unlock"],
        ])
    func help(_ command: [String]) async {
        let run = await run(command + ["--help"], home: "/nonexistent")
        #expect(run.status == ExitStatus.done)
        #expect(
            ["Example:\n", "Examples:\n"].contains {
                run.output.contains("\($0)  sitestacker \(command[0])")
            })
        #expect(run.talk.isEmpty)
    }

    @Test("Escape sequences in arguments never reach the terminal")
    func escapes() async {
        let run = await run(
            ["nonsense\u{1B}[31m"], home: "/nonexistent", output: MemorySink(isTerminal: true))
        #expect(run.status == ExitStatus.usage)
        #expect(!run.talk.contains("\u{1B}"))
    }
}
