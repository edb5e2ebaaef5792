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

@Suite("Client libraries")
struct ClientLibraryTests {
    @Test("One that is missing is named with its Debian package")
    func missing() {
        let error = #expect(throws: DatabaseProblem.self) {
            try ClientLibrary("libnowhere.so.9", package: "libnowhere9")
        }
        #expect(error?.code == .libraryMissing)
        #expect(error?.description.contains("Debian package libnowhere9") == true)
    }

    @Test("A function that is missing is no crash")
    func missingFunction() throws {
        let library = try ClientLibrary("libc.so.6", package: "libc6")
        let error = #expect(throws: DatabaseProblem.self) {
            let _: @convention(c) () -> Void = try library.function("no_such_function")
        }
        #expect(error?.description.contains("no_such_function in libc.so.6") == true)
    }
}
