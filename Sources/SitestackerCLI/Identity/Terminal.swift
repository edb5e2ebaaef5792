// SPDX-License-Identifier: Apache-2.0
public import AdminAPI
import Glibc

/// Asks a person.
public protocol Conversation: Sendable {
    /// The answer, without the end of the line.
    ///
    /// - Throws: `ErrorDocument` where nobody answers.
    func line(_ prompt: String) throws(ErrorDocument) -> String
    /// The answer, which nobody sees being typed.
    ///
    /// - Throws: `ErrorDocument` where nobody answers.
    func secret(_ prompt: String) throws(ErrorDocument) -> [UInt8]
}

/// The terminal of the process.
struct Terminal: Conversation {
    /// The longest answer.
    ///
    /// Unit: bytes.
    private static let limit = 4_096

    func line(_ prompt: String) throws(ErrorDocument) -> String {
        let descriptor = try Self.open()
        defer { _ = close(descriptor) }
        try FileDescriptorSink.ask(prompt, on: descriptor)
        let bytes = try Self.read(descriptor)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Self.silence("UTF-8", "other bytes")
        }
        return text
    }

    func secret(_ prompt: String) throws(ErrorDocument) -> [UInt8] {
        let descriptor = try Self.open()
        defer { _ = close(descriptor) }
        var before = termios()
        guard tcgetattr(descriptor, &before) == 0 else {
            throw Self.silence("a terminal that can hide what is typed", "another one")
        }
        var hidden = before
        // Ctrl-C would end the process and leave the terminal silent. It is read as what it is
        // instead, and ends the line so that it is read at once.
        hidden.c_lflag &= ~tcflag_t(ECHO | ISIG)
        let interrupt = before.key(VINTR)
        hidden.setKey(VEOL, interrupt)
        // What was typed ahead was typed before the prompt, and seen.
        guard tcsetattr(descriptor, TCSAFLUSH, &hidden) == 0 else {
            throw Self.silence("a terminal that can hide what is typed", "another one")
        }
        defer { _ = tcsetattr(descriptor, TCSAFLUSH, &before) }
        try FileDescriptorSink.ask(prompt, on: descriptor)
        let bytes = try Self.read(descriptor, until: interrupt)
        try FileDescriptorSink.ask("\n", on: descriptor)
        return bytes
    }

    private static func open() throws(ErrorDocument) -> Int32 {
        let descriptor = Glibc.open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw silence("a terminal", "none") }
        return descriptor
    }

    /// One line without its end.
    ///
    /// - Throws: `ErrorDocument`: the terminal does not answer, or somebody pressed `interrupt`.
    private static func read(
        _ descriptor: Int32, until interrupt: UInt8? = nil
    ) throws(ErrorDocument) -> [UInt8] {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while true {
            let count = Glibc.read(descriptor, &byte, 1)
            if count == 1 {
                if byte == UInt8(ascii: "\n") { return bytes }
                if byte == interrupt {
                    try FileDescriptorSink.ask("\n", on: descriptor)
                    throw .interrupted
                }
                bytes.append(byte)
            } else if count == 0 {
                guard !bytes.isEmpty else { throw silence("an answer", "its end") }
                return bytes
            } else if errno != EINTR {
                throw silence("an answer", String(cString: strerror(errno)))
            }
            guard bytes.count <= limit else { throw silence("a shorter answer", "more") }
        }
    }

    private static func silence(_ expected: String, _ found: String) -> ErrorDocument {
        ErrorDocument(
            code: "no-answer", message: "at the terminal: expected \(expected), found \(found)",
            hint: "give the answer as an option; see --help", exitStatus: ExitStatus.usage)
    }
}

extension termios {
    /// The byte that a special key sends.
    fileprivate func key(_ index: Int32) -> UInt8 {
        withUnsafeBytes(of: c_cc) { $0[Int(index)] }
    }

    /// Another byte for a special key.
    fileprivate mutating func setKey(_ index: Int32, _ byte: UInt8) {
        withUnsafeMutableBytes(of: &c_cc) { $0[Int(index)] = byte }
    }
}

extension FileDescriptorSink {
    fileprivate static func ask(_ prompt: String, on descriptor: Int32) throws(ErrorDocument) {
        do {
            try FileDescriptorSink(descriptor: descriptor).write(Array(prompt.utf8))
        } catch {
            throw ErrorDocument(
                code: "output-failed", message: "cannot write to the terminal",
                exitStatus: ExitStatus.failed)
        }
    }
}

/// Overwrites a secret among the process's own arguments, which everybody on the host can read.
///
/// Swift works on copies; the arguments themselves lie where the kernel says. Where it does not
/// say, nothing is done: the warning about such arguments stands in any case.
/// Source: proc(5), `/proc/pid/stat`, fields 48 and 49.
@Sendable
func hideProcessArgument(_ secret: String) {
    let bytes = Array(secret.utf8)
    guard !bytes.isEmpty, let file = fopen("/proc/self/stat", "r") else { return }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let count = fread(&buffer, 1, buffer.count, file)
    let text = String(decoding: buffer[..<count], as: UTF8.self)
    // The program's name is in brackets and may hold anything; the third field follows it.
    guard let bracket = text.lastIndex(of: ")") else { return }
    let fields = text[text.index(after: bracket)...].split(separator: " ")
    guard fields.count > 46, let start = UInt(fields[45]), let end = UInt(fields[46]),
        start < end, let base = UnsafeMutableRawPointer(bitPattern: start)
    else { return }
    let arguments = UnsafeMutableRawBufferPointer(start: base, count: Int(end - start))
    guard arguments.count >= bytes.count else { return }
    for offset in 0...(arguments.count - bytes.count)
    where arguments[offset..<offset + bytes.count].elementsEqual(bytes) {
        for index in offset..<offset + bytes.count { arguments[index] = UInt8(ascii: "*") }
    }
}
