// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import Foundation
import NodeRuntimeTesting
import Testing

@testable import SitestackerCLI

@Suite("lock and unlock", .serialized)
struct LockCommandTests {
    private static let lock = LockDocument(
        holder: "alice", since: 1_795_432_833_000, reason: "release 7", expires: 1_795_432_893_000)
    private static let line =
        "Is Locked: true (by alice since 2026-11-23 11:20:33Z: release 7, "
        + "expires 2026-11-23 11:21:33Z)\n"

    private static func event(isConfirmed: Bool = true) -> PublishAnswer {
        PublishAnswer(
            id: "n-1-7", level: "all", isConfirmed: isConfirmed, confirmedBy: [],
            missing: isConfirmed ? [] : ["http://web3"])
    }

    private func run(
        _ arguments: [String], _ answer: Result<LockAnswer, ErrorDocument>
    ) async throws -> (CommandRun, [String]) {
        var script = AdminScript(
            otherwise: ErrorDocument(code: "x", message: "x", exitStatus: ExitStatus.failed))
        script.lock = answer
        let service = FakeAdminService(script)
        let result = try await withFolder { folder in
            try await withLocalServer(FakeInstallations(sites: ["/s": service]), in: folder) { _ in
                await SitestackerCLITests.run(arguments, home: folder)
            }
        }
        return (result, service.calls)
    }

    @Test("A lock is printed as status prints it")
    func taken() async throws {
        let answer = LockAnswer(lock: Self.lock, previous: nil, event: Self.event())
        let (run, calls) = try await run(["lock", "--reason", "release 7"], .success(answer))
        #expect(run.status == 0 && run.output == Self.line && run.talk == "")
        #expect(calls == ["lock release 7 3600000 - 10000"])
        let (json, _) = try await self.run(["lock", "--json"], .success(answer))
        #expect(
            try JSONDecoder().decode(LockAnswer.self, from: Data(json.output.utf8)) == answer)
    }

    @Test("A renewal says so; short of the level the exit status is 3 and the missing are named")
    func renewed() async throws {
        let answer = LockAnswer(
            lock: Self.lock, previous: Self.lock, event: Self.event(isConfirmed: false))
        let (run, calls) = try await run(
            ["lock", "--ttl", "3d", "--confirm", "all", "--timeout", "1s"], .success(answer))
        #expect(run.status == ExitStatus.incomplete && run.output == Self.line)
        #expect(run.talk.hasPrefix("Renewed.\n") && run.talk.contains("http://web3"))
        #expect(calls == ["lock - 259200000 all 1000"])
    }

    @Test("An unlock names the lock that ended, or says that there was none")
    func unlocked() async throws {
        let ended = LockAnswer(lock: nil, previous: Self.lock, event: Self.event())
        let (run, calls) = try await run(["unlock", "--force"], .success(ended))
        #expect(run.status == 0 && run.output == "Is Locked: false\n")
        #expect(run.talk.hasPrefix("Ended: by alice since 2026-11-23 11:20:33Z: release 7"))
        #expect(calls == ["unlock true - 10000"])
        let none = LockAnswer(lock: nil, previous: nil, event: nil)
        let (idle, _) = try await self.run(["unlock"], .success(none))
        #expect(idle.status == 0 && idle.output == "Is Locked: false\n")
        #expect(idle.talk == "There was no lock to end.\n")
    }

    @Test("Who is locked out learns by whom, and gets 75")
    func lockedOut() async throws {
        let refusal = ErrorDocument(
            code: "locked", message: "lock: updates are locked by alice", hint: "wait",
            exitStatus: ExitStatus.tryLater)
        let (run, _) = try await run(["lock"], .failure(refusal))
        #expect(run.status == ExitStatus.tryLater && run.output == "")
        #expect(run.talk == "sitestacker: lock: updates are locked by alice\nHint: wait\n")
    }

    @Test(
        "A lifetime is a whole number with a unit, from a second to thirty days",
        arguments: [
            ("1s", 1_000), ("90m", 5_400_000), ("2h", 7_200_000), ("30d", 2_592_000_000),
            ("0s", nil), ("31d", nil), ("2592001s", nil), ("1500ms", nil), ("5", nil), ("-1h", nil),
            ("", nil), ("9999999d", nil), ("99999999s", nil),
        ] as [(String, UInt64?)])
    func lifetimes(text: String, milliseconds: UInt64?) {
        #expect(LockLifetime(argument: text)?.milliseconds == milliseconds)
    }
}
