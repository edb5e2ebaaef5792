// SPDX-License-Identifier: Apache-2.0
public import AdminAPI
import Glibc

/// Where text of a command goes.
public protocol ByteSink: Sendable {
    /// Whether a person looks at it.
    var isTerminal: Bool { get }
    /// Whether whoever read has gone, as far as can be told without writing.
    var isAbandoned: Bool { get }
    /// Writes all bytes at once, without a buffer in between.
    ///
    /// - Throws: ``ReaderLeft`` where nobody reads any more; `ErrorDocument` for a full disk and
    ///   its like.
    func write(_ bytes: [UInt8]) throws
}

extension ByteSink {
    /// No: only writing tells.
    public var isAbandoned: Bool { false }
}

/// Whoever read our standard output has gone, as `head` does.
public struct ReaderLeft: Error, Sendable, Hashable {
    /// Says so.
    public init() {}
}

/// What a command sees of the process around it, so that tests can give it another one.
public struct Surroundings: Sendable {
    /// The environment.
    public var environment: [String: String]
    /// The working directory.
    ///
    /// Invariant: absolute.
    public var workingDirectory: String
    /// Reads standard input to its end, but no more than so many bytes and one.
    public var readInput: @Sendable (_ limit: Int) throws(ErrorDocument) -> [UInt8]
    /// Whether standard input is a person at a terminal.
    public var isInputTerminal: Bool
    /// Data.
    public var standardOutput: any ByteSink
    /// Talk.
    public var standardError: any ByteSink
    /// The person at the terminal; `nil` where nobody can be asked.
    public var conversation: (any Conversation)?
    /// Overwrites a secret argument where other users of the host could read it.
    public var hideArgument: @Sendable (String) -> Void

    /// Describes surroundings.
    public init(
        environment: [String: String], workingDirectory: String,
        readInput: @escaping @Sendable (_ limit: Int) throws(ErrorDocument) -> [UInt8],
        isInputTerminal: Bool, standardOutput: any ByteSink, standardError: any ByteSink,
        conversation: (any Conversation)? = nil,
        hideArgument: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.readInput = readInput
        self.isInputTerminal = isInputTerminal
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.conversation = conversation
        self.hideArgument = hideArgument
    }

    /// The process that we are.
    public static func process() -> Surroundings {
        Surroundings(
            environment: processEnvironment(), workingDirectory: processDirectory(),
            readInput: readAll, isInputTerminal: isatty(0) == 1,
            standardOutput: FileDescriptorSink(descriptor: 1),
            standardError: FileDescriptorSink(descriptor: 2),
            conversation: isatty(0) == 1 ? Terminal() : nil, hideArgument: hideProcessArgument)
    }
}

/// A file descriptor of the process.
struct FileDescriptorSink: ByteSink {
    let descriptor: Int32

    var isTerminal: Bool { isatty(descriptor) == 1 }

    /// Source: poll(2), POLLERR for a pipe that nobody reads, POLLHUP for a terminal that is gone.
    var isAbandoned: Bool {
        var request = pollfd(fd: descriptor, events: 0, revents: 0)
        guard poll(&request, 1, 0) == 1 else { return false }
        return Int32(request.revents) & Int32(POLLERR | POLLHUP) != 0
    }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EPIPE {
                throw ReaderLeft()
            } else if errno == EAGAIN {
                // Somebody else made the shared descriptor non-blocking; wait until it takes more.
                var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&request, 1, -1)
            } else if errno != EINTR {
                throw ErrorDocument(
                    code: "output-failed",
                    message: "cannot write the output: \(String(cString: strerror(errno)))",
                    exitStatus: ExitStatus.failed)
            }
        }
    }
}

@Sendable
private func readAll(limit: Int) throws(ErrorDocument) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count <= limit {
        let count = read(0, &chunk, chunk.count)
        if count == 0 { break }
        if count > 0 {
            bytes += chunk[..<count]
        } else if errno != EINTR {
            throw ErrorDocument(
                code: "input-failed",
                message: "cannot read standard input: \(String(cString: strerror(errno)))",
                exitStatus: ExitStatus.failed)
        }
    }
    return bytes
}

/// The names and values of the environment that are valid UTF-8.
private func processEnvironment() -> [String: String] {
    var result: [String: String] = [:]
    var entry = environ
    while let pointer = entry.pointee {
        if let text = String(validatingCString: pointer),
            let mark = text.utf8.firstIndex(of: UInt8(ascii: "="))
        {
            result[String(text[..<mark])] = String(text[text.utf8.index(after: mark)...])
        }
        entry += 1
    }
    return result
}

/// The working directory; the root where it has been deleted.
private func processDirectory() -> String {
    guard let pointer = getcwd(nil, 0) else { return "/" }
    defer { free(pointer) }
    return String(cString: pointer)
}
