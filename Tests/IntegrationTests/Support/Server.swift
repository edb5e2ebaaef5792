// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import ServerTesting

/// One server of a test: a site, a state directory, and a daemon where it has been started.
final class Server {
    let number: Int
    /// Everything of this server is below it.
    let root: String
    let url: String
    private(set) var daemon: RunningProcess?
    /// What ended daemons wrote; the present one's is in `daemon`.
    private var pastLog = ""

    /// The port of every door of this run: a demo, another run, or what one that was killed left
    /// behind may use others.
    static let door = 10_000 + Int(getpid()) % 1_000 * 10

    init(number: Int, root: String) {
        self.number = number
        self.root = root
        url = "http://127.0.0.\(number)#\(Server.door)"
    }

    var home: String { "\(root)/home" }
    var site: String { "\(root)/site" }
    var configuration: String { "\(site)/sitestacker.yml" }
    var usersFile: String { "\(home)/users" }
    private var scratch: String { "\(root)/scratch" }

    /// What all daemons of this server have written so far.
    var log: String { pastLog + (daemon?.errors ?? "") }

    func makeFolders() throws {
        for (path, mode) in [(root, 0o755), (home, 0o700), (site, 0o755), (scratch, 0o755)] {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: mode])
        }
    }

    /// Writes a file whole and at once, as an editor does.
    func write(_ text: String, to path: String) throws {
        let new = "\(scratch)/\(UUID().uuidString)"
        try Foundation.Data(text.utf8).write(to: URL(fileURLWithPath: new))
        guard chmod(new, 0o600) == 0, rename(new, path) == 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
    }

    /// Writes `sitestacker.yml`.
    func configure(urls: [String], _ more: String = "caches: []\n") throws {
        let list = urls.map { "  - \"\($0)\"\n" }.joined()
        try write("urls:\n\(list)\(more)", to: configuration)
    }

    // MARK: The command line

    /// Starts a command; `--site` and the state directory are this server's.
    func begin(
        _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:]
    ) throws -> RunningProcess {
        try RunningProcess(
            Program.path, arguments + ["--site", site],
            environment: ["SITESTACKER_HOME": home].merging(environment) { $1 },
            directory: scratch, input: input)
    }

    /// Runs a command to its end.
    func run(
        _ arguments: String..., input: String = "", within timeout: Duration = .seconds(60)
    ) async throws -> Outcome {
        try await begin(arguments, input: Array(input.utf8)).end(within: timeout)
    }

    /// Runs a command which must succeed.
    @discardableResult
    func done(_ arguments: String..., input: String = "") async throws -> Outcome {
        let outcome = try await begin(arguments, input: Array(input.utf8)).end()
        guard outcome.status == 0 else {
            throw Overdue(description: "server \(number): \(arguments): \(outcome)")
        }
        return outcome
    }

    func status() async throws -> StatusReport {
        try await run("status", "--json").document(StatusReport.self)
    }

    /// The application events of this server's log, in its order.
    func applicationEvents() async throws -> [EventReport] {
        try await done("events", "--json", "--limit", "100000").documents(EventReport.self)
            .filter { $0.kind == "application" }
    }

    /// One event with its outcomes; `nil` where it is not here.
    func event(_ id: String) async throws -> EventReport? {
        let outcome = try await run("events", "show", id, "--json")
        return outcome.status == 0 ? try outcome.document(EventReport.self) : nil
    }

    /// Publishes and gives the ID.
    func publish(
        _ topic: String, _ payload: String = "{}", confirm: String = "one"
    ) async throws -> String {
        try await done("publish", topic, payload, "--confirm", confirm).text
    }

    // MARK: The daemon

    func start(_ more: String...) async throws {
        let daemon = try launch(more)
        try await eventually("the door of server \(number): \(daemon.errors)") {
            guard daemon.isRunning else {
                throw Overdue(description: "server \(number) ended: \(daemon.errors)")
            }
            return try await run("login", "-r", url).status != 69
        }
    }

    /// Starts a daemon without waiting for it.
    ///
    /// - Parameter wrapper: A program that becomes the daemon, with its arguments.
    @discardableResult
    func launch(
        _ more: [String] = [], environment: [String: String] = [:], through wrapper: [String] = []
    ) throws -> RunningProcess {
        let words = wrapper + [Program.path, "daemon", site] + more
        let daemon = try RunningProcess(
            words[0], Array(words.dropFirst()),
            environment: ["SITESTACKER_HOME": home].merging(environment) { $1 },
            directory: scratch)
        self.daemon = daemon
        return daemon
    }

    func stop() async throws {
        try await daemon?.stop()
        forget()
    }

    func crash() async throws {
        try await daemon?.crash()
        forget()
    }

    private func forget() {
        pastLog += daemon?.errors ?? ""
        daemon = nil
    }

    func freeze() { daemon?.signal(SIGSTOP) }
    func resume() { daemon?.signal(SIGCONT) }

    /// Waits until this server is ready and has nothing to complain of.
    func becomeReady() async throws {
        var last: Outcome?
        do {
            try await eventually("server \(number) to be ready") {
                let outcome = try await run("status")
                last = outcome
                return outcome.status == 0
            }
        } catch let error as Overdue {
            throw Overdue(description: "\(error): \(last.map { "\($0)" } ?? "")")
        }
    }

    /// Waits until this server can publish; others may be away.
    func becomeAbleToPublish() async throws {
        try await eventually("server \(number) to be logged in and ready") {
            let outcome = try await run("status", "--json")
            // Until the daemon listens there is no status.
            guard outcome.status != 69 else { return false }
            return try outcome.document(StatusReport.self).own.isReady == true
        }
    }
}
