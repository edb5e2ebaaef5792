// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import GitWorkspace

@Suite("Patterns of repositories")
struct PathPatternTests {
    @Test(
        "A part of a pattern meets names",
        arguments: [
            ("*", "ACSSA", true), ("*", ".git", false), (".*", ".git", true), ("*", "", true),
            ("a?c", "abc", true), ("a?c", "ac", false), ("a?c", "aöc", true), ("a*", "a", true),
            ("*a*b", "xaxxab", true), ("*a*b", "xaxxabc", false), ("**", "x", true),
            ("plug-*", "plug-1", true), ("plug-*", "plug", false), ("[a]", "a", false),
            ("[a]", "[a]", true), ("?", "*", true), ("\n*", "\nx", true),
        ])
    func matching(part: String, name: String, isMet: Bool) {
        #expect(PathPattern.matches(name, part) == isMet)
    }

    @Test("A hostile pattern costs no more than both lengths together")
    func manyStars() {
        let part = String(repeating: "*a", count: 120) + "b"
        #expect(!PathPattern.matches(String(repeating: "a", count: 250), part))
    }

    @Test(
        "What leaves the root is told",
        arguments: ["../x", "/etc", "a//b", "a/", "a/./b", "a/../b", "", "."])
    func leaving(text: String) {
        #expect(!PathPattern(text).isContained)
    }

    @Test("A pattern without wildcards names its path outright")
    func plain() {
        #expect(PathPattern("packages/core").isPlain)
        #expect(!PathPattern("packages/*").isPlain)
        #expect(PathPattern("packages/a b/.c").isContained)
    }
}
