// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser

/// Prints application events while they come.
struct SubscribeCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscribe",
        abstract: "Print application events as JSON lines.",
        discussion: """
            Replays the log after --since, then goes on live until it is interrupted. Each line \
            is printed at once.

            Example:
              sitestacker subscribe 'order.*' --since 0 | jq -r .payload
            """)

    static let endsWithItsReader = true

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Topics, or beginnings with .* after them; without any, all.")
    var topics: [String] = []

    @Option(help: ArgumentHelp("Events after this one in the log; 0: all.", valueName: "id"))
    var since: String?

    func run(in context: CommandContext) async throws -> Int32 {
        let query =
            topics.map { (name: "topic", value: $0) }
            + (since.map { [(name: "since", value: $0)] } ?? [])
        let daemon = try context.daemon()
        try await context.output.whileRead {
            try await daemon.stream(Routes.subscribe, query: query) {
                (event: ApplicationEventDocument) in
                try context.output.document(event)
            }
        }
        throw streamEnded
    }
}

/// What a stream without an end of its own fails with when it ends.
let streamEnded = ErrorDocument(
    code: "daemon-stopped", message: "the daemon ended the stream: it is stopping",
    hint: "Go on with --since and the last ID.", exitStatus: ExitStatus.unreachable)
