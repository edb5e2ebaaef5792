// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import ProgramRunner
import ServerTesting
import Testing

@Suite("Running programs", .timeLimit(.minutes(2)))
struct ProgramRunnerTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func call(
        _ script: String, input: [UInt8] = [], outputLimit: Int? = 1 << 20,
        deadline: Duration = .seconds(20), environment: [String: String] = [:]
    ) -> ProgramCall {
        ProgramCall(
            ["/bin/sh", "-c", script], in: folder.path,
            environment: ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }, input: input,
            outputLimit: outputLimit, deadline: deadline)
    }

    private func failure(_ call: ProgramCall) async throws -> ProgramError {
        try await #require(throws: ProgramError.self) { try await ProgramRunner().run(call) }
    }

    @Test("A program reads its input and gives bytes, complaint and status")
    func exchange() async throws {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        let result = try await ProgramRunner().run(
            call("cat; echo first >&2; echo 'last line' >&2; exit 3", input: bytes))
        #expect(result.output == bytes)
        #expect(result.ending == .exited(3))
        #expect(!result.isSuccess)
        #expect(result.lastComplaint == "last line")
        let quiet = try await ProgramRunner().run(call("echo out; exit 0", outputLimit: nil))
        #expect(quiet.isSuccess)
        #expect(quiet.output.isEmpty)
        #expect(quiet.lastComplaint == "")
    }

    @Test("A program that does not read its input, or dies of a signal, is no error")
    func deaf() async throws {
        let large = [UInt8](repeating: 7, count: 4 << 20)
        #expect(try await ProgramRunner().run(call("exit 0", input: large)).isSuccess)
        #expect(try await ProgramRunner().run(call("kill -9 $$")).ending == .signalled(9))
    }

    @Test("Words are words: nothing in them is read by a shell, and the directory is the one given")
    func words() async throws {
        let result = try await ProgramRunner().run(
            ProgramCall(
                ["printf", "%s|", "$(id)", "a b", "", "*"], in: folder.path,
                environment: ["PATH": "/usr/bin:/bin"], outputLimit: 100, deadline: .seconds(20)))
        #expect(String(decoding: result.output, as: UTF8.self) == "$(id)|a b||*|")
        let place = try await ProgramRunner().run(call("pwd -P"))
        #expect(String(decoding: place.output, as: UTF8.self) == folder.path + "\n")
    }

    @Test("A relative program begins at the directory")
    func relative() async throws {
        try folder.install("bin/here", "#!/bin/sh\necho \"$1\"\n")
        let result = try await ProgramRunner().run(
            ProgramCall(
                ["bin/here", "found"], in: folder.path, environment: [:], outputLimit: 100,
                deadline: .seconds(20)))
        #expect(result.output == Array("found\n".utf8))
    }

    @Test("Nothing is inherited but what the call names")
    func environment() async throws {
        setenv("SITESTACKER_TEST_SECRET", "hidden", 1)
        defer { unsetenv("SITESTACKER_TEST_SECRET") }
        let result = try await ProgramRunner().run(
            ProgramCall(
                ["/usr/bin/env"], in: folder.path, environment: ["ONE": "1"], outputLimit: 4_096,
                deadline: .seconds(20)))
        #expect(String(decoding: result.output, as: UTF8.self) == "ONE=1\n")
        let clean = ProgramEnvironment.clean(for: nil, adding: ["TWO": "2"])
        #expect(clean["SITESTACKER_TEST_SECRET"] == nil)
        #expect(clean["TWO"] == "2")
        #expect(clean["PATH"]?.isEmpty == false)
    }

    @Test(
        "At the deadline the whole group is ended, also children that do not heed SIGTERM",
        arguments: ["trap '' TERM", ":"])
    func deadline(leader: String) async throws {
        let script = """
            (trap '' TERM; echo $BASHPID > child; exec sleep 600) &
            \(leader); while :; do sleep 600; done
            """
        var hanging = call(script, deadline: .seconds(1))
        hanging.words[0] = "/bin/bash"
        let error = try await failure(hanging)
        #expect(error.code == .timedOut)
        let child = try folder.number("child")
        try await eventually("the end of the child") { isGone(child) }
    }

    @Test("A cancelled caller ends the program")
    func cancelled() async throws {
        let task = Task { [call = call("echo $$ > child; exec sleep 600")] in
            try await ProgramRunner().run(call)
        }
        try await eventually("the child's number") { folder.read("child").hasSuffix("\n") }
        task.cancel()
        let error = await #expect(throws: ProgramError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        let child = try folder.number("child")
        try await eventually("the end of the child") { isGone(child) }
    }

    @Test("A child left behind does not hold up the result")
    func leftBehind() async throws {
        // Outlives the deadline: who waits for the child's end is told of a time-out.
        let result = try await ProgramRunner().run(
            call("sleep 600 & echo $! > child; echo done"))
        let child = try folder.number("child")
        #expect(!isGone(child))
        kill(child, SIGKILL)
        #expect(result.isSuccess)
    }

    @Test(
        "A program that talks without end is ended",
        arguments: ["cat /dev/zero", "cat /dev/zero >&2"])
    func talkative(script: String) async throws {
        #expect(try await failure(call(script, deadline: .seconds(60))).code == .tooTalkative)
    }

    @Test("Much complaint that is within bounds is kept by its end")
    func complaint() async throws {
        let result = try await ProgramRunner().run(
            call(
                "head -c 1000000 /dev/zero | tr '\\0' x >&2; echo >&2; "
                    + "printf 'the \\033[31mend\\n\\n' >&2"))
        #expect(result.complaint.count == 8 << 10)
        #expect(result.lastComplaint == "the  [31mend")
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let words: [String]
        var directory = "/tmp"
        var environment: [String: String] = [:]
        var input = 0
        let code: ProgramError.Code
    }

    @Test(
        "What cannot be run is an error that says why",
        arguments: [
            Refused(testDescription: "nothing", words: [], code: .invalidCall),
            Refused(testDescription: "an empty name", words: [""], code: .invalidCall),
            Refused(testDescription: "a NUL", words: ["true", "a\0b"], code: .invalidCall),
            Refused(
                testDescription: "a relative directory", words: ["true"], directory: "x",
                code: .invalidCall),
            Refused(
                testDescription: "a NUL in a variable", words: ["true"],
                environment: ["A": "\0"], code: .invalidCall),
            Refused(
                testDescription: "an equals sign in a name", words: ["true"],
                environment: ["A=B": "c"], code: .invalidCall),
            Refused(
                testDescription: "too much input", words: ["true"],
                input: ProgramCall.maximumInput + 1, code: .invalidCall),
            Refused(testDescription: "no such name", words: ["no-such-thing"], code: .notFound),
            Refused(testDescription: "no such file", words: ["/no/such"], code: .notFound),
            Refused(
                testDescription: "no such directory", words: ["/bin/true"],
                directory: "/no/such", code: .notFound),
            Refused(
                testDescription: "a program for another machine", words: ["{}/garbage"],
                code: .notPermitted),
            Refused(
                testDescription: "a script whose reader is missing", words: ["{}/orphan"],
                code: .notFound),
            Refused(
                testDescription: "not executable", words: ["/etc/passwd"], code: .notFound),
        ])
    func refused(refused: Refused) async throws {
        try folder.install("garbage", "\u{7F}ELF\u{1}")
        try folder.install("orphan", "#!/no/such/reader\n")
        let error = try await failure(
            ProgramCall(
                refused.words.map { $0.replacing("{}", with: folder.path) }, in: refused.directory,
                environment: ["PATH": "/usr/bin:/bin"].merging(refused.environment) { $1 },
                input: [UInt8](repeating: 0, count: refused.input), deadline: .seconds(20)))
        #expect(error.code == refused.code, "\(error)")
        #expect(!error.hint.isEmpty && !error.expected.isEmpty)
    }

    @Test("No descriptor is lost, whether programs start or not")
    func descriptors() async throws {
        _ = try await ProgramRunner().run(call("exit 0"))
        let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        for _ in 0..<40 {
            _ = try await ProgramRunner().run(call("exit 0", input: [1]))
            _ = try await failure(
                ProgramCall(["/no/such"], in: "/tmp", environment: [:], deadline: .seconds(5)))
        }
        let after = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        #expect(after < before + 20)
    }

    @Test(
        "A program runs as the owner of the tree and gets nothing of root",
        .enabled(if: geteuid() == 0))
    func owner() async throws {
        #expect(chown(folder.path, 65_534, 65_534) == 0)
        let owner = try #require(try ProgramOwner.ofTree(folder.path))
        #expect(owner.name == "nobody")
        var asking = call("id -u; id -g; id -G; touch /etc/sitestacker-test; echo mine > file")
        asking.owner = owner
        asking.environment = ProgramEnvironment.clean(for: owner)
        let result = try await ProgramRunner().run(asking)
        #expect(String(decoding: result.output, as: UTF8.self) == "65534\n65534\n65534\n")
        #expect(access("/etc/sitestacker-test", F_OK) != 0)
        #expect(folder.read("file") == "mine\n")
        #expect(asking.environment["HOME"] == "/nonexistent")
        #expect(try ProgramOwner.ofTree("/") == nil)
    }

    @Test("A missing tree has no owner")
    func missingTree() throws {
        let error = try #require(throws: ProgramError.self) { try ProgramOwner.ofTree("/no/such") }
        #expect(error.code == .unknownOwner)
    }
}

/// Whether a process has ended.
private func isGone(_ number: pid_t) -> Bool {
    kill(number, 0) != 0 && errno == ESRCH
}
