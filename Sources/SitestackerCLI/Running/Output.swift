// SPDX-License-Identifier: Apache-2.0
public import AdminAPI
import FoundationEssentials

/// The one way to standard output and standard error.
///
/// Law: no control, format or separator character from outside reaches a terminal or a pipe, save
/// the tabs of a line and the end of a line; renderers need not think of it.
public struct Output: Sendable {
    /// How a line stands out on a terminal; its words say the same without colour.
    public enum Style: Sendable, Hashable {
        /// As it is.
        case plain
        /// Something failed.
        case bad
        /// Something to look at.
        case warning
        /// Something that went well.
        case good

        var code: String? {
            switch self {
            case .plain: nil
            case .bad: "31"
            case .warning: "33"
            case .good: "32"
            }
        }
    }

    /// Whether data and errors are JSON.
    public let isJSON: Bool
    let isQuiet: Bool
    private let data: any ByteSink
    private let talk: any ByteSink
    private let coloursData: Bool
    private let coloursTalk: Bool
    /// Whether blocks that are repainted replace one another, as a terminal can.
    let repaints: Bool

    init(options: GlobalOptions, surroundings: Surroundings) {
        isJSON = options.json
        isQuiet = options.quiet
        data = surroundings.standardOutput
        talk = surroundings.standardError
        coloursData = colours(options.color, data, surroundings.environment)
        coloursTalk = colours(options.color, talk, surroundings.environment)
        repaints = data.isTerminal && surroundings.environment["TERM"] != "dumb"
    }

    /// Prints one line of data.
    ///
    /// - Throws: ``ReaderLeft`` or `ErrorDocument`, as ``ByteSink`` does.
    public func line(_ text: String, style: Style = .plain) throws {
        try data.write(Array((styled(text, style, coloursData) + "\n").utf8))
    }

    /// Prints lines of data at once.
    ///
    /// One that is repainted begins at the top of the terminal and leaves nothing of the one
    /// before; elsewhere a line `---` comes between two of them. Source: ECMA-48, CUP, ED and EL.
    ///
    /// - Throws: ``ReaderLeft`` or `ErrorDocument`, as ``ByteSink`` does.
    func block(_ lines: [TextLine], repainting: Bool = false, isNext: Bool = false) throws {
        let isPainted = repainting && repaints
        let end = isPainted ? "\u{1B}[K\n" : "\n"
        var text = isPainted ? (isNext ? "\u{1B}[H" : "\u{1B}[H\u{1B}[2J") : (isNext ? "---\n" : "")
        for line in lines { text += styled(line.text, line.style, coloursData) + end }
        if isPainted { text += "\u{1B}[J" }
        try data.write(Array(text.utf8))
    }

    /// Prints a document as one line of JSON.
    ///
    /// - Throws: ``ReaderLeft`` or `ErrorDocument`, as ``ByteSink`` does.
    public func document(_ value: some Encodable) throws {
        try data.write(Array((json(value) + "\n").utf8))
    }

    /// Runs work that may have nothing to print for long, until whoever reads the data has gone.
    ///
    /// Looks once every half second.
    ///
    /// - Throws: ``ReaderLeft`` where the reader leaves first; whatever the work throws.
    func whileRead(_ work: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { [data] group in
            group.addTask { try await work() }
            group.addTask {
                while !data.isAbandoned { try await Task.sleep(for: .milliseconds(500)) }
                throw ReaderLeft()
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Says something which is no data; nothing with `--quiet` or `--json`.
    ///
    /// - Throws: ``ReaderLeft`` or `ErrorDocument`, as ``ByteSink`` does.
    public func note(_ text: String, style: Style = .plain) throws {
        guard !isQuiet, !isJSON else { return }
        try talk.write(Array((styled(text, style, coloursTalk) + "\n").utf8))
    }

    /// Reports why the command fails: one object with `--json`, else one or two lines.
    ///
    /// - Throws: ``ReaderLeft`` or `ErrorDocument`, as ``ByteSink`` does.
    public func failure(_ error: ErrorDocument) throws {
        guard !isJSON else {
            try talk.write(Array((json(error) + "\n").utf8))
            return
        }
        for (index, line) in error.message.split(separator: "\n").enumerated() {
            let text = index == 0 ? "sitestacker: \(line)" : String(line)
            try talk.write(Array((styled(text, .bad, coloursTalk) + "\n").utf8))
        }
        if let hint = error.hint {
            try talk.write(Array(("Hint: " + escaped(hint) + "\n").utf8))
        }
    }

    private func styled(_ text: String, _ style: Style, _ isColoured: Bool) -> String {
        let text = escaped(text)
        guard isColoured, let code = style.code else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }

    private func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return escapedJSON(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}

private func colours(
    _ choice: GlobalOptions.Color, _ sink: any ByteSink, _ environment: [String: String]
) -> Bool {
    switch choice {
    case .always: true
    case .never: false
    case .auto:
        sink.isTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }
}

/// A line with every character that hides, moves or colours text as `\u{...}`; tabs stay.
func escaped(_ text: String) -> String {
    guard !isPlain(text) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
        if scalar != "\t", isHidden(scalar) {
            result += "\\u{\(String(scalar.value, radix: 16))}"
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// The same for JSON, by its own escapes: the value stays what it was.
func escapedJSON(_ text: String) -> String {
    guard !isPlain(text) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
        guard isHidden(scalar) else {
            result.unicodeScalars.append(scalar)
            continue
        }
        for unit in String(scalar).utf16 {
            let digits = String(unit, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
    }
    return result
}

private func isPlain(_ text: String) -> Bool {
    text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
}

private func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
        .unassigned:
        true
    default: false
    }
}
