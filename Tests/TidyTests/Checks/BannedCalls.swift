// SPDX-License-Identifier: Apache-2.0

/// Words in a row that must not be written, and what to write instead.
struct BannedCall: Sendable {
    /// Where a rule holds.
    enum Place: Sendable { case everywhere, sources, tests }

    var pattern: [String]
    var replacement: String
    var place = Place.everywhere
    /// Member calls (`x.print(`) and declarations (`func sleep(`) are something else.
    var isFreeFunction = false
    /// Nothing stands between the words: `try !done` is no `try!`.
    var isJoined = false
    /// Tests may keep the result in a constant, to cancel it or to await it.
    var mayBeKeptInTests = false
    var exemptions: [Exemption] = []
}

extension BannedCall {
    static let house: [BannedCall] = [
        BannedCall(
            pattern: ["try", "?"],
            replacement: "`do`/`catch`: an error that is dropped is a fault nobody sees",
            isJoined: true),
        BannedCall(
            pattern: ["try", "!"], replacement: "`throws`, or a `precondition` that says why",
            isJoined: true),
        BannedCall(pattern: ["Task", "{"], replacement: unstructured, mayBeKeptInTests: true),
        BannedCall(pattern: ["Task", "("], replacement: unstructured, mayBeKeptInTests: true),
        BannedCall(pattern: ["Task", ".", "detached"], replacement: unstructured),
        BannedCall(
            pattern: ["Bundle", ".", "module"],
            replacement: "`#embed`: the program is one file without a folder beside it"),
        BannedCall(
            pattern: ["Process", "("], replacement: "the Subprocess package", place: .sources,
            isFreeFunction: true),
        BannedCall(
            pattern: ["print", "("], replacement: "the command line's `Output`, or a logger",
            place: .sources, isFreeFunction: true, exemptions: printing),
        BannedCall(
            pattern: ["Task", ".", "sleep"], replacement: waiting, place: .tests,
            exemptions: pausing),
        BannedCall(pattern: ["Thread", ".", "sleep"], replacement: waiting, exemptions: pausing),
        BannedCall(
            pattern: ["sleep", "("], replacement: waiting, isFreeFunction: true,
            exemptions: pausing),
        BannedCall(
            pattern: ["usleep", "("], replacement: waiting, isFreeFunction: true,
            exemptions: pausing),
        BannedCall(
            pattern: ["nanosleep", "("], replacement: waiting, isFreeFunction: true,
            exemptions: pausing),
    ]

    private static let unstructured = "a task group, whose end and errors somebody awaits"
    private static let waiting = "a wait for a condition, with a deadline"

    private static let printing: [Exemption] = [
        Exemption(
            path: "Sources/SitestackerCLI/Running/Output.swift",
            reason: "It is the one place that writes to standard output."),
        Exemption(
            path: "Sources/sitestacker-fuzz/",
            reason: "It is a program for developers, whose whole output is plain lines."),
        Exemption(
            path: "Sources/sitestacker-simulator/",
            reason: "It is a program for developers, whose whole output is plain lines."),
        Exemption(
            path: "Sources/sitestacker-benchmark/",
            reason: "It is a program for developers, whose whole output is plain lines."),
    ]

    private static let pausing: [Exemption] = [
        Exemption(
            path: "Tests/CacheTargetsTests/Support/TemporaryDirectory.swift",
            reason: "It is the wait for a condition: files and processes cannot be awaited."),
        Exemption(
            path: "Tests/ProgramRunnerTests/TemporaryFolder.swift",
            reason: "It is the wait for a condition: a foreign process cannot be awaited."),
        Exemption(
            path: "Sources/sitestacker-benchmark/",
            reason: "A load is paced by the clock, and nothing else runs on its thread."),
    ]

    static func findings(in file: SourceFile, rules: [BannedCall] = house) -> [Finding] {
        guard file.isSwift, !file.isGenerated else { return [] }
        let applying = rules.filter { rule in
            guard !rule.exemptions.covers(file.path) else { return false }
            switch rule.place {
            case .everywhere: return true
            case .sources: return file.isSource
            case .tests: return file.isTest
            }
        }
        let byFirst = Dictionary(grouping: applying) { $0.pattern[0] }
        var findings: [Finding] = []
        for index in file.tokens.indices {
            for rule in byFirst[file.tokens[index].text] ?? [] {
                guard file.reads(rule.pattern, at: index) else { continue }
                let before = file.word(at: index - 1)
                guard before != "func", !(rule.isFreeFunction && before == "."),
                    !rule.isJoined || file.tokens[index + 1].isJoined,
                    !(rule.mayBeKeptInTests && file.isTest && before == "=")
                else { continue }
                let call = rule.pattern.joined()
                findings.append(
                    Finding(
                        path: file.path, line: file.tokens[index].line,
                        message: "instead of `\(call)` use \(rule.replacement)"))
            }
        }
        return findings
    }
}
