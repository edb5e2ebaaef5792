// SPDX-License-Identifier: Apache-2.0
import Testing

/// The import table and the budgets, held against snippets.
@Suite struct TableAndBudgetTests {
    @Test(
        "Imports that the table does not grant are found",
        arguments: [
            ("Sources/ClusterCore/A.swift", "import ClusterModel", 0),
            ("Sources/ClusterCore/A.swift", "import Foundation", 1),
            ("Sources/ClusterModel/A.swift", "public import Glibc", 1),
            ("Sources/CacheTargets/A.swift", "import Glibc", 0),
            ("Sources/CacheTargets/A.swift", "import AdminHTTP", 1),
            ("Sources/CacheTargets/A.swift", "internal import GRDB", 1),
            ("Sources/EventLogSQLite/A.swift", "internal import GRDB", 0),
            ("Sources/MeshTransport/A.swift", "import struct EventLogSQLite.Thing", 1),
            ("Sources/Elsewhere/A.swift", "import Foundation", 1),
            ("Tests/ClusterCoreTests/A.swift", "import Foundation", 0),
            ("Sources/ClusterCore/A.swift", "// import Foundation", 0),
        ])
    func imports(path: String, text: String, count: Int) {
        #expect(ImportTable.house.findings(in: SourceFile(path, text)).count == count)
    }

    @Test(
        "Dependencies that the table does not grant are found in the manifest",
        arguments: [
            (#"target("ClusterCore", ["ClusterModel"]),"#, 0),
            (#"target("ClusterCore", ["ClusterModel", "ZeroMQ"]),"#, 1),
            ("target(\n \"ClusterCore\",\n [\"ZeroMQ\",\n logging]),", 1),
            (#"target("AdminAPI"),"#, 0), (#"program("sitestacker", ["GRDB"])"#, 1),
            (#".testTarget(name: "A", dependencies: ["B"])"#, 0),
            (#"func target(_ name: String)"#, 0),
        ])
    func manifest(text: String, count: Int) {
        let file = SourceFile("Package.swift", text)
        #expect(Manifest.findings(in: file, table: ImportTable.house).count == count)
    }

    @Test("The house's table has no arrow between shells, and none upwards")
    func layers() {
        let shells: Set<String> = [
            "AdminHTTP", "CacheTargets", "EventLogSQLite", "MeshTransport", "NodeConfiguration",
        ]
        for (target, allowed) in ImportTable.house.granted where shells.contains(target) {
            #expect(allowed.isDisjoint(with: shells), "\(target)")
        }
        for target in ImportTable.pure {
            let allowed = ImportTable.house.granted[target] ?? []
            #expect(!allowed.contains("NodeRuntime") && allowed.isDisjoint(with: shells))
        }
    }

    @Test("Long files, functions and lines are found")
    func budgets() {
        let path = "Sources/CacheTargets/A.swift"
        func count(_ text: String) -> Int { Budgets.findings(in: SourceFile(path, text)).count }
        #expect(count(String(repeating: "\n", count: 400)) == 0)
        #expect(count(String(repeating: "\n", count: 401)) == 1)
        #expect(count(String(repeating: "x", count: 100)) == 0)
        #expect(count(String(repeating: "x", count: 101)) == 1)
        #expect(count("func f() {" + String(repeating: "\n", count: 59) + "}") == 0)
        #expect(count("func f() {" + String(repeating: "\n", count: 60) + "}") == 1)
        #expect(
            count("init(a: () -> Void = { \n }) {" + String(repeating: "\n", count: 60) + "}") == 1)
        let generated = SourceFile(
            "Sources/WireFormat/a.pb.swift", String(repeating: "\n", count: 999))
        #expect(Budgets.findings(in: generated).isEmpty)
    }

    @Test("A declaration without a body does not take the next body for its own")
    func requirements() {
        let text = "protocol P { func a() -> Int\n init(b: Int)\n var c: Int { get } }\nfunc d() {}"
        let functions = Budgets.functions(in: SourceFile("Sources/X/A.swift", text))
        #expect(functions.map(\.name) == ["d"])
    }

    @Test("An exemption covers its file, or its folder")
    func exemptions() {
        let exemptions = [
            Exemption(path: "Sources/A/B.swift", reason: "One file."),
            Exemption(path: "Sources/C/", reason: "One folder."),
        ]
        #expect(exemptions.covers("Sources/A/B.swift"))
        #expect(exemptions.covers("Sources/C/D.swift"))
        #expect(!exemptions.covers("Sources/A/B.swift.swift"))
        #expect(!exemptions.covers("Sources/CD/E.swift"))
    }
}
