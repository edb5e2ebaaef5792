// SPDX-License-Identifier: Apache-2.0
import Testing

/// The rules about plain text and documents, held against snippets.
@Suite struct TextRuleTests {
    @Test("The licence is the first line, in the manifest the second")
    func license() {
        let line = Texts.license
        #expect(Texts.licenseFindings(in: SourceFile("A.swift", line + "\n")).isEmpty)
        #expect(Texts.licenseFindings(in: SourceFile("A.swift", "\n" + line)).count == 1)
        #expect(Texts.licenseFindings(in: SourceFile("A.swift", "")).count == 1)
        let manifest = "// swift-tools-version: 6.2\n" + line
        #expect(Texts.licenseFindings(in: SourceFile("Package.swift", manifest)).isEmpty)
        #expect(Texts.licenseFindings(in: SourceFile("a.md", "text")).isEmpty)
    }

    @Test("Wishes are found in every kind of file")
    func wishes() {
        let wish = "// TO" + "DO: later"
        #expect(Texts.wishFindings(in: SourceFile("Makefile", "a\n" + wish)).map(\.line) == [2])
        #expect(Texts.wishFindings(in: SourceFile("A.swift", "let todo = 1")).isEmpty)
    }

    @Test("Places of one machine and foreign hosts are found")
    func places() {
        let place = "cd /wo" + "rk/main"
        #expect(Texts.placeFindings(in: SourceFile("a.md", place)).count == 1)
        #expect(Texts.placeFindings(in: SourceFile("a.md", "Sources/Us" + "ers/A")).isEmpty)
        func hosts(_ path: String, _ host: String) -> Int {
            Texts.placeFindings(in: SourceFile(path, "url: \"https://\(host)/a/b\"")).count
        }
        #expect(hosts("Package.swift", "github.com") == 0)
        #expect(hosts("Package.swift", "mirror.internal") == 1)
        #expect(hosts("deploy/unit", "github.com.evil") == 1)
        #expect(hosts("docs/a.md", "mirror.internal") == 0)
    }

    @Test(
        "A document has one title",
        arguments: [
            ("# A\n\n## B\n", 0), ("## B\n", 1), ("# A\n# B\n", 1),
            ("# A\n```\n# a comment\n```\n", 0),
        ])
    func titles(text: String, count: Int) {
        #expect(Documents.titleFindings(in: SourceFile("a.md", text)).count == count)
    }

    @Test(
        "Links lead somewhere",
        arguments: [
            ("[x](b.md)", 0), ("[x](../README.md)", 0), ("[x](none.md)", 1),
            ("[x](b.md#second-part)", 0), ("[x](b.md#no-part)", 1), ("[x](#here)", 0),
            ("[x](https://example.com/none.md)", 0), ("`[x](none.md)`", 0), ("[x](guides/)", 0),
            ("[x](guides)", 0), ("[x](b.md) and [y](none.md)", 1), ("[x](../../up.md)", 1),
        ])
    func links(text: String, count: Int) {
        let file = SourceFile("docs/a.md", "# A\n## Here\n" + text)
        let others = [
            SourceFile("docs/b.md", "# B\n## Second part"), SourceFile("README.md", "# R"),
            SourceFile("docs/guides/c.md", "# C"), file,
        ]
        let files = Dictionary(uniqueKeysWithValues: others.map { ($0.path, $0) })
        #expect(Documents.linkFindings(in: file, files: files).count == count)
    }
}
