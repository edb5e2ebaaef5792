// SPDX-License-Identifier: Apache-2.0
internal import Subprocess
internal import SystemPackage

/// A program wrote more than it may.
struct TooTalkative: Error {
    /// Unit: bytes.
    let limit: Int
}

extension ProgramResult.Ending {
    init(_ status: TerminationStatus) {
        switch status {
        case .exited(let code): self = .exited(code)
        case .signaled(let number): self = .signalled(number)
        }
    }
}

extension ProgramCall {
    /// What went wrong in the words of this module, whatever the layers below called it.
    func translated(_ error: any Error) -> ProgramError {
        let program = words.first ?? "a command"
        switch error {
        case let error as ProgramError: return error
        case is CancellationError:
            return ProgramError(
                .cancelled, target: program, operation: "run", expected: "an end",
                found: "a cancelled task", hint: "It was ended.")
        case let error as TooTalkative:
            return ProgramError(
                .tooTalkative, target: program, operation: "run",
                expected: "at most \(error.limit) bytes of output", found: "more",
                hint: "It was ended; let it write less.")
        case let error as SubprocessError where error.code == .executableNotFound:
            return ProgramError(
                .notFound, target: program, operation: "run",
                expected: "an executable in \(environment["PATH"] ?? "PATH") or at its path",
                found: "none", hint: "Install it, make it executable, or correct its name.")
        case let error as SubprocessError where error.code == .failedToChangeWorkingDirectory:
            return ProgramError(
                .notFound, target: program, operation: "run", expected: "a directory",
                found: directory, hint: "Check the path, and who may enter it.")
        case let error as SubprocessError: return refusal(error.underlyingError, "\(error)")
        case let error as Errno: return refusal(error, "\(error)")
        case let error: return refusal(nil, "\(error)")
        }
    }

    /// Why the program of another user did not start; `nil` where it did.
    ///
    /// Source: setpriv(1); it ends with 126 or 127 where it cannot run the program.
    func refusalToStart(_ result: ProgramResult) -> ProgramError? {
        guard owner != nil, [.exited(126), .exited(127)].contains(result.ending),
            result.lastComplaint.hasPrefix("setpriv: failed to execute ")
        else { return nil }
        let isMissing = result.lastComplaint.hasSuffix("No such file or directory")
        return refusal(isMissing ? .noSuchFileOrDirectory : .permissionDenied, result.lastComplaint)
    }

    private func refusal(_ number: Errno?, _ text: String) -> ProgramError {
        let (code, hint): (ProgramError.Code, String) =
            switch number {
            case .some(.noSuchFileOrDirectory), .some(.notDirectory):
                (.notFound, "Check the path of the program, and of the one in its first line.")
            case .some(.permissionDenied), .some(.notPermitted):
                (
                    .notPermitted,
                    owner.map { "The user \($0.name) must be allowed to run it." }
                        ?? "Make it executable for the daemon's user."
                )
            case .some(.execFormatError):
                (.notPermitted, "Begin a script with #! and the program that reads it.")
            case .some, .none: (.system, "See the operating system's message.")
            }
        return ProgramError(
            code, target: words.first ?? "a command", operation: "run",
            expected: "a program that starts", found: text, hint: hint)
    }
}

/// The value of the work, or `nil` when its time is over; the work is cancelled then.
func withDeadline<Value: Sendable>(
    _ limit: Duration, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value? {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        return try await group.next() ?? nil
    }
}
