// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser

/// Shows the log.
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Show what happened, who did it, and what came of it on each node.",
        discussion: """
            Example:
              sitestacker events --limit 20
            """,
        subcommands: [EventsListCommand.self, EventsShowCommand.self],
        defaultSubcommand: EventsListCommand.self)
}

/// Lists the log.
struct EventsListCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List events in this node's order.",
        discussion: """
            Example:
              sitestacker events --limit 20
            """)

    static let endsWithItsReader = true

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("Events after this one.", valueName: "id"))
    var since: String?

    @Flag(help: "Go on with what happens now.")
    var follow = false

    @Option(help: "How many at most: the newest, or the first after --since.")
    var limit = 100

    func validate() throws {
        guard (1...100_000).contains(limit) else {
            throw ValidationError("--limit must be from 1 to 100000.")
        }
    }

    func run(in context: CommandContext) async throws -> Int32 {
        let query =
            [(name: "limit", value: "\(limit)"), (name: "follow", value: "\(follow)")]
            + (since.map { [(name: "since", value: $0)] } ?? [])
        let daemon = try context.daemon()
        try await context.output.whileRead {
            try await daemon.stream(Routes.events, query: query) { (event: EventDocument) in
                if context.output.isJSON {
                    try context.output.document(event)
                } else {
                    try context.output.line(eventLine(event))
                }
            }
        }
        guard !follow else { throw streamEnded }
        return ExitStatus.done
    }
}

/// Shows one event.
struct EventsShowCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one event and what came of it on each node.",
        discussion: """
            Example:
              sitestacker events show 3f9a01c2d4e5f607-7.1161850267eb2cca-120
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The event's ID.")
    var id: String

    func run(in context: CommandContext) async throws -> Int32 {
        let event: EventDocument = try await context.daemon().get(
            Routes.event, query: [(name: "id", value: id)])
        if context.output.isJSON {
            try context.output.document(event)
        } else {
            for line in eventLines(event) { try context.output.line(line.text, style: line.style) }
        }
        return ExitStatus.done
    }
}
