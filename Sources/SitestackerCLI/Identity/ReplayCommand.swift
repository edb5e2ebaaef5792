// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser

/// Lets past application events have their effect here after all.
struct ReplayCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Apply application events that were parked or withheld here.",
        discussion: """
            An event whose handlers kept failing is parked: name it, or all with --parked, once \
            what was wrong is mended. Once the users file names a user, his new events have their \
            effect; older ones only with --user, as handlers run for them late.

            Example:
              sitestacker replay 3f9a01c2d4e5f607-7.1161850267eb2cca-120
              sitestacker replay --user bob
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "A parked event.")
    var id: String?

    @Flag(help: "Every parked event.")
    var parked = false

    @Option(help: "What was withheld of this user, by name or email address.")
    var user: String?

    func validate() throws {
        guard [id != nil, parked, user != nil].count(where: \.self) == 1 else {
            throw ValidationError("Expected one of an event's ID, --parked and --user.")
        }
    }

    func run(in context: CommandContext) async throws -> Int32 {
        try await run(in: context, context.daemon())
    }

    func run(in context: CommandContext, _ daemon: any Administration) async throws -> Int32 {
        if let user { return try await release(user, in: context, daemon) }
        let answer = try await daemon.retryParked(RetryRequestDocument(id: id))
        try context.output.done(
            RetryReport(change: "retry-requested", events: answer.events),
            answer.events == 1
                ? "1 parked event is tried again."
                : "\(answer.events) parked events are tried again.")
        return ExitStatus.done
    }

    private func release(
        _ user: String, in context: CommandContext, _ daemon: any Administration
    ) async throws -> Int32 {
        let account = try await ClusterAccounts(daemon).account(user)
        guard account.allowed != "no" else {
            throw ErrorDocument.denied(
                "unlisted-user", "the users file of this server does not name \(user)",
                hint: "add \(user) to it first")
        }
        _ = try await daemon.replay(ReplayUserRequestDocument(name: account.user.name))
        try context.output.done(
            ChangeReport(change: "replay-requested", user: account.user.name),
            "The withheld events of \(account.user.name) are applied now.")
        return ExitStatus.done
    }
}

/// What `replay --parked --json` prints.
private struct RetryReport: Encodable {
    let change: String
    let events: UInt64
}
