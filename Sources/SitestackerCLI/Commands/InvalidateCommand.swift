// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser

/// Clears caches on every node.
struct InvalidateCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "invalidate",
        abstract: "Clear caches on every node, with proof.",
        discussion: """
            Without options: the opcode cache and the user cache. Prints one line per node and \
            cache. A node which does not answer in time is named, and the exit status is 3.

            Example:
              sitestacker invalidate --opcache --timeout 10s
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Clear the opcode cache.")
    var opcache = false

    @Flag(help: "Clear the user cache.")
    var userCache = false

    @Option(help: "How long to wait for the nodes.")
    var timeout = DurationArgument(milliseconds: 30_000)

    @Flag(inversion: .prefixedNo, help: "Wait for every node's receipt.")
    var wait = true

    func run(in context: CommandContext) async throws -> Int32 {
        let isEverything = !opcache && !userCache
        let request = InvalidateRequestDocument(
            opcodeCache: opcache || isEverything, userCache: userCache || isEverything, wait: wait,
            timeoutMilliseconds: timeout.milliseconds)
        var tally = InvalidationTally()
        try await context.daemon().stream(
            Routes.invalidate, request, within: timeout.duration + .seconds(10)
        ) { (line: InvalidateLine) in
            tally.add(line)
            if context.output.isJSON { return try context.output.document(line) }
            if let id = line.id { try context.output.note("Event \(id)") }
            for text in invalidationLines(line) {
                try context.output.line(text.text, style: text.style)
            }
        }
        return try tally.exitStatus()
    }
}

/// What the lines of an invalidation come to.
struct InvalidationTally {
    private var isFailed = false
    private var silent: [String]?

    mutating func add(_ line: InvalidateLine) {
        if let outcome = line.outcome, hasFailed(outcome) { isFailed = true }
        if let names = line.silent { silent = names }
    }

    /// 3 where a node was silent, before 1 where one failed.
    ///
    /// - Throws: `ErrorDocument` where the stream ended without its last line.
    func exitStatus() throws(ErrorDocument) -> Int32 {
        guard let silent else {
            throw ErrorDocument(
                code: "daemon-stopped",
                message: "the daemon stopped before every node had answered",
                hint: "sitestacker events shows the invalidation and what came of it.",
                exitStatus: ExitStatus.incomplete)
        }
        guard silent.isEmpty else { return ExitStatus.incomplete }
        return isFailed ? ExitStatus.failed : ExitStatus.done
    }
}
