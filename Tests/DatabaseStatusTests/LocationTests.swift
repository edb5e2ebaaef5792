// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import DatabaseStatus

@Suite("Where a database is")
struct LocationTests {
    @Test("No way of showing a login shows its password")
    func secrecy() {
        let login = DatabaseLogin(
            host: "db", port: 3306, user: "site", password: "hunter2", database: "shop")
        var dumped = ""
        dump(DatabaseLocation.mysql(login), to: &dumped)
        for text in ["\(login)", String(reflecting: login), dumped, "\([login])"] {
            #expect(!text.contains("hunter2"))
            #expect(text.contains("site@db:3306/shop"))
        }
    }
}
