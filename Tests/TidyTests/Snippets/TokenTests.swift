// SPDX-License-Identifier: Apache-2.0
import Testing

/// What the scanner must not mistake for code, and what it must not lose.
@Suite struct TokenTests {
    private func words(_ text: String) -> [String] { Token.scan(text).map(\.text) }

    @Test("Comments are no code, nested ones neither")
    func comments() {
        #expect(words("a // try?\nb /* x /* y */ z */ c") == ["a", "b", "c"])
    }

    @Test(
        "Strings are one token, code inside of them is code",
        arguments: [
            (#"f("try? \(go(try? x))")"#, ["f", "(", "\"", "go", "(", "try", "?", "x", ")", ")"]),
            (##"a = #"\(no) " still"# + b"##, ["a", "=", "\"", "+", "b"]),
            ("a = \"\"\"\n \"quoted\" try?\n \"\"\"\nb", ["a", "=", "\"", "b"]),
            (#"a = "\"" + b"#, ["a", "=", "\"", "+", "b"]),
        ])
    func strings(text: String, expected: [String]) { #expect(words(text) == expected) }

    @Test("Lines are counted through comments and strings")
    func lines() {
        let tokens = Token.scan("/*\n*/ a\n\"\"\"\n\n\"\"\"\nb")
        #expect(tokens.map(\.line) == [2, 3, 6])
    }

    @Test("What is joined is told from what is apart")
    func joined() {
        #expect(Token.scan("try! x").map(\.isJoined) == [false, true, false])
        #expect(Token.scan("try !x").map(\.isJoined) == [false, false, true])
    }

    @Test(
        "A file that ends in the middle of something ends the scan",
        arguments: ["\"", "/*", "#\"\\#("])
    func truncated(text: String) { #expect(Token.scan(text).count <= 1) }
}
