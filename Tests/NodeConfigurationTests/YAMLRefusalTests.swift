// SPDX-License-Identifier: Apache-2.0
import NodeConfiguration
import Testing

/// A file that must be refused, where, and with which words.
struct Refusal: Sendable, CustomTestStringConvertible {
    let what: String
    let bytes: [UInt8]
    let line: Int
    let words: String

    init(_ what: String, _ text: String, line: Int = 1, _ words: String) {
        self.init(what, bytes: Array(text.utf8), line: line, words)
    }

    init(_ what: String, bytes: [UInt8], line: Int = 1, _ words: String) {
        self.what = what
        self.bytes = bytes
        self.line = line
        self.words = words
    }

    var testDescription: String { what }

    static let good = "urls: [web1]\n"
}

/// The error of a configuration that must not be accepted.
func refusal(_ bytes: [UInt8]) -> ConfigurationError? {
    do {
        _ = try SiteConfiguration.decode(bytes, file: "sitestacker.yml")
        return nil
    } catch {
        return error
    }
}

func refusal(_ text: String) -> ConfigurationError? { refusal(Array(text.utf8)) }

@Suite("What is no plain YAML is refused with its place")
struct YAMLRefusalTests {
    static let bomb = (1...9).reduce("a0: &a0 [x, x]\n") { text, level in
        text + "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n"
    }

    static let cases: [Refusal] = [
        Refusal("empty", "", "an empty file"),
        Refusal("only a comment", "# nothing\n", "an empty file"),
        Refusal("null", "~\n", "found nothing"),
        Refusal("a scalar", "web1\n", "expected a mapping"),
        Refusal("a list", "- web1\n", "expected a mapping"),
        Refusal("UTF-16 LE", bytes: [0xFF, 0xFE, 0x75, 0], "UTF-16"),
        Refusal("UTF-16 BE", bytes: [0xFE, 0xFF, 0, 0x75], "UTF-16"),
        Refusal("not UTF-8", bytes: Array("urls: [web1]\n".utf8) + [0xC0, 0x80], line: 2, "UTF-8"),
        Refusal("NUL", "urls: [web1]\nport: 5\0\n", line: 2, "U+0"),
        Refusal("ANSI escape", "urls: [web1]\n# \u{1B}[31m\n", line: 2, "U+1B"),
        Refusal("bidirectional override", "urls: [web1] # \u{202E}\n", "U+202E"),
        Refusal("a second BOM", "urls: [\u{FEFF}web1]\n", "U+FEFF"),
        Refusal("line separator", "urls: [web1]\u{2028}\n", "U+2028"),
        Refusal("alias bomb", bomb, line: 2, "an anchor or alias"),
        Refusal("recursive alias", "urls: &a [*a]\n", "an anchor or alias"),
        Refusal("anchor", "urls: &a [web1]\n", "an anchor or alias"),
        Refusal("anchor on a scalar", "urls: [&a web1]\n", "an anchor or alias"),
        Refusal("undefined alias", "urls: *a\n", "an anchor or alias"),
        Refusal("alias as key", "? &a [x]\n: 1\n? *a\n: 2\n", line: 3, "an anchor or alias"),
        Refusal(
            "merge key", "urls: [web1]\n<<: {port: 1}\n", line: 2, "merge keys are not supported"),
        Refusal("duplicate key", "urls: [web1]\nurls: [web2]\n", "\"urls\" more than once"),
        Refusal(
            "duplicate key in quotes", "urls: [web1]\n\"urls\": [web2]\n", "\"urls\" more than once"
        ),
        Refusal(
            "duplicate key below", "urls: [web1]\nhttp: {listen: a, listen: b}\n", line: 2, "once"),
        Refusal("tab as indentation", "urls:\n\t- web1\n", line: 2, "valid YAML"),
        Refusal("unclosed", "urls: [web1\n", line: 2, "valid YAML"),
        Refusal("two documents", "urls: [web1]\n---\nurls: [web2]\n", line: 2, "single document"),
        Refusal("version directive", "# a\n%YAML 1.2\n---\nurls: [a]\n", line: 2, "directive"),
        Refusal("tag directive", "%TAG ! tag:x,2000:\n---\nurls: [a]\n", "directive"),
        Refusal("core tag", "urls: [!!str web1]\n", "a tag"),
        Refusal("empty tag", "urls: [! web1]\n", "a tag"),
        Refusal("tag on a list", "urls: !!seq [web1]\n", "a tag"),
        Refusal("binary", "urls: [!!binary d2ViMQ==]\n", "a tag"),
        Refusal("custom tag on the root", "!site\nurls: [web1]\n", "a tag"),
        Refusal("a list as key", "? [urls]\n: [web1]\n", "expected a key"),
        Refusal(
            "16 levels and one", "urls: [web1]\ndata: " + nested(16), line: 2, "deeper nesting"),
        Refusal("900 levels", "urls: [web1]\ndata: " + nested(900), line: 2, "deeper nesting"),
        Refusal(
            "900 keys of keys", String(repeating: "{", count: 900) + "\n", line: 2, "valid YAML"),
        Refusal(
            "900 whole keys of keys",
            String(repeating: "{", count: 900) + String(repeating: "}", count: 900), "a key"),
        Refusal("900 block levels", String(repeating: "- ", count: 900), "deeper nesting"),
        Refusal("10,000 levels", "urls: [web1]\ndata: " + nested(10_000), line: 2, "expected"),
        Refusal(
            "10,000 block levels", String(repeating: "- ", count: 10_000), "expected"),
        Refusal(
            "10 MB", bytes: [UInt8](repeating: 0x23, count: 10_000_000), "at most 262144 bytes"),
    ]

    static func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "\n"
    }

    @Test("What is no plain YAML", arguments: cases)
    func syntax(_ refused: Refusal) throws {
        let error = try #require(refusal(refused.bytes))
        #expect(error.code == .invalid)
        #expect(error.exitStatus == 78)
        let finding = try #require(error.findings.first)
        #expect(finding.line == refused.line, "\(error)")
        #expect(error.description.contains(refused.words), "\(error)")
    }

    @Test("A BOM, CRLF, a document marker and comments are fine")
    func accepted() throws {
        let text = "\u{FEFF}---\r\n# ours\r\nurls: # all\r\n  - web1\r\n  - \"web2\"\r\n"
        let site = try SiteConfiguration.decode(Array(text.utf8), file: "f")
        #expect(site.urls.map(\.display) == ["web1", "web2"])
    }

    @Test("A star and an ampersand in text are no alias")
    func starsInText() throws {
        let text = """
            urls: [web1]
            handlers:
              - {on: "order.*", post: "http://a/?x=1&order=2"}
              - {on: '*', run: [a, '&b', '*c']}
            """
        let site = try SiteConfiguration.decode(Array(text.utf8), file: "f")
        #expect(site.reactions.count == 2)
    }

    @Test("A file of exactly the limit is read")
    func largest() throws {
        let text = "urls: [web1]\n#"
        let padding = String(repeating: "x", count: 256 * 1024 - text.utf8.count)
        #expect(refusal(text + padding) == nil)
        #expect(refusal(text + padding + "x") != nil)
    }
}
