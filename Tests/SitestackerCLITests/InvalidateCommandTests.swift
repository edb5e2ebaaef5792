// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import NodeRuntimeTesting
import Testing

@testable import SitestackerCLI

@Suite("invalidate and replay", .serialized)
struct InvalidateCommandTests {
    private static let failure = ErrorDocument(
        code: "log", message: "the log cannot be read", exitStatus: ExitStatus.failed)

    private func run(
        _ arguments: [String], output: MemorySink = MemorySink(),
        _ change: (inout AdminScript) -> Void = { _ in }
    ) async throws -> (CommandRun, FakeAdminService) {
        var script = AdminScript(otherwise: Self.failure)
        script.invalidation = [
            InvalidateLine(id: "n-1-1", nodes: ["http://web1"]),
            InvalidateLine(
                outcome: OutcomeDocument(
                    node: "http://web1", outcome: "applied", reason: nil,
                    steps: [
                        StepDocument(
                            target: "redis 127.0.0.1:6379", action: "prefix site:", failure: nil,
                            microseconds: 1200,
                            proof: [ProofDocument(counter: "keys", before: 40, after: 0)])
                    ])),
            InvalidateLine(silent: []),
        ]
        change(&script)
        let service = FakeAdminService(script)
        let result = try await withFolder { folder in
            try await withLocalServer(FakeInstallations(sites: ["/s": service]), in: folder) { _ in
                await SitestackerCLITests.run(arguments, home: folder, output: output)
            }
        }
        return (result, service)
    }

    private func plain(_ change: (inout InvalidateRequestDocument) -> Void)
        -> InvalidateRequestDocument
    {
        var request = InvalidateRequestDocument(opcodeCache: false, userCache: false)
        change(&request)
        return request
    }

    @Test("Without options: opcode and user cache; one line per node and cache, byte for byte")
    func withoutOptions() async throws {
        let (run, service) = try await run(["invalidate"])
        #expect(run.status == 0)
        #expect(
            run.output == """
                http://web1  redis 127.0.0.1:6379  prefix site:  cleared  keys 40 -> 0  1.2 ms

                """)
        #expect(
            service.invalidations
                == [InvalidateRequestDocument(opcodeCache: true, userCache: true)])
    }

    @Test("Every option reaches the daemon, those that name something as often as given")
    func options() async throws {
        let cases: [([String], InvalidateRequestDocument)] = [
            (["--opcache"], plain { $0.opcodeCache = true }),
            (["--user-cache"], plain { $0.userCache = true }),
            (["--all"], plain { $0.everything = true }),
            (["--url", "/a", "--url", "/b"], plain { $0.urls = ["/a", "/b"] }),
            (["--tag", "a", "--tag=b"], plain { $0.tags = ["a", "b"] }),
            (["--key", "k", "--opcache"], plain { ($0.keys, $0.opcodeCache) = (["k"], true) }),
            (["--key-prefix", "p."], plain { $0.keyPrefixes = ["p."] }),
            (["--key-pattern", "^a|b$"], plain { $0.keyPatterns = ["^a|b$"] }),
            (["--key=-x"], plain { $0.keys = ["-x"] }),
            (["--path", "index.php"], plain { $0.paths = ["index.php"] }),
            (
                ["--tag", "a", "--no-wait", "--timeout", "2s"],
                plain { ($0.tags, $0.wait, $0.timeoutMilliseconds) = (["a"], false, 2000) }
            ),
        ]
        for (arguments, expected) in cases {
            let (run, service) = try await run(["invalidate"] + arguments)
            #expect(run.status == 0, "\(arguments): \(run.talk)")
            #expect(service.invalidations == [expected], "\(arguments)")
        }
    }

    @Test("An order for caches of other servers is marked as one")
    func elsewhere() async throws {
        let (_, service) = try await run(["invalidate", "--tag", "a", "--elsewhere"])
        #expect(
            service.invalidations
                == [
                    plain {
                        $0.tags = ["a"]
                        $0.elsewhere = true
                    }
                ])
    }

    @Test(
        "What some server could do is done; what none could do is a failure with words",
        arguments: [
            (["tags"], 1), (["tags", "URLs"], 1), ([], 0), (["URLs"], 0),
        ] as [([String], Int32)])
    func nowhere(_ first: [String], _ status: Int32) async throws {
        func line(_ node: String, _ parts: [String]) -> InvalidateLine {
            InvalidateLine(
                outcome: OutcomeDocument(
                    node: node, outcome: "applied", reason: nil,
                    steps: parts.map {
                        StepDocument(
                            target: "caches",
                            action: "nothing to clear: no configured cache knows \($0)",
                            failure: nil, microseconds: 0, proof: [])
                    }))
        }
        let (run, _) = try await run(["invalidate", "--tag", "a"]) { script in
            script.invalidation = [
                InvalidateLine(id: "n-1-1", nodes: ["http://web1", "http://web2"]),
                line("http://web1", first), line("http://web2", ["tags"]),
                InvalidateLine(silent: []),
            ]
        }
        #expect(run.status == status)
        let words = "On no server: nothing to clear: no configured cache knows tags"
        #expect(run.talk.contains(words) == (status == 1), "\(run.talk)")
        #expect(!run.talk.contains("URLs"))
    }

    @Test(
        "What cannot be meant is a usage error, and nothing is asked",
        arguments: [
            ["--timeout", "1"], ["--url"], ["extra"], ["--key-patern", "x"], ["--opcache=yes"],
        ])
    func usage(_ arguments: [String]) async throws {
        let (run, service) = try await run(["invalidate"] + arguments)
        #expect(run.status == ExitStatus.usage && service.calls.isEmpty)
    }

    @Test("JSON is one object a line, and nothing else")
    func json() async throws {
        let (run, _) = try await run(
            ["invalidate", "--json"], output: MemorySink(isTerminal: true))
        #expect(run.talk == "")
        let lines = run.output.split(separator: "\n")
        #expect(lines.first == #"{"id":"n-1-1","nodes":["http://web1"]}"#)
        #expect(lines.count == 3 && lines.last == #"{"silent":[]}"#)
    }

    @Test("Work is shown while it lasts, and wiped when it ends", .timeLimit(.minutes(1)))
    func waiting() async throws {
        let talk = MemorySink(isTerminal: true)
        var options = GlobalOptions()
        options.json = false
        options.quiet = false
        options.color = .never
        options.site = nil
        let context = CommandContext(
            options,
            in: Surroundings(
                environment: [:], workingDirectory: "/",
                readInput: { _ throws(ErrorDocument) in [] }, isInputTerminal: false,
                standardOutput: MemorySink(), standardError: talk))
        let answer = try await Progress.waiting("asking the servers", in: context) {
            while talk.count == 0 {
                try Task.checkCancellation()
                await Task.yield()
            }
            return 7
        }
        #expect(answer == 7)
        #expect(talk.text.hasPrefix("\r\u{1B}[Kasking the servers, "))
        #expect(talk.text.hasSuffix(" s\r\u{1B}[K"))
    }

    @Test("Progress names whom the command waits for, is wiped, and comes on terminals only")
    func progress() throws {
        for isTerminal in [true, false] {
            let talk = MemorySink(isTerminal: isTerminal)
            let data = MemorySink()
            var options = GlobalOptions()
            (options.json, options.quiet, options.color, options.site) = (false, false, .auto, nil)
            let context = CommandContext(
                options,
                in: Surroundings(
                    environment: [:], workingDirectory: "/", readInput: { _ in [] },
                    isInputTerminal: false, standardOutput: data, standardError: talk))
            let progress = Progress(on: context)
            try progress.say("1 of 2 nodes; waiting for http://web2") {}
            if isTerminal { try progress.show(seconds: 3, talk) }
            try progress.say(nil) { try context.output.line("done") }
            if isTerminal { try progress.show(seconds: 4, talk) }
            #expect(data.text == "done\n")
            #expect(
                talk.text
                    == (isTerminal
                        ? "\r\u{1B}[K1 of 2 nodes; waiting for http://web2, 3 s\r\u{1B}[K" : ""))
        }
    }

    @Test("Whom an invalidation waits for")
    func waiting() {
        var tally = InvalidationTally()
        #expect(tally.waiting == nil)
        tally.add(InvalidateLine(id: "x", nodes: ["a", "b", "c"]))
        #expect(tally.waiting == "0 of 3 nodes; waiting for a and 2 more")
        for node in ["c", "a"] {
            tally.add(
                InvalidateLine(
                    outcome: OutcomeDocument(
                        node: node, outcome: "applied", reason: nil, steps: [])))
        }
        #expect(tally.waiting == "2 of 3 nodes; waiting for b")
        tally.add(InvalidateLine(silent: ["b"]))
        #expect(tally.waiting == nil)
    }

    @Test("A log that cannot be read is an error, however many lines came before it")
    func brokenLog() async throws {
        let event = EventDocument(
            id: "n-1-1", kind: "application", summary: "t, 1 bytes", user: nil, node: "n", time: 0,
            disposition: "accepted", outcomes: nil)
        let (run, _) = try await run(["events"]) {
            $0.events = [event]
            $0.streamFailure = Self.failure
        }
        #expect(run.status == ExitStatus.failed)
        #expect(run.output.contains("n-1-1"))
        #expect(run.talk == "sitestacker: the log cannot be read\n")
    }

    @Test("replay asks for one parked event, or for all")
    func replay() async throws {
        let (one, first) = try await run(["replay", "n-1-1"]) {
            $0.retry = .success(RetryAnswer(events: 1))
        }
        #expect(one.status == 0 && one.output == "1 parked event is tried again.\n")
        #expect(first.calls == ["retry n-1-1"])
        let (all, second) = try await run(["replay", "--parked"])
        #expect(all.output == "0 parked events are tried again.\n")
        #expect(second.calls == ["retry all"])
    }

    @Test(
        "replay wants to know exactly one thing",
        arguments: [
            [], ["--parked", "n-1-1"], ["--parked", "--user", "bob"], ["n-1-1", "n-1-2"],
        ])
    func replayUsage(_ arguments: [String]) async throws {
        let (run, service) = try await run(["replay"] + arguments)
        #expect(run.status == ExitStatus.usage && service.calls.isEmpty)
    }
}
