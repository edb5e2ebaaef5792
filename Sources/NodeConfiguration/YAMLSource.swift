// SPDX-License-Identifier: Apache-2.0

/// The text of a YAML file after everything was refused that must not reach the parser.
///
/// Invariants: at most ``byteLimit`` bytes, valid UTF-8, no control or hidden characters, no
/// directive, and no alias that could refer to an anchor: aliases would let a small file grow
/// without bound inside the parser.
struct YAMLSource {
    /// The largest file that is looked at.
    ///
    /// Unit: bytes.
    ///
    /// Limit: 256 KiB.
    static let byteLimit = 256 * 1024

    let text: String
    private let scalars: [Unicode.Scalar]
    private let lineStarts: [Int]

    /// Checks the bytes of a file; `nil` after it told `log` why not.
    init?(_ bytes: [UInt8], log: FindingLog) {
        let start = SourcePosition(line: 1, column: 1)
        guard bytes.count <= Self.byteLimit else {
            log.add(
                ValueProblem(
                    expected: "at most \(Self.byteLimit) bytes", found: "\(bytes.count) bytes"),
                at: start)
            return nil
        }
        guard let decoded = Self.unicode(bytes, log: log) else { return nil }
        text = decoded
        scalars = Array(decoded.unicodeScalars)
        lineStarts = Self.lineStarts(of: scalars)
        let before = log.findings.count
        refuseHiddenCharacters(log: log)
        refuseDirectives(log: log)
        refuseAliases(log: log)
        if log.findings.count > before { return nil }
    }

    /// The character at a place, if there is one.
    func character(at position: SourcePosition) -> Unicode.Scalar? {
        guard lineStarts.indices.contains(position.line - 1) else { return nil }
        let index = lineStarts[position.line - 1] + position.column - 1
        return scalars.indices.contains(index) ? scalars[index] : nil
    }

    private static func unicode(_ bytes: [UInt8], log: FindingLog) -> String? {
        let start = SourcePosition(line: 1, column: 1)
        let marks: [[UInt8]] = [[0xFF, 0xFE], [0xFE, 0xFF]]
        if marks.contains(where: bytes.starts(with:)) {
            log.add(
                ValueProblem(
                    expected: "UTF-8", found: "UTF-16 or UTF-32", hint: "save it as UTF-8"),
                at: start)
            return nil
        }
        let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        guard let text = String(validating: body, as: UTF8.self) else {
            log.add(
                ValueProblem(
                    expected: "UTF-8", found: "bytes that are not UTF-8",
                    hint: "save it as UTF-8"),
                at: SourcePosition(line: 1 + body.count(where: { $0 == 0x0A }), column: 0))
            return nil
        }
        return text
    }

    private static func lineStarts(of scalars: [Unicode.Scalar]) -> [Int] {
        var starts = [0]
        for index in scalars.indices {
            let endsLine =
                scalars[index] == "\n"
                || scalars[index] == "\r"
                    && !(index + 1 < scalars.count && scalars[index + 1] == "\n")
            if endsLine { starts.append(index + 1) }
        }
        return starts
    }

    private func position(of index: Int) -> SourcePosition {
        var low = 0
        var high = lineStarts.count - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if lineStarts[middle] <= index { low = middle } else { high = middle - 1 }
        }
        return SourcePosition(line: low + 1, column: index - lineStarts[low] + 1)
    }

    private func refuseHiddenCharacters(log: FindingLog) {
        for index in scalars.indices {
            let scalar = scalars[index]
            if scalar == "\n" || scalar == "\r" || scalar == "\t" || !isUnprintable(scalar) {
                continue
            }
            log.add(
                ValueProblem(
                    expected: "printable text",
                    found: "the character U+\(String(scalar.value, radix: 16, uppercase: true))"),
                at: position(of: index))
        }
    }

    private func refuseDirectives(log: FindingLog) {
        for start in lineStarts where start < scalars.count {
            if scalars[start] == "%" {
                log.add(
                    ValueProblem(expected: "keys and values", found: "a YAML directive"),
                    at: position(of: start))
                return
            }
            if scalars[start] != "#", scalars[start] != "\n", scalars[start] != "\r" { return }
        }
    }

    /// Refuses a file in which an alias can refer to an anchor.
    ///
    /// An alias without its anchor is an error in the parser, and an anchor without alias is seen
    /// in the tree: together they must not get as far as the tree.
    private func refuseAliases(log: FindingLog) {
        var anchors: Set<[Unicode.Scalar]> = []
        for index in scalars.indices where scalars[index] == "&" {
            if let name = name(after: index) { anchors.insert(name) }
        }
        guard !anchors.isEmpty else { return }
        for index in scalars.indices where scalars[index] == "*" {
            guard let name = name(after: index), anchors.contains(name) else { continue }
            log.add(forbiddenAlias, at: position(of: index))
        }
    }

    /// The name after an anchor's or alias's sign, where such a sign can stand.
    private func name(after index: Int) -> [Unicode.Scalar]? {
        let before: Unicode.Scalar = index == 0 ? " " : scalars[index - 1]
        guard " \t\r\n[]{},?:-\"'".unicodeScalars.contains(before) else { return nil }
        let name = scalars[(index + 1)...].prefix {
            ("0"..."9").contains($0) || ("a"..."z").contains($0) || ("A"..."Z").contains($0)
                || $0 == "_" || $0 == "-"
        }
        return name.isEmpty ? nil : Array(name)
    }
}

/// What is said of an alias or anchor.
let forbiddenAlias = ValueProblem(
    expected: "values written out", found: "an anchor or alias",
    hint: "write the value again, or put it in quotes if it is text")
