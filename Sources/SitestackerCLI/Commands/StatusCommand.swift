// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser

/// Shows this server and every other.
struct StatusCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show this server and every other server of the site.",
        discussion: """
            Each server tells of itself, and what would make it equal to this one: nothing of \
            that is done. The exit status is not 0 where anything is wrong: 77 where this node \
            is not logged in, 3 where a server is silent, else 1.

            Example:
              sitestacker status --watch --interval 5s
              sitestacker status --json | jq '.servers[] | select(.error)'
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Show it again and again, until Ctrl-C.")
    var watch = false

    @Option(help: "How long to wait between two looks with --watch.")
    var interval = DurationArgument(milliseconds: 2_000)

    func validate() throws {
        guard interval.milliseconds >= 100 else {
            throw ValidationError("--interval must be 100ms at least.")
        }
    }

    func run(in context: CommandContext) async throws -> Int32 {
        let status: StatusDocument = try await Progress.waiting("asking the servers", in: context) {
            try await context.daemon().get(Routes.status)
        }
        if context.output.isJSON {
            try context.output.document(status)
        } else {
            try context.output.block(statusLines(status), repainting: watch)
        }
        return watch ? try await keepWatching(in: context) : statusExit(status)
    }

    /// Shows a new status after each interval; a daemon that is away for a while is told.
    ///
    /// - Returns: 0 once nobody reads any more; Ctrl-C ends the process with 130.
    private func keepWatching(in context: CommandContext) async throws -> Int32 {
        let output = context.output
        do {
            while true {
                try await Task.sleep(for: interval.duration)
                do {
                    let status: StatusDocument = try await context.daemon().get(Routes.status)
                    if output.isJSON {
                        try output.document(status)
                    } else {
                        try output.block(statusLines(status), repainting: true, isNext: true)
                    }
                } catch {
                    guard !(error is ReaderLeft), let document = errorDocument(for: error),
                        document.exitStatus != ExitStatus.interrupted
                    else { throw error }
                    if output.repaints {
                        let lines = [TextLine("sitestacker: \(document.message)", .bad)]
                        try output.block(lines, repainting: true, isNext: true)
                    } else {
                        try output.failure(document)
                    }
                }
            }
        } catch is ReaderLeft {
            return ExitStatus.done
        }
    }
}

/// The exit status that a status stands for: not logged in, then silence, then any problem.
func statusExit(_ status: StatusDocument) -> Int32 {
    if status.own.node == ServerDocument.notLoggedIn { return ExitStatus.notAuthorised }
    let servers = [status.own] + status.servers
    if servers.contains(where: \.isSilent) { return ExitStatus.incomplete }
    let hasProblems = !status.problems.isEmpty || servers.contains(where: \.hasProblem)
    return hasProblems ? ExitStatus.failed : ExitStatus.done
}

extension ServerDocument {
    /// Whether nobody speaks for it: nobody is there, or nobody is logged in.
    fileprivate var isSilent: Bool {
        if node == ServerDocument.notLoggedIn { return true }
        return error != nil && (errorCode ?? ServerDocument.silent) == ServerDocument.silent
    }

    fileprivate var hasProblem: Bool {
        error != nil || isReady == false || !warnings.isEmpty
            || userProblems?.isEmpty == false
            || caches?.contains { $0.problem != nil } == true
            || database?.problem != nil
            || repositoriesProblem != nil
            || repositories?.contains { $0.problem != nil } == true
            || plan?.behind.isEmpty == false
    }
}
