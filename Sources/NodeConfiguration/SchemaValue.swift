// SPDX-License-Identifier: Apache-2.0

/// A value of the file on its way to a meaning.
///
/// Every reader returns `nil` after it told the log, so that one wrong value hides no other.
struct SchemaValue {
    let node: YAMLNode
    let keyPath: String
    let log: FindingLog

    func refuse(_ problem: ValueProblem) {
        log.add(problem, at: node.position, keyPath: keyPath)
    }

    func refuse(expected: String, hint: String? = nil) {
        refuse(ValueProblem(expected: expected, found: node.summary, hint: hint))
    }

    /// The text as written; quotes are optional, and no word turns into anything else.
    func string(_ expected: String = "text") -> String? {
        guard case .scalar(let text, let isPlain) = node.content,
            !(isPlain && ["", "~", "null"].contains(text.lowercased()))
        else {
            refuse(expected: expected)
            return nil
        }
        guard !text.isEmpty, text.utf8.count <= 4096,
            !text.unicodeScalars.contains(where: isUnprintable)
        else {
            refuse(
                expected: "\(expected) of 1 to 4096 bytes without control characters")
            return nil
        }
        return text
    }

    /// Text with a grammar of its own.
    func parsed<Parsed>(
        _ expected: String, _ parse: (String) throws(ValueProblem) -> Parsed
    ) -> Parsed? {
        guard let text = string(expected) else { return nil }
        do {
            return try parse(text)
        } catch {
            refuse(error)
            return nil
        }
    }

    /// `true` or `false`, unquoted.
    func boolean() -> Bool? {
        switch node.content {
        case .scalar(text: "true", isPlain: true): return true
        case .scalar(text: "false", isPlain: true): return false
        case .scalar, .sequence, .mapping:
            refuse(expected: "true or false")
            return nil
        }
    }

    /// A whole decimal number, unquoted, without sign, prefix, separators or leading zeros.
    func integer(_ range: ClosedRange<Int>) -> Int? {
        guard case .scalar(let text, isPlain: true) = node.content,
            let number = decimal(text), range.contains(number)
        else {
            refuse(expected: "a decimal number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    /// A duration such as `500ms`, `2s`, `5m`, `1h` or `30d`.
    func duration(_ range: ClosedRange<Duration>, _ bounds: String) -> Duration? {
        parsed("a duration") { text throws(ValueProblem) in
            let units = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
            let digits = text.prefix { $0.isASCII && $0.isNumber }
            let unit = String(text.dropFirst(digits.count))
            guard digits.count <= 9, let count = decimal(String(digits)),
                let factor = units[unit], range.contains(.milliseconds(count * factor))
            else {
                throw ValueProblem(
                    expected: "a duration \(bounds)", found: quoted(text),
                    hint: "write a number and ms, s, m, h or d, such as 2s")
            }
            return .milliseconds(count * factor)
        }
    }

    /// A size such as `512B`, `64KiB`, `1MiB` or `2GiB`.
    func byteCount(_ range: ClosedRange<Int>) -> Int? {
        parsed("a size") { text throws(ValueProblem) in
            let units = ["B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30]
            let digits = text.prefix { $0.isASCII && $0.isNumber }
            let unit = String(text.dropFirst(digits.count))
            guard digits.count <= 9, let count = decimal(String(digits)),
                let factor = units[unit], range.contains(count * factor)
            else {
                throw ValueProblem(
                    expected: "a size from \(range.lowerBound) to \(range.upperBound) bytes",
                    found: quoted(text),
                    hint: "write a number and B, KiB, MiB or GiB, such as 1MiB")
            }
            return count * factor
        }
    }

    /// One word of an enumeration.
    func choice<Choice: RawRepresentable & CaseIterable>(_ type: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        let words = Choice.allCases.map(\.rawValue)
        let expected = "one of " + words.joined(separator: ", ")
        return parsed(expected) { text throws(ValueProblem) in
            guard let choice = Choice(rawValue: text) else {
                throw ValueProblem(
                    expected: expected, found: quoted(text),
                    hint: suggestion(for: text, among: words))
            }
            return choice
        }
    }

    /// The members of a list, each read by `element`; those that are wrong are left out.
    func list<Element>(
        _ count: ClosedRange<Int>, of what: String, _ element: (SchemaValue) -> Element?
    ) -> [Element]? {
        guard case .sequence(let nodes) = node.content else {
            refuse(
                expected: "a list of \(what)",
                hint: "put the value in square brackets")
            return nil
        }
        guard count.contains(nodes.count) else {
            refuse(
                ValueProblem(
                    expected: "a list of \(count.lowerBound) to \(count.upperBound) \(what)",
                    found: "\(nodes.count) of them"))
            return nil
        }
        return nodes.enumerated().compactMap { index, node in
            element(SchemaValue(node: node, keyPath: "\(keyPath)[\(index)]", log: log))
        }
    }

    /// A program with its arguments: a list of texts, no shell.
    func command() -> [String]? {
        list(1...64, of: "the program and its arguments") { $0.string() }
    }
}

/// A decimal number without sign, prefix, separators or leading zeros.
func decimal(_ text: String) -> Int? {
    guard !text.isEmpty, text.utf8.count <= 18, text.utf8.allSatisfy({ (48...57).contains($0) }),
        text == "0" || !text.hasPrefix("0")
    else { return nil }
    return Int(text)
}

/// A mapping with a known set of keys.
struct SchemaSection {
    private let entries: [YAMLEntry]
    let value: SchemaValue
    let hasUnknownKeys: Bool

    /// Takes a mapping and refuses every key it does not know; `nil` if it is no mapping.
    init?(_ value: SchemaValue, keys known: [String]) {
        guard case .mapping(let entries) = value.node.content else {
            value.refuse(expected: "a mapping with keys such as \"\(known[0])\"")
            return nil
        }
        self.entries = entries
        self.value = value
        hasUnknownKeys = entries.contains { !known.contains($0.key) }
        for entry in entries where !known.contains(entry.key) {
            value.log.add(
                ValueProblem(
                    expected: "one of the keys " + known.joined(separator: ", "),
                    found: "the unknown key \(quoted(entry.key))",
                    hint: entry.key == "<<"
                        ? "merge keys are not supported"
                        : suggestion(for: entry.key, among: known)),
                at: entry.position, keyPath: value.keyPath)
        }
    }

    /// The value of a key, if the key is there.
    subscript(key: String) -> SchemaValue? {
        guard let entry = entries.first(where: { $0.key == key }) else { return nil }
        let path = value.keyPath.isEmpty ? key : "\(value.keyPath).\(key)"
        return SchemaValue(node: entry.value, keyPath: path, log: value.log)
    }

    /// The value of a key that must be there.
    func required(_ key: String) -> SchemaValue? {
        guard let found = self[key] else {
            value.refuse(
                ValueProblem(expected: "the key \"\(key)\"", found: "no such key"))
            return nil
        }
        return found
    }

    /// Which of some keys are there, in the order given.
    func present(_ keys: [String]) -> [String] {
        keys.filter { key in entries.contains { $0.key == key } }
    }
}
