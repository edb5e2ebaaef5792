// SPDX-License-Identifier: Apache-2.0
import Testing

/// Each rule about code, held against a snippet that breaks it and one that does not.
@Suite struct CodeRuleTests {
    private let core = "Sources/ClusterCore/Snippet.swift"
    private let shell = "Sources/CacheTargets/Snippet.swift"
    private let test = "Tests/ClusterCoreTests/Snippet.swift"

    @Test(
        "Banned calls are found, and what only looks like them is not",
        arguments: [
            ("let a = try? b()", 1), ("let a = try! b()", 1), ("if try !b() {}", 0),
            ("Task { await a() }", 1), ("let t = Task { await a() }", 1),
            ("Task.detached { a() }", 1), ("group.addTask { a() }", 0), ("Bundle.module", 1),
            ("let p = Process()", 1), ("NodeProcess()", 0), ("print(1)", 1), ("page.print(1)", 0),
            ("func print(_ text: String)", 0), ("// try? this", 0), ("\"try? this\"", 0),
            ("usleep(5)", 1),
        ])
    func bannedCalls(text: String, count: Int) {
        #expect(BannedCall.findings(in: SourceFile(shell, text)).count == count)
    }

    @Test(
        "Tests do not sleep, but may keep a task",
        arguments: [
            ("try await Task.sleep(for: .seconds(1))", 1), ("sleep(1)", 1),
            ("let task = Task { await a() }", 0), ("Task { await a() }", 1),
            ("let p = Process()", 0),
        ])
    func bannedInTests(text: String, count: Int) {
        #expect(BannedCall.findings(in: SourceFile(test, text)).count == count)
    }

    @Test("A banned call names what to write instead")
    func replacement() throws {
        let findings = BannedCall.findings(in: SourceFile(shell, "a\nprint(1)"))
        let finding = try #require(findings.first)
        #expect(finding.line == 2)
        #expect(
            finding.message == "instead of `print(` use the command line's `Output`, or a logger")
    }

    @Test(
        "A default over an enum of ours is found, over anything else it is not",
        arguments: [
            ("switch a { case .one: 1\ndefault: 2 }", 1),
            ("switch a { case let .one(b): b\ndefault: 2 }", 1),
            ("switch (a, b) { case (.one, _): 1\ndefault: 2 }", 1),
            ("switch a { case 1, 2: 1\ndefault: 2 }", 0),
            ("switch a { case let b as Flaw: b\ndefault: 2 }", 0),
            ("switch a { case ..<5: 1\ndefault: 2 }", 0),
            ("switch a { case .one: 1\n@unknown default: 2 }", 0),
            ("switch a { case 1: f { switch b { case .x: 1 } }\ndefault: 2 }", 0),
        ])
    func defaults(text: String, count: Int) {
        #expect(DefaultCases.findings(in: SourceFile(shell, text)).count == count)
        #expect(DefaultCases.findings(in: SourceFile(test, text)).isEmpty)
    }

    @Test(
        "A pure target holds no time, chance, threads or lasting state",
        arguments: [
            ("func a() async {}", 1), ("actor A {}", 1), ("let a = Mutex(0)", 1),
            ("var counter = 0", 1), ("struct A { static var a = 0 }", 1),
            ("struct A { static var a: Int { 1 } }", 0), ("struct A { var a = 0 }", 0),
            ("struct Task {}\nlet a = Task()", 0), ("let now = ContinuousClock.now", 1),
            ("let a = list.shuffled()", 1), ("// async", 0),
        ])
    func purity(text: String, count: Int) {
        #expect(Purity.findings(in: SourceFile(core, text)).count == count)
        #expect(Purity.findings(in: SourceFile(shell, text)).isEmpty)
    }

    @Test(
        "Walks over what has no order are found",
        arguments: [
            ("var a: [K: V] = [:]\nfor b in a.keys {}", 1),
            ("var a: [K: V] = [:]\nfor b in a.keys.sorted() {}", 0),
            ("var a: Set<K>\nfor b in a where b > 1 {}", 1),
            ("let a = Set(b)\nlet c = a.map { $0 }", 1),
            ("let a = Set(b)\nlet c = a.map { $0 }.sorted()", 0),
            ("let a = Set(b)\nlet c = Set(a.map { $0 })", 0),
            ("let a = Set(b).sorted()\nfor c in a {}", 0),
            ("var a: [K]\nfor b in a {}", 0),
            ("var a: Set<K>\nfunc f(a: [K]) { for b in a {} }", 0),
            ("var a: [K]\nfunc f(a: Set<K>) { for b in a {} }", 1),
            ("var a: Set<K>\n// In any order: sums commute.\nfor b in a {}", 0),
            ("var a: Set<K>\nif a.contains(b) {}", 0),
            ("var a: Set<K>\nfor b in a.filter({ $0 > 1 }) {}", 1),
            ("var a: Set<K>\nfor b in a.filter({ $0 > 1 }).sorted() {}", 0),
            ("var a: Set<K>\nfor b in a.filter({ $0 > 1 }).sorted(by: c).prefix(3) {}", 0),
            ("var a: [K: V]\nfor b in self.a.values {}", 1),
        ])
    func walks(text: String, count: Int) {
        let file = SourceFile(core, text)
        #expect(UnorderedWalks(files: [file]).findings(in: file).count == count)
    }

    @Test("Walks over the members of another file are found")
    func walksElsewhere() {
        let type = SourceFile("Sources/ClusterCore/A.swift", "struct A { var a: [K: V] = [:] }")
        let user = SourceFile(core, "func f(x: A) { for b in x.a {} }")
        #expect(UnorderedWalks(files: [type, user]).findings(in: user).count == 1)
        #expect(UnorderedWalks(files: [user]).findings(in: user).isEmpty)
    }

    @Test(
        "What the compiler cannot check needs its argument",
        arguments: [
            ("final class A: @unchecked Sendable {}", 1),
            ("/// A thing.\nfinal class A: @unchecked Sendable {}", 1),
            ("/// Unchecked: `a` has a lock.\nfinal class A: @unchecked Sendable {}", 0),
            ("// Written before it is shared.\nnonisolated(unsafe) let a: P", 0),
            ("/// Unchecked: `a` has a lock.\n\nfinal class A: @unchecked Sendable {}", 1),
        ])
    func claims(text: String, count: Int) {
        #expect(Claims.findings(in: SourceFile(shell, text)).count == count)
    }

    @Test(
        "Type names use words that say something",
        arguments: [
            ("struct SocketManager {}", 1), ("enum HTTPDataReader {}", 1),
            ("class func makeHelper() {}", 0), ("struct Database {}", 0),
            ("struct Information {}", 0), ("protocol BaseLog {}", 1), ("struct DATA {}", 0),
        ])
    func names(text: String, count: Int) {
        #expect(TypeNames.findings(in: SourceFile(shell, text)).count == count)
    }
}
