// SPDX-License-Identifier: Apache-2.0
import Yams

/// A value of a YAML file with its place, before anything is known about its meaning.
///
/// Scalars stay text: whether `no` is a word or a denial is for the key to say, not for YAML.
struct YAMLNode {
    enum Content {
        case scalar(text: String, isPlain: Bool)
        case sequence([YAMLNode])
        case mapping([YAMLEntry])
    }

    let position: SourcePosition
    let content: Content

    /// What it is, in the words of an error.
    var summary: String {
        switch content {
        case .scalar(let text, isPlain: true) where ["", "~", "null"].contains(text.lowercased()):
            "nothing"
        case .scalar(let text, isPlain: _): quoted(text)
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// A key of a mapping with its value.
struct YAMLEntry {
    let key: String
    let position: SourcePosition
    let value: YAMLNode
}

extension YAMLNode {
    /// How deeply lists and mappings may be nested.
    ///
    /// Limit: 16.
    static let depthLimit = 16

    /// Reads the single document of a file; `nil` after it told `log` why not.
    static func parse(_ source: YAMLSource, log: FindingLog) -> YAMLNode? {
        let start = SourcePosition(line: 1, column: 1)
        do {
            let parser = try Parser(yaml: source.text, resolver: .basic, encoding: .utf8)
            guard let root = try parser.singleRoot() else {
                log.add(
                    ValueProblem(
                        expected: "a mapping with the key \"urls\"", found: "an empty file"),
                    at: start)
                return nil
            }
            let before = log.findings.count
            let tree = YAMLTree(source: source, log: log).convert(root, depth: 1)
            return log.findings.count > before ? nil : tree
        } catch {
            let (problem, position) = describe(error)
            log.add(problem, at: position ?? start)
            return nil
        }
    }

    /// The parser's error in our words, without the text of the file: it may hold secrets.
    private static func describe(_ error: any Error) -> (ValueProblem, SourcePosition?) {
        let expected = "valid YAML"
        guard let error = error as? YamlError else {
            return (ValueProblem(expected: expected, found: "something else"), nil)
        }
        switch error {
        case .scanner(_, let problem, let mark, yaml: _),
            .parser(_, let problem, let mark, yaml: _):
            return (ValueProblem(expected: expected, found: problem), SourcePosition(mark))
        case .composer(_, let problem, let mark, yaml: _):
            if problem.contains("alias") { return (forbiddenAlias, SourcePosition(mark)) }
            return (
                ValueProblem(expected: "a single document", found: problem), SourcePosition(mark)
            )
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.map(quoted).joined(separator: ", ")
            return (
                ValueProblem(expected: "each key once", found: "\(names) more than once"),
                SourcePosition(context.mark)
            )
        case .reader(let problem, offset: _, value: _, yaml: _), .writer(let problem),
            .emitter(let problem), .representer(let problem):
            return (ValueProblem(expected: expected, found: problem), nil)
        case .no, .memory, .dataCouldNotBeDecoded:
            return (ValueProblem(expected: expected, found: "what cannot be parsed"), nil)
        }
    }
}

extension SourcePosition {
    init(_ mark: Mark) {
        self.init(line: mark.line, column: mark.column)
    }
}

/// Turns the parser's tree into ours and refuses what we do not allow in it.
private struct YAMLTree {
    let source: YAMLSource
    let log: FindingLog

    func convert(_ node: Node, depth: Int) -> YAMLNode? {
        let position = node.mark.map(SourcePosition.init) ?? SourcePosition(line: 1, column: 1)
        // The parser's mark is that of the node's properties: a tag or an anchor stands there.
        switch source.character(at: position) {
        case "&", "*":
            log.add(forbiddenAlias, at: position)
            return nil
        case "!":
            log.add(
                ValueProblem(
                    expected: "values without tags", found: "a tag",
                    hint: "drop it, or put the value in quotes if it is text"),
                at: position)
            return nil
        case _:
            break
        }
        guard depth <= YAMLNode.depthLimit else {
            log.add(
                ValueProblem(
                    expected: "at most \(YAMLNode.depthLimit) levels", found: "deeper nesting"),
                at: position)
            return nil
        }
        switch node {
        case .scalar(let scalar):
            return YAMLNode(
                position: position,
                content: .scalar(text: scalar.string, isPlain: scalar.style == .plain))
        case .sequence(let sequence):
            let items = sequence.compactMap { convert($0, depth: depth + 1) }
            return YAMLNode(position: position, content: .sequence(items))
        case .mapping(let mapping):
            return YAMLNode(
                position: position, content: .mapping(entries(of: mapping, depth: depth)))
        case .alias:
            log.add(forbiddenAlias, at: position)
            return nil
        }
    }

    private func entries(of mapping: Node.Mapping, depth: Int) -> [YAMLEntry] {
        var entries: [YAMLEntry] = []
        var seen: Set<String> = []
        for (key, value) in mapping {
            guard let name = convert(key, depth: depth + 1) else { continue }
            guard case .scalar(let text, isPlain: _) = name.content else {
                log.add(
                    ValueProblem(expected: "a key", found: name.summary), at: name.position)
                continue
            }
            guard seen.insert(text).inserted else {
                log.add(
                    ValueProblem(expected: "each key once", found: "\(quoted(text)) again"),
                    at: name.position)
                continue
            }
            if let value = convert(value, depth: depth + 1) {
                entries.append(YAMLEntry(key: text, position: name.position, value: value))
            }
        }
        return entries
    }
}
