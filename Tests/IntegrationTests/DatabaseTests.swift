// SPDX-License-Identifier: Apache-2.0
import Foundation
import ServerTesting
import Testing

extension BlackBox {
    @Suite("Databases of real sites")
    struct DatabaseTests {}
}

extension BlackBox.DatabaseTests {
    @Test(
        "Three servers of one site show the version and the size of its MariaDB",
        .enabled(if: ServerProcess.isUsable(DatabaseServer.mariaDB)), .timeLimit(.minutes(3)))
    func mariaDB() async throws {
        let database = try DatabaseServer.startMariaDB()
        try await shows(database, scheme: "mysql") { version, size in
            // What is in it does not change: two tables of one page each.
            version.contains("MariaDB") && size == 2 * 16_384
        }
    }

    @Test(
        "Three servers of one site show the version and the size of its PostgreSQL",
        .enabled(if: ServerProcess.isUsable(DatabaseServer.postgreSQL)), .timeLimit(.minutes(3)))
    func postgreSQL() async throws {
        let database = try DatabaseServer.startPostgreSQL()
        try await shows(database, scheme: "postgresql") { version, size in
            version.hasPrefix("PostgreSQL 15.") && size > 1_000_000
        }
    }

    /// Every server tells what the database says, and names it once it does not answer any more.
    private func shows(
        _ database: DatabaseServer, scheme: String, _ isRight: (String, UInt64) -> Bool
    ) async throws {
        try await Cluster.founded { cluster in
            for server in cluster.servers {
                let others = cluster.urls.filter { $0 != server.url }
                try server.configure(
                    urls: [server.url] + others,
                    "caches: []\ndatabase: \(database.url(scheme: scheme))\n")
            }
            let asked = cluster[2]
            let reports = try await eventually("the database on three servers") {
                let status = try await asked.status()
                let reports = ([status.own] + status.servers).compactMap(\.database)
                return reports.count { $0.version != nil } == 3 ? reports : nil
            }
            for report in reports {
                #expect(isRight(report.version ?? "", report.sizeBytes ?? 0), "\(report)")
            }
            let outcome = try await asked.run("status")
            #expect(outcome.status == 0, "\(outcome)")
            let version = try #require(reports.first?.version)
            let lines = outcome.text.components(separatedBy: "\n")
            #expect(lines.count { $0 == "Database: \(version)" } == 3, "\(outcome)")
            #expect(!outcome.text.contains(database.password))
            database.process.stop()
            let failed = try await eventually("the end of the database on three servers") {
                let status = try await asked.status()
                let reports = ([status.own] + status.servers).compactMap(\.database)
                return reports.count { $0.problem != nil } == 3 ? reports : nil
            }
            #expect(failed.allSatisfy { $0.version == nil })
            #expect(failed.allSatisfy { $0.problem?.contains(database.password) == false })
            #expect(try await asked.run("status").status == 1)
        }
    }
}
