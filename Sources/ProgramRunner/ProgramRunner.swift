// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Subprocess
internal import Synchronization
internal import SystemPackage

/// Runs programs: handlers, cache commands, git.
///
/// Law: a program is never read by a shell, inherits nothing but what it is given, and costs at
/// most its deadline, its input, its output limit and 8 KiB of complaint. After a deadline nothing
/// of its process group is left, unless it left the group on purpose.
/// Invariant: the only place that enters swift-subprocess, so that another way of starting
/// processes can take its place.
public struct ProgramRunner: Sendable {
    /// How much of the standard error is kept: its end.
    ///
    /// Unit: bytes.
    static let complaintLimit = 8 << 10

    /// How much may be written to the standard error before the program is ended.
    ///
    /// Unit: bytes.
    static let complaintBudget = 16 << 20

    /// How long a program has for ending itself after SIGTERM.
    static let patience: Duration = .seconds(2)

    /// Makes a runner; it holds nothing.
    public init() {}

    /// Runs a program and waits for its end.
    ///
    /// What it started and left behind may go on, unless the deadline passes.
    /// - Throws: ``ProgramError``; a failed program is no error but a ``ProgramResult``.
    public func run(_ call: ProgramCall) async throws(ProgramError) -> ProgramResult {
        let started = try Started(call)
        do {
            let result = try await withDeadline(call.deadline) {
                try await started.run()
            }
            guard let result else {
                started.endGroup()
                throw ProgramError(
                    .timedOut, target: started.program, operation: "run",
                    expected: "an end within \(call.deadline)", found: "none",
                    hint: "It was ended; give it more time, or find out what it waits for.")
            }
            if let refusal = call.refusalToStart(result) { throw refusal }
            return result
        } catch {
            if Task.isCancelled || error is CancellationError { started.endGroup() }
            throw call.translated(error)
        }
    }
}

/// One run of a program.
private final class Started: Sendable {
    let program: String
    private let call: ProgramCall
    /// A path, or a name to be looked up.
    private let executable: String
    private let processID = Mutex<pid_t?>(nil)

    init(_ call: ProgramCall) throws(ProgramError) {
        program = call.words.first ?? ""
        self.call = call
        func refusal(_ expected: String, _ found: String) -> ProgramError {
            ProgramError(
                .invalidCall, target: call.words.first ?? "a command", operation: "run",
                expected: expected, found: found, hint: "Correct the command.")
        }
        guard !program.isEmpty else { throw refusal("a program", "an empty command") }
        guard call.directory.hasPrefix("/") else {
            throw refusal("an absolute directory", call.directory)
        }
        let texts = call.words + [call.directory] + call.environment.flatMap { [$0.key, $0.value] }
        guard texts.allSatisfy({ !$0.utf8.contains(0) }) else {
            throw refusal("text without NUL bytes", "one with them")
        }
        if let name = call.environment.keys.first(where: { $0.isEmpty || $0.contains("=") }) {
            throw refusal("names of variables without \"=\"", name)
        }
        guard call.input.count <= ProgramCall.maximumInput else {
            throw refusal(
                "at most \(ProgramCall.maximumInput) bytes of input", "\(call.input.count)")
        }
        executable =
            program.hasPrefix("/") || !program.contains("/")
            ? program : "\(call.directory)/\(program)"
    }

    /// A session of its own, so that ending a program ends what it started.
    private var options: PlatformOptions {
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .send(
                signal: .terminate, toProcessGroup: true,
                allowedDurationToNextStep: ProgramRunner.patience)
        ]
        return options
    }

    func run() async throws -> ProgramResult {
        let (program, arguments) = command
        let configuration = Configuration(
            executable: program.hasPrefix("/") ? .path(FilePath(program)) : .name(program),
            arguments: Arguments(arguments),
            environment: .custom(call.environment.map { Array("\($0.key)=\($0.value)\0".utf8) }),
            workingDirectory: FilePath(call.directory), platformOptions: options)
        let input = FileDescriptorInput.fileDescriptor(
            try MemoryFile.holding(call.input), closeAfterSpawningProcess: true)
        guard let limit = call.outputLimit else {
            let result = try await Subprocess.run(
                configuration, input: input, output: .discarded, error: .sequence
            ) { execution in
                self.note(execution.processIdentifier.value)
                return try await Self.end(of: execution.standardError)
            }
            return ProgramResult(
                ending: .init(result.terminationStatus), output: [],
                complaint: result.closureResult)
        }
        let result = try await Subprocess.run(
            configuration, input: input, output: .sequence, error: .sequence
        ) { execution in
            self.note(execution.processIdentifier.value)
            // The first to fail must fail both: the program waits for whom it writes to.
            return try await withThrowingTaskGroup(of: (isOutput: Bool, bytes: [UInt8]).self) {
                group in
                group.addTask {
                    (true, try await Self.all(of: execution.standardOutput, atMost: limit))
                }
                group.addTask { (false, try await Self.end(of: execution.standardError)) }
                var streams = (output: [UInt8](), complaint: [UInt8]())
                for try await (isOutput, bytes) in group {
                    if isOutput { streams.output = bytes } else { streams.complaint = bytes }
                }
                return streams
            }
        }
        return ProgramResult(
            ending: .init(result.terminationStatus), output: result.closureResult.output,
            complaint: result.closureResult.complaint)
    }

    /// The program itself, or setpriv(1), which becomes it after taking on the owner.
    ///
    /// Between fork and exec swift-subprocess would call setgroups(3), which in glibc waits for
    /// threads that do not exist in the child: it hangs, and a thread of ours with it, for ever.
    private var command: (program: String, arguments: [String]) {
        let arguments = Array(call.words.dropFirst())
        guard let owner = call.owner else { return (executable, arguments) }
        let groups = owner.groups.map { "\($0)" }.joined(separator: ",")
        let change = [
            "--reuid=\(owner.userID)", "--regid=\(owner.groupID)",
            groups.isEmpty ? "--clear-groups" : "--groups=\(groups)", "--inh-caps=-all", "--",
        ]
        return ("/usr/bin/setpriv", change + [executable] + arguments)
    }

    private func note(_ number: pid_t) {
        processID.withLock { $0 = number }
    }

    /// Ends what is left of the program's group: children that did not heed SIGTERM.
    ///
    /// A group keeps its number from being used again for as long as it has members.
    func endGroup() {
        guard let number = processID.withLock({ $0 }), number > 1 else { return }
        _ = kill(-number, SIGKILL)
    }

    private static func all(
        of stream: SubprocessOutputSequence, atMost limit: Int
    ) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await buffer in stream {
            guard bytes.count + buffer.count <= limit else { throw TooTalkative(limit: limit) }
            buffer.withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    private static func end(of stream: SubprocessOutputSequence) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        var total = 0
        for try await buffer in stream {
            total += buffer.count
            guard total <= ProgramRunner.complaintBudget else {
                throw TooTalkative(limit: ProgramRunner.complaintBudget)
            }
            buffer.withUnsafeBytes { bytes.append(contentsOf: $0) }
            if bytes.count > 8 * ProgramRunner.complaintLimit {
                bytes.removeFirst(bytes.count - ProgramRunner.complaintLimit)
            }
        }
        return bytes.suffix(ProgramRunner.complaintLimit)
    }
}
