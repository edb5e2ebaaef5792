// SPDX-License-Identifier: Apache-2.0
public import AdminAPI
public import ArgumentParser
import ClusterSigning
import Glibc
import HTTPTransport
import NodeConfiguration
import WireFormat

/// The commands of this module, for the program's root to list beside `daemon`.
public let sitestackerSubcommands: [any ParsableCommand.Type] =
    [
        StatusCommand.self, InvalidateCommand.self, PublishCommand.self, SubscribeCommand.self,
        EventsCommand.self, LockCommand.self, UnlockCommand.self, ConfigCommand.self,
    ] + identitySubcommands

/// Runs a command line to its end and returns the exit status; the caller exits with it.
///
/// Every failure of every command becomes text and status here and nowhere else.
public func runSitestacker(
    _ root: any ParsableCommand.Type, arguments: [String],
    surroundings: Surroundings = .process()
) async -> Int32 {
    var context = CommandContext(globalOptions(spotted: arguments), in: surroundings)
    var endsWithItsReader = false
    do {
        do {
            guard arguments.allSatisfy({ !$0.unicodeScalars.contains("\u{FFFD}") }) else {
                throw ValidationError("The arguments must be UTF-8.")
            }
            var command = try root.parseAsRoot(arguments)
            if let command = command as? any ContextCommand {
                endsWithItsReader = type(of: command).endsWithItsReader
                context = CommandContext(command.global, in: surroundings)
                return try await command.run(in: context)
            }
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return ExitStatus.done
        } catch let code as ExitCode {
            return code.rawValue
        } catch {
            return try report(error, root: root, in: context)
        }
    } catch is ReaderLeft {
        return endsWithItsReader ? ExitStatus.done : ExitStatus.failed
    } catch {
        return ExitStatus.failed
    }
}

/// Ends the process at once with status 130 on SIGINT, and lets a closed pipe be an error.
///
/// Nothing needs mending after an interrupt: whatever was asked of the daemon is its own affair.
public func prepareSignals() {
    if isatty(STDERR_FILENO) == 1 {
        // The terminal has shown ^C; the shell's prompt begins on a line of its own.
        signal(SIGINT) { _ in
            _ = write(STDERR_FILENO, "\n", 1)
            _exit(ExitStatus.interrupted)
        }
    } else {
        signal(SIGINT) { _ in _exit(ExitStatus.interrupted) }
    }
    signal(SIGPIPE, SIG_IGN)
}

private func report(
    _ error: any Error, root: any ParsableCommand.Type, in context: CommandContext
) throws -> Int32 {
    if error is ReaderLeft { throw error }
    if let document = errorDocument(for: error) {
        try context.output.failure(document)
        return document.exitStatus
    }
    let message = root.fullMessage(for: error)
    let code = root.exitCode(for: error)
    if code.isSuccess {
        try context.surroundings.standardOutput.write(Array((message + "\n").utf8))
        return ExitStatus.done
    }
    guard context.output.isJSON || code != .validationFailure else {
        try context.surroundings.standardError.write(
            Array(
                message.split(separator: "\n", omittingEmptySubsequences: false)
                    .map { escaped(String($0)) + "\n" }.joined().utf8))
        return ExitStatus.usage
    }
    let isUsage = code == .validationFailure
    let document = ErrorDocument(
        code: isUsage ? "usage" : "failed", message: root.message(for: error),
        hint: isUsage ? "sitestacker --help" : nil,
        exitStatus: isUsage ? ExitStatus.usage : ExitStatus.failed)
    try context.output.failure(document)
    return document.exitStatus
}

/// The document of an error of ours; `nil` for those of the argument parser.
public func errorDocument(for error: any Error) -> ErrorDocument? {
    switch error {
    case let error as ErrorDocument: error
    case let error as ConfigurationError:
        ErrorDocument(
            code: "configuration-\(error.code.rawValue)", message: error.description,
            exitStatus: error.exitStatus)
    case let error as HTTPTransportError: transportDocument(for: error)
    case let error as CryptographyError: ErrorDocument(error)
    case let error as WireError: ErrorDocument(error)
    case is CancellationError: .interrupted
    default: nil
    }
}

extension ErrorDocument {
    /// Somebody pressed Ctrl-C, or what ran the command called it off.
    static let interrupted = ErrorDocument(
        code: "interrupted", message: "interrupted", exitStatus: ExitStatus.interrupted)
}

private func transportDocument(for error: HTTPTransportError) -> ErrorDocument {
    let (code, status): (String, Int32) =
        switch error.code {
        case .refused, .missingSocket, .unreachable: ("daemon-unreachable", ExitStatus.unreachable)
        case .timeout: ("daemon-silent", ExitStatus.unreachable)
        case .permission: ("not-authorised", ExitStatus.notAuthorised)
        case .protocolViolation: ("daemon-broke-off", ExitStatus.unreachable)
        case .tooLarge, .invalidRequest: ("unexpected-answer", ExitStatus.failed)
        case .cancelled: ("interrupted", ExitStatus.interrupted)
        }
    return ErrorDocument(
        code: code,
        message: "\(error.operation): expected \(error.expected), found \(error.found)",
        hint: error.hint, exitStatus: status)
}

/// The options that errors of parsing itself depend on, found without parsing.
private func globalOptions(spotted arguments: [String]) -> GlobalOptions {
    var options = GlobalOptions()
    let flags = arguments.prefix { $0 != "--" }
    options.json = flags.contains("--json")
    options.quiet = flags.contains("--quiet")
    // Every property is assigned: one that was never parsed traps when it is read.
    options.color = .auto
    options.site = nil
    return options
}
