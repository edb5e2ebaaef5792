// SPDX-License-Identifier: Apache-2.0
import Testing

/// The rules of the house, held against every file of the repository.
@Suite struct TreeTests {
    private let tree = SourceTree.repository

    @Test("The tree that is looked at is the whole repository")
    func readsTheTree() {
        #expect(tree.files.contains { $0.path == "Package.swift" })
        #expect(tree.files.contains { $0.path == "Sources/ClusterModel/Event.swift" })
        #expect(tree.files.contains { $0.path == "docs/glossary.md" })
        #expect(tree.swift.count > 200)
    }

    @Test("Targets import what the table grants and nothing else")
    func imports() { expectNone(tree.swift.flatMap { ImportTable.house.findings(in: $0) }) }

    @Test("The manifest declares what the table grants and nothing else")
    func manifest() throws {
        let manifest = try #require(tree.files.first { $0.path == "Package.swift" })
        #expect(Manifest.targets(in: manifest).count > 12)
        expectNone(Manifest.findings(in: manifest, table: ImportTable.house))
    }

    @Test("The import table names only targets that exist or are measured elsewhere")
    func tableIsNotStale() {
        let targets = Set(tree.swift.filter(\.isSource).compactMap(\.target))
        let unused = Set(ImportTable.house.granted.keys).subtracting(targets)
        #expect(unused.subtracting(["sitestacker-benchmark"]) == [])
    }

    @Test("Files, functions and lines keep to their budgets")
    func budgets() { expectNone(tree.swift.flatMap { Budgets.findings(in: $0) }) }

    @Test("Nothing banned is called")
    func bannedCalls() { expectNone(tree.swift.flatMap { BannedCall.findings(in: $0) }) }

    @Test("What the compiler cannot check is argued for")
    func claims() { expectNone(tree.swift.flatMap(Claims.findings)) }

    @Test("Switches over our enums name every case")
    func defaultCases() { expectNone(tree.swift.flatMap { DefaultCases.findings(in: $0) }) }

    @Test("Pure targets hold no time, chance, threads or lasting state")
    func purity() { expectNone(tree.swift.flatMap(Purity.findings)) }

    @Test("Pure targets never walk over what has no order")
    func unorderedWalks() {
        let walks = UnorderedWalks(files: tree.swift)
        expectNone(tree.swift.flatMap(walks.findings))
    }

    @Test("Types have names that say what they are")
    func typeNames() { expectNone(tree.swift.flatMap(TypeNames.findings)) }

    @Test("Every Swift file begins with its licence")
    func licenses() { expectNone(tree.files.flatMap(Texts.licenseFindings)) }

    @Test("No wishes are left in the tree")
    func wishes() { expectNone(tree.files.flatMap(Texts.wishFindings)) }

    @Test("Nothing names a place on somebody's machine")
    func places() { expectNone(tree.files.flatMap(Texts.placeFindings)) }

    @Test("Every document has one title")
    func titles() { expectNone(tree.files.flatMap(Documents.titleFindings)) }

    @Test("Links between documents lead somewhere")
    func links() {
        let files = Dictionary(uniqueKeysWithValues: tree.files.map { ($0.path, $0) })
        expectNone(tree.markdown.flatMap { Documents.linkFindings(in: $0, files: files) })
    }

    private func expectNone(
        _ findings: [Finding], at location: SourceLocation = #_sourceLocation
    ) {
        let list = findings.map(\.description).joined(separator: "\n")
        #expect(findings.isEmpty, "\n\(list)", sourceLocation: location)
    }
}
