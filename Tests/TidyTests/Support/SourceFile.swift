// SPDX-License-Identifier: Apache-2.0

/// A text file of the repository, or a snippet that pretends to be one.
struct SourceFile: Sendable {
    /// From the root of the repository, with slashes.
    let path: String
    let bytes: [UInt8]
    /// Without their line feeds.
    let lines: [String]
    /// Empty unless the file is Swift.
    let tokens: [Token]

    init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
        lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        tokens = path.hasSuffix(".swift") ? Token.scan(bytes) : []
    }

    /// A snippet at a made-up path.
    init(_ path: String, _ text: String) {
        self.init(path: path, bytes: Array(text.utf8))
    }

    var isSwift: Bool { path.hasSuffix(".swift") }
    var isMarkdown: Bool { path.hasSuffix(".md") }
    /// Written by a program from a schema, committed as it came.
    var isGenerated: Bool { path.hasSuffix(".pb.swift") }
    var isTest: Bool { path.hasPrefix("Tests/") }
    var isSource: Bool { path.hasPrefix("Sources/") }

    /// The folder under `Sources` or `Tests`, which is the target's name.
    var target: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && (isSource || isTest) ? String(parts[1]) : nil
    }

    /// Whether the tokens from an index on read like these.
    func reads(_ pattern: [String], at index: Int) -> Bool {
        guard index >= 0, index + pattern.count <= tokens.count else { return false }
        for (offset, text) in pattern.enumerated() where tokens[index + offset].text != text {
            return false
        }
        return true
    }

    /// The text of the token at an index, or nothing outside of the file.
    func word(at index: Int) -> String {
        tokens.indices.contains(index) ? tokens[index].text : ""
    }

    /// The index of the sign that closes the one at `index`, or the end of the file.
    func closing(of index: Int) -> Int {
        var depth = 0
        for position in index..<tokens.count {
            switch tokens[position].text {
            case "(", "[", "{": depth += 1
            case ")", "]", "}":
                depth -= 1
                if depth == 0 { return position }
            default: break
            }
        }
        return tokens.count
    }

    /// What stands in the comment lines directly above a line, attributes between them skipped.
    func comment(above line: Int) -> String {
        var found: [Substring] = []
        var index = line - 2
        while lines.indices.contains(index) {
            let text = lines[index].drop { $0 == " " }
            guard text.hasPrefix("//") || text.hasPrefix("@") else { break }
            if text.hasPrefix("//") { found.insert(text, at: 0) }
            index -= 1
        }
        return found.joined(separator: "\n")
    }
}
