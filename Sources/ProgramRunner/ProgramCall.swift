// SPDX-License-Identifier: Apache-2.0

/// One program to run, with everything it gets and everything it may cost.
public struct ProgramCall: Sendable {
    /// The most bytes that a program can be given to read.
    ///
    /// Unit: bytes.
    public static let maximumInput = 64 << 20

    /// The program and its arguments; no shell reads them.
    ///
    /// A name without a slash is looked up in the `PATH` of ``environment``; a relative path starts
    /// at ``directory``.
    public var words: [String]
    /// Where it runs, an absolute path.
    public var directory: String
    /// The whole environment: nothing is inherited.
    public var environment: [String: String]
    /// What it can read from its standard input.
    ///
    /// Limit: ``maximumInput``.
    public var input: [UInt8]
    /// How much of its standard output is kept; `nil` discards it.
    ///
    /// A program that writes more is ended. Unit: bytes.
    public var outputLimit: Int?
    /// How long it may run.
    public var deadline: Duration
    /// Who it runs as; `nil` means whoever runs this process.
    public var owner: ProgramOwner?

    /// Describes a run.
    public init(
        _ words: [String], in directory: String, environment: [String: String],
        input: [UInt8] = [], outputLimit: Int? = nil, deadline: Duration,
        owner: ProgramOwner? = nil
    ) {
        self.words = words
        self.directory = directory
        self.environment = environment
        self.input = input
        self.outputLimit = outputLimit
        self.deadline = deadline
        self.owner = owner
    }
}

/// What a program that ended has left behind.
public struct ProgramResult: Sendable, Hashable {
    /// How a program ended.
    public enum Ending: Sendable, Hashable, CustomStringConvertible {
        /// With this exit status.
        case exited(Int32)
        /// By this signal.
        case signalled(Int32)

        /// In the words of a message.
        public var description: String {
            switch self {
            case .exited(let status): "exit status \(status)"
            case .signalled(let number): "signal \(number)"
            }
        }
    }

    /// How it ended.
    public let ending: Ending
    /// What it wrote to its standard output; empty where that was discarded.
    public let output: [UInt8]
    /// The end of what it wrote to its standard error.
    ///
    /// Limit: 8 KiB.
    public let complaint: [UInt8]

    /// Whether it ended with status 0.
    public var isSuccess: Bool { ending == .exited(0) }

    /// The last line of its complaint that is not empty, fit for a terminal.
    ///
    /// Limit: 300 characters.
    public var lastComplaint: String {
        let lines = String(decoding: complaint, as: UTF8.self)
            .split(whereSeparator: \.isNewline).map(ProgramError.printable)
        return lines.last { !$0.allSatisfy(\.isWhitespace) } ?? ""
    }
}
