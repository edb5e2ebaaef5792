// SPDX-License-Identifier: Apache-2.0
import CacheTargets

extension FuzzTarget {
    /// Which keys an expression means; the key follows the expression's end, a byte of 0.
    static let patterns: [FuzzTarget] = [
        FuzzTarget(name: "key-pattern", shape: .text(words), check: pattern)
    ]

    private static let words = [
        "\0", "^", "$", ".", "*", "+?", "{2,3}", "|", "(", ")", "(?:", "(?i)", "(?x)", "(?=",
        "(?<!",
        "(?#", "#", "[", "]", "[^", "\\", "\\1", "\\Q", "\\E", "\\x{FF}", "\\p{L}", "\\R", "()",
        "\n",
    ]

    /// Laws: what is found is found by the same expression in a group too; an alternative that
    /// always fits is found in every key.
    private static func pattern(_ input: [UInt8]) throws(Flaw) -> Verdict {
        let text = String(decoding: input.prefix { $0 != 0 }, as: UTF8.self)
        guard let pattern = KeyPattern(text) else { return .refused }
        try expect(pattern.text, text, "the expression")
        let key = input[min(input.count, text.utf8.count + 1)...]
        guard let isFound = try attempt({ try judge(pattern, key) }) else { return .refused }
        guard let grouped = KeyPattern("(?:\(text))") else { return .accepted }
        if let found = try attempt({ try judge(grouped, key) }) {
            try expect(found, isFound, "the same of the expression in a group")
        }
        guard let either = KeyPattern("(?:\(text))|") else { return .accepted }
        if let found = try attempt({ try judge(either, key) }) {
            try expect(found, true, "an empty alternative")
        }
        return .accepted
    }

    /// Mutants of patterns backtrack; so each has only a part of the time that clears have.
    private static func judge(
        _ pattern: KeyPattern, _ key: ArraySlice<UInt8>
    ) throws(KeyPattern.Refusal) -> Bool {
        try pattern.isFound(in: key, until: .after(.milliseconds(20)))
    }
}
