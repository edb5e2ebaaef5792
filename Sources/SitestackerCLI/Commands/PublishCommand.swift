// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser
import FoundationEssentials

/// Publishes an application event.
struct PublishCommand: ContextCommand {
    /// How many nodes must have the event on disk.
    enum Level: String, Sendable, CaseIterable, ExpressibleByArgument {
        case local
        case one
        case all
    }

    /// The largest payload that is sent to the daemon, whose own limit may be lower.
    ///
    /// Unit: bytes. Limit: 1 MiB.
    static let payloadLimit = 1 << 20

    /// The largest payload that is sent as text, which JSON can make six times as long.
    ///
    /// Unit: bytes. Limit: 256 KiB.
    static let textLimit = 256 << 10

    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish an application event to every node.",
        discussion: """
            Prints the event's ID. Without DATA the payload is standard input, which may be \
            binary. Where the level is not reached in time the event is kept nevertheless, and \
            the exit status is 3.

            Example:
              sitestacker publish order.paid '{"order": 4711}' --confirm all
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The topic, such as order.paid.")
    var topic: String

    @Argument(help: "The payload; without it, standard input.")
    var data: String?

    @Option(help: "Whose disk it must be on: local, one (other node) or all.")
    var confirm: Level?

    @Option(help: "How long to wait for that.")
    var timeout = DurationArgument(milliseconds: 10_000)

    func run(in context: CommandContext) async throws -> Int32 {
        let payload = try payload(context)
        let isShort = payload.count <= Self.textLimit
        let text = isShort ? String(validating: payload, as: UTF8.self) : nil
        let request = PublishRequestDocument(
            topic: topic, payload: text,
            payloadBase64: text == nil ? Data(payload).base64EncodedString() : nil,
            confirm: confirm?.rawValue, timeoutMilliseconds: timeout.milliseconds)
        let answer: PublishAnswer = try await Progress.waiting(confirming, in: context) {
            try await context.daemon().post(
                Routes.publish, request, within: timeout.duration + .seconds(10))
        }
        if context.output.isJSON {
            try context.output.document(answer)
        } else {
            try context.output.line(answer.id)
        }
        guard !answer.isConfirmed else { return ExitStatus.done }
        try context.output.note(shortfall(of: answer), style: .warning)
        return ExitStatus.incomplete
    }

    private func payload(_ context: CommandContext) throws -> [UInt8] {
        let bytes: [UInt8]
        if let data {
            bytes = Array(data.utf8)
        } else {
            if context.surroundings.isInputTerminal {
                try context.output.note("Reading the payload from the terminal; Ctrl-D ends it.")
            }
            bytes = try context.surroundings.readInput(Self.payloadLimit)
        }
        guard bytes.count <= Self.payloadLimit else {
            throw ErrorDocument(
                code: "payload-too-large",
                message: "publish: expected at most \(Self.payloadLimit) bytes, found more",
                hint: "Publish where the content is, not the content.",
                exitStatus: ExitStatus.failed)
        }
        return bytes
    }
}

/// What a command waits for that publishes something.
let confirming = "waiting for the disks of the nodes"

/// Who has not confirmed an event, in one sentence.
func shortfall(of answer: PublishAnswer) -> String {
    let missing = answer.missing.isEmpty ? "nobody else" : answer.missing.joined(separator: ", ")
    return "Not confirmed at level \(answer.level) in time; waiting for: \(missing)."
        + " The event is kept and will arrive."
}
