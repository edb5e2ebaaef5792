// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import CacheTargets

@Suite("Errors of caches") struct CacheTargetErrorTests {
    @Test(
        "What a cache says neither hides nor turns what stands beside it",
        arguments: [
            ("a\u{1b}[31mb", #"a\u{1b}[31mb"#), ("a\u{200e}b", #"a\u{200e}b"#),
            ("a\u{feff}b", #"a\u{feff}b"#), ("a\u{202e}b", #"a\u{202e}b"#),
            ("a\r\nb", #"a\u{d}\u{a}b"#), ("größer", "größer"),
        ])
    func words(text: String, shown: String) {
        #expect(error(found: text).description.contains("found \(shown)."))
    }

    @Test("What a cache says is cut")
    func length() {
        #expect(error(found: String(repeating: "x", count: 9_999)).description.count < 400)
    }

    private func error(found: String) -> CacheTargetError {
        CacheTargetError(
            .declined, target: "redis", operation: "clear", expected: "an answer", found: found,
            hint: "Look into its log.")
    }
}
