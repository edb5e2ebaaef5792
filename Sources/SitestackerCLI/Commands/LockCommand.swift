// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser

/// Takes the update lock.
struct LockCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock",
        abstract: "Keep others from updating the site for a while.",
        discussion: """
            Prints the lock as status shows it on every server. Whoever holds it already renews \
            it: it ends --ttl after now, and keeps its reason unless another one is given. Where \
            another user holds it the exit status is 75. It is a word among people: it ends by \
            itself, and what the servers agree on never depends on it.

            Example:
              sitestacker lock --reason "release 7" --ttl 2h
              sitestacker lock --ttl 3d && sitestacker status
            """)

    @OptionGroup var global: GlobalOptions

    @Option(help: "Why; shown to everybody.")
    var reason: String?

    @Option(help: "How long it lasts: from 1s to 30d.")
    var ttl = LockLifetime.standard

    @OptionGroup var level: LevelOptions

    func run(in context: CommandContext) async throws -> Int32 {
        let request = LockRequestDocument(
            reason: reason, ttlMilliseconds: ttl.milliseconds, confirm: level.confirm?.rawValue,
            timeoutMilliseconds: level.timeout.milliseconds)
        let answer: LockAnswer = try await Progress.waiting(confirming, in: context) {
            try await context.daemon().post(
                Routes.lock, request, within: level.timeout.duration + .seconds(10))
        }
        if answer.previous != nil { try context.output.note("Renewed.") }
        return try show(answer, context.output)
    }
}

/// Ends the update lock.
struct UnlockCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlock",
        abstract: "Let others update the site again.",
        discussion: """
            Without a lock nothing happens, and the exit status is 0. Another user's lock ends \
            only with --force; without it the exit status is 75.

            Example:
              sitestacker unlock
              sitestacker unlock --force
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "End it where another user holds it, too.")
    var force = false

    @OptionGroup var level: LevelOptions

    func run(in context: CommandContext) async throws -> Int32 {
        let request = UnlockRequestDocument(
            force: force, confirm: level.confirm?.rawValue,
            timeoutMilliseconds: level.timeout.milliseconds)
        let answer: LockAnswer = try await Progress.waiting(confirming, in: context) {
            try await context.daemon().post(
                Routes.unlock, request, within: level.timeout.duration + .seconds(10))
        }
        if let previous = answer.previous {
            try context.output.note("Ended: \(lockWords(previous)).")
        } else {
            try context.output.note("There was no lock to end.")
        }
        return try show(answer, context.output)
    }
}

/// On how many disks a change of the lock must be, and by when.
struct LevelOptions: ParsableArguments {
    @Option(help: "Whose disk it must be on: local, one (other node) or all.")
    var confirm: PublishCommand.Level?

    @Option(help: "How long to wait for that.")
    var timeout = DurationArgument(milliseconds: 10_000)
}

/// How long a lock lasts, such as `90m`, `2h` or `3d`.
struct LockLifetime: Sendable, Hashable, ExpressibleByArgument {
    /// What a lock lasts where nothing is said: an update takes minutes, and a lock that was
    /// forgotten is in nobody's way for long.
    static let standard = LockLifetime(milliseconds: 3_600_000)

    /// How long.
    ///
    /// Unit: milliseconds. Limit: a second to 30 days.
    let milliseconds: UInt64

    init(milliseconds: UInt64) {
        self.milliseconds = milliseconds
    }

    /// Reads a lifetime; `nil` for anything but a whole number with a unit, within the limits.
    init?(argument: String) {
        let digits = argument.utf8.prefix { (0x30...0x39).contains($0) }
        let units: [String: UInt64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard (1...7).contains(digits.count), let value = UInt64(String(Substring(digits))),
            let unit = units[String(argument.dropFirst(digits.count))],
            (1_000...2_592_000_000).contains(value * unit)
        else { return nil }
        milliseconds = value * unit
    }

    var defaultValueDescription: String { "\(milliseconds / 3_600_000)h" }
}

/// Shows the lock, and who has not confirmed it in time.
private func show(_ answer: LockAnswer, _ output: Output) throws -> Int32 {
    if output.isJSON {
        try output.document(answer)
    } else {
        let line = lockLine(answer.isLocked, answer.lock)
        try output.line(line.text, style: line.style)
    }
    guard let event = answer.event, !event.isConfirmed else { return ExitStatus.done }
    try output.note(shortfall(of: event), style: .warning)
    return ExitStatus.incomplete
}
