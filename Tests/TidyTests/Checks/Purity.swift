// SPDX-License-Identifier: Apache-2.0

/// What pure targets must not hold: time, chance, threads and state that outlives a value.
///
/// Their imports are watched by ``ImportTable``; here are the words of the language itself.
enum Purity {
    /// Words that are banned in every pure target, with the reason.
    static let banned: [String: String] = [
        "async": concurrent, "await": concurrent, "Task": concurrent, "actor": concurrent,
        "AsyncStream": concurrent, "Mutex": locking, "Atomic": locking, "NSLock": locking,
        "DispatchQueue": locking, "Logger": "a pure target returns observations",
        "ContinuousClock": clocks, "SuspendingClock": clocks, "Date": clocks,
        "SystemRandomNumberGenerator": "random choices are inputs",
        "shuffled": "random choices are inputs", "randomElement": "random choices are inputs",
        "hashValue": "hash values differ from process to process",
    ]

    private static let concurrent = "a pure target does nothing by itself: it returns effects"
    private static let locking = "a pure target is a value; who owns it guards it"
    private static let clocks = "time is an argument"

    static func findings(in file: SourceFile) -> [Finding] {
        guard file.isSource, !file.isGenerated, let target = file.target,
            ImportTable.pure.contains(target)
        else { return [] }
        let declared = declaredTypes(in: file)
        var depth = 0
        var findings: [Finding] = []
        for (index, token) in file.tokens.enumerated() {
            if token.text == "{" { depth += 1 }
            if token.text == "}" { depth -= 1 }
            let before = file.word(at: index - 1)
            let isMember = before == "." && token.text.first?.isUppercase == true
            if let reason = banned[token.text], !declared.contains(token.text), !isMember {
                findings.append(Finding(path: file.path, line: token.line, message: reason))
            }
            guard token.text == "var", depth == 0 || before == "static",
                !isComputed(after: index, in: file)
            else { continue }
            let message = "no variable may outlive a value of a pure target"
            findings.append(Finding(path: file.path, line: token.line, message: message))
        }
        return findings
    }

    /// Types which the file itself declares or nests under such a word, as `enum Task`.
    private static func declaredTypes(in file: SourceFile) -> Set<String> {
        var names: Set<String> = []
        for index in file.tokens.indices {
            guard ["struct", "enum", "class", "typealias"].contains(file.word(at: index - 1))
            else { continue }
            names.insert(file.tokens[index].text)
        }
        return names
    }

    private static func isComputed(after index: Int, in file: SourceFile) -> Bool {
        var position = index + 1
        while position < file.tokens.count, file.tokens[position].line == file.tokens[index].line {
            if file.tokens[position].text == "{" { return true }
            if file.tokens[position].text == "=" { return false }
            position += 1
        }
        return false
    }
}
