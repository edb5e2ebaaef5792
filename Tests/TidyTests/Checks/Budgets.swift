// SPDX-License-Identifier: Apache-2.0

/// How long a file, a function and a line may be.
///
/// What does not fit is two things. An exemption needs a sentence that a reviewer believes.
enum Budgets {
    static let fileLines = 400
    static let functionLines = 60
    static let lineColumns = 100

    /// Files that may be longer.
    static let longFiles: [Exemption] = []
    /// Files with functions that may be longer.
    static let longFunctions: [Exemption] = [
        Exemption(
            path: "Tests/NodeConfigurationTests/SiteConfigurationTests.swift",
            reason: "One file with every key shows that all of them can stand together.")
    ]

    static func findings(
        in file: SourceFile, longFiles: [Exemption] = longFiles,
        longFunctions: [Exemption] = longFunctions
    ) -> [Finding] {
        guard file.isSwift, !file.isGenerated else { return [] }
        var findings: [Finding] = []
        // The last line feed ends the last line and begins none.
        let count = file.lines.last?.isEmpty == true ? file.lines.count - 1 : file.lines.count
        if count > fileLines, !longFiles.covers(file.path) {
            let message = "\(count) lines; the budget of a file is \(fileLines): split it"
            findings.append(Finding(path: file.path, line: count, message: message))
        }
        for (index, line) in file.lines.enumerated() where line.utf8.count > lineColumns {
            guard line.count > lineColumns else { continue }
            let message = "\(line.count) columns; the budget of a line is \(lineColumns)"
            findings.append(Finding(path: file.path, line: index + 1, message: message))
        }
        guard !longFunctions.covers(file.path) else { return findings }
        for function in functions(in: file) where function.lines > functionLines {
            let message =
                "\(function.name) has \(function.lines) lines; the budget of a function is "
                + "\(functionLines): name its parts"
            findings.append(Finding(path: file.path, line: function.line, message: message))
        }
        return findings
    }

    /// Every function and initializer with a body, and its length from first to last line.
    static func functions(
        in file: SourceFile
    ) -> [(name: String, line: Int, lines: Int, tokens: Range<Int>)] {
        file.tokens.indices.compactMap { index in
            let text = file.tokens[index].text
            guard text == "func" || text == "init" || text == "deinit" || text == "subscript",
                file.word(at: index - 1) != ".", file.word(at: index - 1) != "`",
                let open = bodyStart(in: file, after: index)
            else { return nil }
            let end = file.closing(of: open)
            let last = file.tokens.indices.contains(end) ? file.tokens[end].line : file.lines.count
            let name = text == "func" ? file.word(at: index + 1) : text
            let line = file.tokens[index].line
            return (name, line, last - line + 1, index..<end)
        }
    }

    /// The brace that opens the body, or nil where there is only a declaration.
    private static func bodyStart(in file: SourceFile, after index: Int) -> Int? {
        let ends: Set<String> = [
            "func", "init", "var", "let", "struct", "enum", "class", "actor", "protocol", "}",
            "extension", "case", "subscript", "associatedtype", "typealias", "public", "private",
        ]
        var position = index + 1
        while position < file.tokens.count {
            let text = file.tokens[position].text
            if text == "{" { return position }
            if text == "(" || text == "[" {
                position = file.closing(of: position)
            } else if ends.contains(text) {
                return nil
            }
            position += 1
        }
        return nil
    }
}
