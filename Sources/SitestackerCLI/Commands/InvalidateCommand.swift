// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser

/// Clears caches on every node.
struct InvalidateCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "invalidate",
        abstract: "Clear caches on every node, with proof.",
        discussion: """
            Without options: the opcode cache and the user cache, whole. Options that name \
            something can be given several times. Prints one line per node and cache. A node \
            which does not answer in time is named, and the exit status is 3.

            Example:
              sitestacker invalidate --opcache --timeout 10s
              sitestacker invalidate --key-prefix product. --url /shop/42 --tag product-42
            """)

    @OptionGroup var global: GlobalOptions

    @OptionGroup var selection: CacheSelection

    @Option(help: "How long to wait for the nodes.")
    var timeout = DurationArgument(milliseconds: 30_000)

    @Flag(inversion: .prefixedNo, help: "Wait for every node's receipt.")
    var wait = true

    @Flag(help: "Even where no cache of this server can do it: those of other servers may.")
    var elsewhere = false

    func run(in context: CommandContext) async throws -> Int32 {
        var request = selection.request(wait: wait, timeoutMilliseconds: timeout.milliseconds)
        request.elsewhere = elsewhere
        let progress = Progress(on: context)
        let daemon = try context.daemon()
        let limit = timeout.duration + .seconds(10)
        return try await progress.shown {
            var tally = InvalidationTally()
            try await daemon.stream(Routes.invalidate, request, within: limit) {
                (line: InvalidateLine) in
                tally.add(line)
                try progress.say(tally.waiting) { try show(line, context.output) }
            }
            let status = try tally.exitStatus()
            for reason in tally.nowhere {
                try context.output.note("On no server: \(reason)", style: .warning)
            }
            return status
        }
    }

    private func show(_ line: InvalidateLine, _ output: Output) throws {
        guard !output.isJSON else { return try output.document(line) }
        if let id = line.id { try output.note("Event \(id)") }
        for text in invalidationLines(line) { try output.line(text.text, style: text.style) }
    }
}

/// What `invalidate` is told to clear.
struct CacheSelection: ParsableArguments {
    @Flag(help: "The whole opcode cache.")
    var opcache = false

    @Flag(help: "The whole user cache.")
    var userCache = false

    @Flag(help: "Everything in every configured cache.")
    var all = false

    @Option(
        name: .customLong("path"), parsing: .singleValue,
        help: ArgumentHelp("The opcodes of a file, from the root of the site.", valueName: "path"))
    var paths: [String] = []

    @Option(
        name: .customLong("key"), parsing: .singleValue,
        help: ArgumentHelp("An entry by its exact key.", valueName: "key"))
    var keys: [String] = []

    @Option(
        name: .customLong("key-prefix"), parsing: .singleValue,
        help: ArgumentHelp("Entries by the start of their keys.", valueName: "text"))
    var keyPrefixes: [String] = []

    @Option(
        name: .customLong("key-pattern"), parsing: .singleValue,
        help: ArgumentHelp(
            "Entries by a Perl regular expression, without delimiters.", valueName: "regex"))
    var keyPatterns: [String] = []

    @Option(
        name: .customLong("url"), parsing: .singleValue,
        help: ArgumentHelp("A page, by absolute URL or by path.", valueName: "url"))
    var urls: [String] = []

    @Option(
        name: .customLong("tag"), parsing: .singleValue,
        help: ArgumentHelp("Pages and entries that carry a tag.", valueName: "tag"))
    var tags: [String] = []

    /// The request for what was said; for opcode and user cache where nothing was.
    func request(wait: Bool, timeoutMilliseconds: UInt64) -> InvalidateRequestDocument {
        let names = [paths, keys, keyPrefixes, keyPatterns, urls, tags]
        let isPlain = !opcache && !userCache && !all && names.allSatisfy(\.isEmpty)
        var request = InvalidateRequestDocument(
            opcodeCache: opcache || isPlain, userCache: userCache || isPlain, everything: all,
            wait: wait, timeoutMilliseconds: timeoutMilliseconds)
        request.paths = paths
        request.keys = keys
        request.keyPrefixes = keyPrefixes
        request.keyPatterns = keyPatterns
        request.urls = urls
        request.tags = tags
        return request
    }
}

/// What the lines of an invalidation come to.
struct InvalidationTally {
    /// The nodes whose last word is a failure.
    private var failed: Set<String> = []
    private var nodes: [String] = []
    private var answered: Set<String> = []
    private var silent: [String]?
    /// What no cache of a node could do; nothing before the first node answered.
    private var absences: Set<String>?

    mutating func add(_ line: InvalidateLine) {
        if let names = line.nodes { nodes = names }
        if let outcome = line.outcome {
            answered.insert(outcome.node)
            let missing = Set(outcome.steps.filter(isAbsence).map(\.action))
            absences = absences?.intersection(missing) ?? missing
            if hasFailed(outcome) {
                failed.insert(outcome.node)
            } else {
                failed.remove(outcome.node)
            }
        }
        if let names = line.silent { silent = names }
    }

    /// Whom the command waits for; `nil` for nobody.
    var waiting: String? {
        let left = nodes.filter { !answered.contains($0) }
        guard silent == nil, let first = left.first else { return nil }
        let others = left.count == 1 ? "" : " and \(left.count - 1) more"
        return "\(nodes.count - left.count) of \(nodes.count) nodes; waiting for \(first)\(others)"
    }

    /// What no cache of any node that answered could do, in order.
    var nowhere: [String] { (absences ?? []).sorted() }

    /// 3 where a node was silent, before 1 where one failed or nobody could do a part of it.
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
        return failed.isEmpty && nowhere.isEmpty ? ExitStatus.done : ExitStatus.failed
    }
}
