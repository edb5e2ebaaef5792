// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser

/// Shows this server and every other.
struct StatusCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show this server and every other server of the site.",
        discussion: """
            Each server tells of itself. The exit status is not 0 where anything is wrong: 77 \
            where this node is not logged in, 3 where a server is silent, else 1.

            Example:
              sitestacker status --json | jq '.servers[] | select(.error)'
            """)

    @OptionGroup var global: GlobalOptions

    func run(in context: CommandContext) async throws -> Int32 {
        let status: StatusDocument = try await context.daemon().get(Routes.status)
        if context.output.isJSON {
            try context.output.document(status)
        } else {
            for line in statusLines(status) {
                try context.output.line(line.text, style: line.style)
            }
        }
        return statusExit(status)
    }
}

/// The exit status that a status stands for: not logged in, then silence, then any problem.
func statusExit(_ status: StatusDocument) -> Int32 {
    if status.own.node == ServerDocument.notLoggedIn { return ExitStatus.notAuthorised }
    let isAnySilent =
        status.own.error != nil
        || status.servers.contains { $0.error != nil || $0.node == ServerDocument.notLoggedIn }
    if isAnySilent { return ExitStatus.incomplete }
    let hasProblems =
        !status.problems.isEmpty
        || ([status.own] + status.servers).contains { !$0.warnings.isEmpty || $0.isReady == false }
    return hasProblems ? ExitStatus.failed : ExitStatus.done
}
