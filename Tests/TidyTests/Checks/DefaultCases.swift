// SPDX-License-Identifier: Apache-2.0

/// `default:` in a switch over an enum of ours.
///
/// Whoever adds a case must be shown every place that has to decide about it; `default:` hides
/// them. A switch over numbers, text or errors needs one. The two are told apart by their
/// patterns: a pattern that begins with a dot names a case of an enum. Enums of others, which may
/// grow without us, are exempt by file.
enum DefaultCases {
    static let exemptions: [Exemption] = [
        Exemption(
            path: "Sources/ClusterSimulator/Checkers/",
            reason: "A checker watches the few inputs and effects its invariant speaks of."),
        Exemption(
            path: "Sources/ClusterSimulator/Users/Faults.swift",
            reason: "Each part of the fault plan strikes with the faults of its own kind alone."),
        Exemption(
            path: "Sources/EventLogSQLite/ErrorTranslation.swift",
            reason: "SQLite's result codes are a structure of constants, which grows without us."),
        Exemption(
            path: "Sources/SitestackerCLI/Running/Output.swift",
            reason: "The general categories are Unicode's, and all others are visible."),
        Exemption(
            path: "Sources/ZeroMQ/ZeroMQError.swift",
            reason: "The codes are a structure of constants; few of them have a hint."),
    ]

    static func findings(
        in file: SourceFile, exemptions: [Exemption] = exemptions
    ) -> [Finding] {
        guard file.isSource, !file.isGenerated,
            !exemptions.covers(file.path)
        else { return [] }
        return file.tokens.indices.compactMap { index in
            guard file.tokens[index].text == "switch", file.word(at: index - 1) != ".",
                let open = body(of: index, in: file),
                let line = hiddenDefault(from: open, in: file)
            else { return nil }
            return Finding(
                path: file.path, line: line,
                message: "name the cases instead of `default:`, so that a new one must be decided")
        }
    }

    /// The brace that opens the cases.
    private static func body(of index: Int, in file: SourceFile) -> Int? {
        var position = index + 1
        while position < file.tokens.count {
            let text = file.tokens[position].text
            if text == "{" { return position }
            position = text == "(" || text == "[" ? file.closing(of: position) + 1 : position + 1
        }
        return nil
    }

    /// The line of `default:`, if the same switch also names cases of an enum.
    private static func hiddenDefault(from open: Int, in file: SourceFile) -> Int? {
        let end = file.closing(of: open)
        var defaultLine: Int?
        var namesCases = false
        var position = open + 1
        while position < end {
            switch file.tokens[position].text {
            case "{", "(", "[": position = file.closing(of: position)
            case "case": namesCases = namesCases || isEnumPattern(after: position, in: file)
            case "default"
            where file.word(at: position + 1) == ":" && file.word(at: position - 1) != "unknown":
                defaultLine = file.tokens[position].line
            default: break
            }
            position += 1
        }
        return namesCases ? defaultLine : nil
    }

    private static func isEnumPattern(after index: Int, in file: SourceFile) -> Bool {
        var position = index + 1
        while ["let", "var", "("].contains(file.word(at: position)) { position += 1 }
        return file.word(at: position) == "." && file.word(at: position + 1) != "."
    }
}
