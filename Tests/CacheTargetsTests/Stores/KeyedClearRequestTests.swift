// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CacheTargets

@Suite("What to clear in a store of keys")
struct KeyedClearRequestTests {
    private static let many = Array(repeating: "k", count: KeyedClearRequest.maximumItems + 1)
    private static let large = [String(repeating: "k", count: KeyedClearRequest.maximumBytes + 1)]

    @Test(
        "Requests beyond the limits, or without sense, are refused",
        arguments: [
            ([], []), (many, []), (large, []), (["a", ""], []), ([], ["("]), ([], ["**"]),
            ([], [String(repeating: "a", count: KeyPattern.maximumText + 1)]), ([], ["a)|(b"]),
            ([], ["\\Qa"]), ([], ["(?x)a # b"]),
            ([], Array(repeating: "a", count: KeyedClearRequest.maximumPatterns + 1)),
        ])
    func refused(keys: [String], patterns: [String]) {
        #expect {
            try KeyedClearRequest(keys: keys, keyPatterns: patterns)
        } throws: {
            ($0 as? CacheTargetError)?.code == .invalidRequest
        }
    }

    @Test("A star alone is everything that is selected")
    func star() throws {
        #expect(try KeyedClearRequest(keys: ["a"], keyPatterns: ["*"]) == .whole)
        #expect(try !KeyedClearRequest(keyPatterns: [".*"]).isWhole)
    }

    @Test("The action names one thing and counts several")
    func action() throws {
        #expect(KeyedClearRequest.whole.action == "clear everything selected")
        let one = try KeyedClearRequest(keys: ["a"], keyPrefixes: ["b\u{1B}"], tags: ["t"])
        #expect(one.action == "delete key a, prefix b\\u{1b}, tag t")
        let many = try KeyedClearRequest(keys: ["a", "b"], keyPatterns: ["a", "b"])
        #expect(many.action == "delete 2 keys, 2 patterns")
    }

    @Test(
        "Patterns are Perl's, over bytes",
        arguments: [
            ("user", "my:user:1", true), ("^user", "my:user:1", false), (#"\d+$"#, "user:12", true),
            ("^.{3}$", "é1", true), ("é+", "éé", true), ("(?i)USER", "user", true),
            ("^a.b$", "a\u{85}b", false), ("^a..b$", "a\u{85}b", true), ("^a.b$", "a\nb", false),
            ("^a$", "a\u{B}", false), ("(ab|cd){2}", "abcd", true), ("a{2,}?", "aaa", true),
            (#"(.)\1$"#, "abb", true), (#"(.)\1$"#, "bba", false), ("(?<=a)b", "ab", true),
            ("b|", "a", true),
            ("x|^y", "ay", false), ("x|^y", "yx", true),
        ])
    func patterns(text: String, key: String, isFound: Bool) throws {
        let pattern = try #require(KeyPattern(text))
        #expect(try pattern.isFound(in: Array(key.utf8)[...]) == isFound)
    }

    @Test("A pattern that cannot be judged is never a guess")
    func unjudged() throws {
        let slow = try #require(KeyPattern("^(a+)+$"))
        let long = Array(repeating: UInt8(ascii: "a"), count: 60) + [UInt8(ascii: "!")]
        #expect(throws: KeyPattern.Refusal.tooSlow) { try slow.isFound(in: long[...]) }
        let key = [UInt8](repeating: 97, count: KeyPattern.maximumKey + 1)
        #expect(throws: KeyPattern.Refusal.keyTooLong(key.count)) {
            try slow.isFound(in: key[...])
        }
    }

    @Test("What takes more memory than ICU allows counts as not judged, not as not found")
    func memory() throws {
        let key = [UInt8](repeating: 97, count: KeyPattern.maximumKey)
        func pattern(groups: Int) throws -> KeyPattern {
            try #require(KeyPattern("^(?:a" + String(repeating: "()", count: groups) + ")*$"))
        }
        #expect(try pattern(groups: 40).isFound(in: key[...]))
        #expect(throws: KeyPattern.Refusal.tooSlow) {
            try pattern(groups: 200).isFound(in: key[...])
        }
    }

    @Test("The longest key is judged without running out of stack")
    func longest() throws {
        let key = [UInt8](repeating: 97, count: KeyPattern.maximumKey)
        for text in ["^(?:.|a)*$", "^(.)*$", "(?:a|b|c)*$", "^(?:a?)*$"] {
            let pattern = try #require(KeyPattern(text))
            #expect(try pattern.isFound(in: key[...]), "\(text)")
        }
    }
}
