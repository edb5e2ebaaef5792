// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import Foundation
import NodeRuntimeTesting
import Testing

@testable import SitestackerCLI

@Suite("Commands and a daemon", .serialized)
struct CommandTests {
    private static let refusal = ErrorDocument(
        code: "not-logged-in", message: "this node is not logged in",
        hint: "sitestacker login -r URL -u USER", exitStatus: ExitStatus.notAuthorised)

    private func answer(isConfirmed: Bool = true, missing: [String] = []) -> PublishAnswer {
        PublishAnswer(
            id: "n-1-7", level: "one", isConfirmed: isConfirmed, confirmedBy: [], missing: missing)
    }

    /// Runs a command line beside a daemon that answers from a script.
    private func run(
        _ arguments: [String], _ change: (inout AdminScript) -> Void = { _ in },
        input: [UInt8] = [], output: MemorySink = MemorySink(),
        environment: [String: String] = [:]
    ) async throws -> (CommandRun, FakeAdminService) {
        var script = AdminScript(otherwise: Self.refusal)
        script.publish = .success(answer())
        change(&script)
        let service = FakeAdminService(script)
        let result = try await withFolder { folder in
            try await withLocalServer(FakeInstallations(sites: ["/s": service]), in: folder) { _ in
                await SitestackerCLITests.run(
                    arguments, home: folder, input: input, environment: environment,
                    output: output)
            }
        }
        return (result, service)
    }

    @Test("publish prints the ID and nothing else")
    func publish() async throws {
        let (run, service) = try await run(["publish", "order.paid", "{}", "--timeout", "2s"])
        #expect(run.status == 0 && run.output == "n-1-7\n" && run.talk == "")
        #expect(
            service.requests == [
                PublishRequestDocument(
                    topic: "order.paid", payload: "{}", payloadBase64: nil, confirm: nil,
                    timeoutMilliseconds: 2000)
            ])
    }

    @Test("publish takes standard input, binary as Base64")
    func publishInput() async throws {
        let (_, text) = try await run(["publish", "t", "--confirm", "all"], input: Array("é".utf8))
        #expect(text.requests.first?.payload == "é")
        #expect(text.requests.first?.confirm == "all")
        let (_, binary) = try await run(["publish", "t"], input: [0xFF, 0, 1])
        #expect(binary.requests.first?.payload == nil)
        #expect(binary.requests.first?.payloadBase64 == "/wAB")
    }

    @Test("publish takes a payload of 1 MiB and refuses one more byte")
    func publishLarge() async throws {
        let mebibyte = [UInt8](repeating: 0xFF, count: 1 << 20)
        for input in [mebibyte, mebibyte.map { _ in 1 }] {
            let (good, service) = try await run(["publish", "t"], input: input)
            #expect(good.status == 0 && service.requests.count == 1)
        }
        let (bad, untouched) = try await run(["publish", "t"], input: mebibyte + [0])
        #expect(bad.status == ExitStatus.failed && untouched.requests.isEmpty)
        #expect(bad.talk.contains("1048576 bytes"))
    }

    @Test("publish short of its level prints the ID, names the nodes, and ends with 3")
    func publishShort() async throws {
        let short = answer(isConfirmed: false, missing: ["http://web2", "http://web3"])
        let (run, _) = try await run(["publish", "t", "x"], { $0.publish = .success(short) })
        #expect(run.status == ExitStatus.incomplete)
        #expect(run.output == "n-1-7\n")
        #expect(run.talk.contains("http://web2, http://web3"))
        let (json, _) = try await self.run(
            ["publish", "t", "x", "--json"], { $0.publish = .success(short) })
        #expect(json.status == ExitStatus.incomplete && json.talk == "")
        let document = try JSONDecoder().decode(PublishAnswer.self, from: Data(json.output.utf8))
        #expect(document == short)
    }

    @Test("An error of the daemon is shown as it is, with its exit status")
    func refusal() async throws {
        let (text, _) = try await run(["status"])
        #expect(text.status == ExitStatus.notAuthorised && text.output == "")
        #expect(
            text.talk == """
                sitestacker: this node is not logged in
                Hint: sitestacker login -r URL -u USER

                """)
        let (json, _) = try await run(["status", "--json"])
        let document = try JSONDecoder().decode(ErrorDocument.self, from: Data(json.talk.utf8))
        #expect(document == Self.refusal && json.status == ExitStatus.notAuthorised)
    }

    @Test("Without a daemon the exit status is 69, with a hint")
    func noDaemon() async throws {
        for arguments in [["status"], ["publish", "t", "x"], ["subscribe"], ["invalidate"]] {
            let run = await SitestackerCLITests.run(arguments, home: "/nonexistent")
            #expect(run.status == ExitStatus.unreachable)
            #expect(run.talk.contains("/nonexistent/daemon.sock"))
            #expect(run.talk.contains("Hint: Is the daemon running?"))
        }
    }

    @Test("subscribe prints each event as a line of JSON, and a daemon that stops is 69")
    func subscribe() async throws {
        let events = (1...3).map {
            ApplicationEventDocument(
                id: "n-1-\($0)", topic: "t", user: "alice", node: "http://web1", time: 5,
                payload: "\u{1B}[31m\n", payloadBase64: nil)
        }
        let sink = MemorySink()
        let (run, service) = try await run(
            ["subscribe", "t", "u.*", "--since", "n-1-0"], { $0.application = events },
            output: sink)
        #expect(run.status == ExitStatus.unreachable)
        #expect(sink.count == 3)
        let lines = run.output.split(separator: "\n")
        let first =
            #"{"id":"n-1-1","node":"http://web1","payload":"\u001b[31m\n","time":5,"#
            + #""topic":"t","user":"alice"}"#
        #expect(lines.first.map(String.init) == first)
        #expect(service.calls == ["subscribe t u.* since n-1-0"])
    }

    @Test("A reader who leaves ends subscribe quietly, and an invalidation not")
    func readerLeft() async throws {
        let event = ApplicationEventDocument(
            id: "n-1-1", topic: "t", user: nil, node: "n", time: 5, payload: "", payloadBase64: nil)
        let (subscribed, service) = try await run(
            ["subscribe"],
            {
                $0.application = [event, event]
                $0.isEndless = true
            }, output: MemorySink(patience: 1))
        #expect(subscribed.status == 0 && subscribed.talk == "")
        #expect(service.endedStreams == 1)
        let (invalidated, _) = try await run(
            ["invalidate"], { $0.invalidation = invalidation(silent: []) },
            output: MemorySink(patience: 0))
        #expect(invalidated.status == ExitStatus.failed)
    }

    @Test(
        "A reader who leaves ends a stream in which nothing comes any more",
        .timeLimit(.minutes(1)), arguments: [["subscribe"], ["events", "--follow"]])
    func readerLeftUnnoticed(_ arguments: [String]) async throws {
        let (run, _) = try await run(
            arguments, { $0.isEndless = true }, output: MemorySink(patience: 0, isLeftThen: true))
        #expect(run.status == 0 && run.talk == "")
    }

    @Test("A pipe is abandoned once its reader has gone, a file never is")
    func abandoned() throws {
        let pipe = Pipe()
        let sink = FileDescriptorSink(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        #expect(!sink.isAbandoned)
        try pipe.fileHandleForReading.close()
        #expect(sink.isAbandoned)
        let file = try #require(FileHandle(forWritingAtPath: "/dev/null"))
        #expect(!FileDescriptorSink(descriptor: file.fileDescriptor).isAbandoned)
    }

    private func invalidation(silent: [String]) -> [InvalidateLine] {
        let step = StepDocument(
            target: "php-fpm unix:/x", action: "opcode cache", failure: nil, microseconds: 3100,
            proof: [ProofDocument(counter: "scripts", before: 12, after: 0)])
        return [
            InvalidateLine(id: "n-1-7"),
            InvalidateLine(
                outcome: OutcomeDocument(
                    node: "http://web2", outcome: "applied", reason: nil, steps: [step])),
            InvalidateLine(silent: silent),
        ]
    }

    @Test(
        "invalidate asks for what the options say",
        arguments: [
            ([], "invalidate true true true"), (["--opcache"], "invalidate true false true"),
            (["--user-cache", "--no-wait"], "invalidate false true false"),
            (["--opcache", "--user-cache"], "invalidate true true true"),
        ])
    func invalidate(_ options: [String], _ call: String) async throws {
        let (run, service) = try await run(
            ["invalidate"] + options, { $0.invalidation = invalidation(silent: []) })
        #expect(run.status == 0 && service.calls == [call])
        #expect(
            run.output
                == "http://web2  php-fpm unix:/x  opcode cache  cleared  scripts 12 -> 0  3.1 ms\n")
        #expect(run.talk == "Event n-1-7\n")
    }

    @Test("invalidate names silent nodes and ends with 3; --quiet says no more than that")
    func invalidateSilent() async throws {
        let (run, _) = try await run(
            ["invalidate", "--quiet"], { $0.invalidation = invalidation(silent: ["http://web3"]) })
        #expect(run.status == ExitStatus.incomplete && run.talk == "")
        #expect(run.output.hasSuffix("\nhttp://web3  did not answer in time\n"))
        let (json, _) = try await self.run(
            ["invalidate", "--json"], { $0.invalidation = invalidation(silent: ["http://web3"]) })
        #expect(json.output.hasSuffix("{\"silent\":[\"http://web3\"]}\n"))
        #expect(json.status == ExitStatus.incomplete)
    }

    @Test("invalidate tells servers that nobody is logged in on from silent ones")
    func invalidateNotLoggedIn() async throws {
        let last = InvalidateLine(
            silent: ["http://web2", "http://web3"], notLoggedIn: ["http://web3"])
        let (run, _) = try await run(["invalidate"], { $0.invalidation = [last] })
        #expect(run.status == ExitStatus.incomplete)
        #expect(
            run.output == "http://web2  did not answer in time\nhttp://web3  not logged in\n")
    }

    @Test("events lists and shows")
    func events() async throws {
        let event = EventDocument(
            id: "n-1-7", kind: "application", summary: "order.paid, 2 bytes", user: "alice",
            node: "http://web1", time: 0, disposition: "withheld",
            outcomes: [
                OutcomeDocument(node: "http://web2", outcome: "pending", reason: nil, steps: [])
            ])
        let (list, service) = try await run(["events", "--limit", "5"], { $0.events = [event] })
        #expect(list.status == 0)
        #expect(
            list.output == "1970-01-01 00:00:00Z  n-1-7  application  http://web1  alice  "
                + "order.paid, 2 bytes  (withheld)\n")
        #expect(service.calls == ["events since - limit 5 follow false"])
        let (show, shown) = try await run(["events", "show", "n 1+7&"], { $0.events = [event] })
        #expect(show.status == 0 && shown.calls == ["event n 1+7&"])
        #expect(show.output.hasSuffix("Here: withheld\nhttp://web2  pending\n"))
        let (none, _) = try await run(["events", "show", "n-1-8"])
        #expect(none.status == ExitStatus.failed && none.talk.contains("n-1-8"))
    }

    @Test("status --watch shows one block after another until nobody reads")
    func watch() async throws {
        let status = StatusDocument(own: ServerDocument(url: "u"), servers: [], problems: [])
        func watch(
            _ options: [String], isTerminal: Bool = false, _ environment: [String: String] = [:]
        ) async throws -> CommandRun {
            try await run(
                ["status", "--watch", "--interval", "100ms"] + options,
                { $0.status = .success(status) },
                output: MemorySink(isTerminal: isTerminal, patience: 3), environment: environment
            ).0
        }
        let block = "Cluster URL: u\n"
        let piped = try await watch([])
        #expect(piped.output == "\(block)---\n\(block)---\n\(block)")
        #expect(piped.status == ExitStatus.done)
        let line = "Cluster URL: u\u{1B}[K\n\u{1B}[J"
        let painted = try await watch([], isTerminal: true)
        #expect(painted.output == "\u{1B}[H\u{1B}[2J\(line)\u{1B}[H\(line)\u{1B}[H\(line)")
        let dumb = try await watch([], isTerminal: true, ["TERM": "dumb"])
        #expect(dumb.output == piped.output)
        let json = try await watch(["--json"])
        #expect(json.output.split(separator: "\n").count == 3)
    }

    @Test("status --watch tells a daemon that is away, and refuses to hurry")
    func watchTrouble() async throws {
        let away = await SitestackerCLITests.run(["status", "--watch"], home: "/nonexistent")
        #expect(away.status == ExitStatus.unreachable)
        let hasty = await SitestackerCLITests.run(
            ["status", "--watch", "--interval", "99ms"], home: "/nonexistent")
        #expect(hasty.status == ExitStatus.usage)
    }

    @Test("Colour is for terminals, and never against NO_COLOR")
    func colour() async throws {
        let status = StatusDocument(
            own: ServerDocument(url: "u", error: "bad\u{1B}[0m", code: "silent"), servers: [],
            problems: [])
        func output(
            _ options: [String], isTerminal: Bool, _ environment: [String: String] = [:]
        ) async throws -> String {
            try await run(
                ["status"] + options, { $0.status = .success(status) },
                output: MemorySink(isTerminal: isTerminal), environment: environment
            ).0.output
        }
        let plain = "Error: bad\\u{1b}[0m\nCluster URL: u\n"
        let coloured = "\u{1B}[31mError: bad\\u{1b}[0m\u{1B}[0m\nCluster URL: u\n"
        #expect(try await output([], isTerminal: false) == plain)
        #expect(try await output([], isTerminal: true) == coloured)
        #expect(try await output([], isTerminal: true, ["NO_COLOR": "1"]) == plain)
        #expect(try await output([], isTerminal: true, ["TERM": "dumb"]) == plain)
        #expect(try await output(["--color", "never"], isTerminal: true) == plain)
        #expect(try await output(["--color", "always"], isTerminal: false) == coloured)
    }

    @Test("config check and config path look at files only")
    func config() async throws {
        try await withFolder { folder in
            let missing = await SitestackerCLITests.run(["config", "check"], home: folder)
            #expect(missing.status == ExitStatus.configuration)
            let path = folder + "/sitestacker.yml"
            try Data("urls: [\"http://web1\", \"http://web2\"]\n".utf8)
                .write(to: URL(fileURLWithPath: path))
            let check = await SitestackerCLITests.run(["config", "check"], home: folder)
            #expect(check.status == 0)
            #expect(
                check.output == """
                    \(path): OK, 2 servers
                    \(folder)/users: missing, so no change from another node is accepted

                    """)
            let where_ = await SitestackerCLITests.run(["config", "path"], home: folder)
            #expect(where_.output == "\(path)\n\(folder)\n" && where_.status == 0)
            try Data("urls: []\ncolour: red\n".utf8).write(to: URL(fileURLWithPath: path))
            let bad = await SitestackerCLITests.run(["config", "check", "--json"], home: folder)
            #expect(bad.status == ExitStatus.configuration && bad.output == "")
            let document = try JSONDecoder().decode(ErrorDocument.self, from: Data(bad.talk.utf8))
            #expect(document.code == "configuration-invalid")
            #expect(document.message.contains("colour"))
        }
    }

    @Test("A site that is named must be there; one that is found is told to the daemon")
    func site() async throws {
        try await withFolder { folder in
            let missing = await SitestackerCLITests.run(["status", "--site", folder], home: folder)
            #expect(missing.status == ExitStatus.configuration)
            let (one, other) = (
                FakeAdminService(AdminScript(otherwise: Self.refusal)),
                FakeAdminService(AdminScript(otherwise: Self.refusal))
            )
            let sites = FakeInstallations(sites: ["\(folder)/a & b": one, "/other": other])
            let below = folder + "/a & b/deep"
            try FileManager.default.createDirectory(
                atPath: below, withIntermediateDirectories: true)
            try Data("urls: [web1]\n".utf8)
                .write(to: URL(fileURLWithPath: folder + "/a & b/sitestacker.yml"))
            try await withLocalServer(sites, in: folder) { _ in
                _ = await SitestackerCLITests.run(["status"], home: folder, directory: below)
            }
            #expect(one.calls == ["status"] && other.calls == [])
        }
    }
}
