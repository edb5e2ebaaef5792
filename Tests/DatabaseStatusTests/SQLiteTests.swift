// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Foundation
import Glibc
import ServerTesting
import Testing

@testable import DatabaseStatus

@Suite("SQLite files")
struct SQLiteTests {
    private static let program = "/usr/bin/sqlite3"

    /// A header with the given fields, otherwise like one that SQLite 3.40.1 wrote.
    static func header(
        magic: String = "SQLite format 3\0", pageSize: UInt16 = 4_096, pages: UInt32 = 3,
        change: UInt32 = 7, valid: UInt32 = 7, release: UInt32 = 3_040_001
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 100)
        func put(_ value: UInt64, at offset: Int, _ count: Int) {
            for index in 0..<count {
                bytes[offset + index] = UInt8(
                    truncatingIfNeeded: value >> (8 * (count - 1 - index)))
            }
        }
        bytes.replaceSubrange(0..<16, with: Array(magic.utf8.prefix(16)))
        put(UInt64(pageSize), at: 16, 2)
        put(UInt64(change), at: 24, 4)
        put(UInt64(pages), at: 28, 4)
        put(UInt64(valid), at: 92, 4)
        put(UInt64(release), at: 96, 4)
        return bytes
    }

    @Test("A header says how many pages there are, and who wrote last")
    func reading() throws {
        let header = try SQLiteHeader(parsing: Self.header())
        #expect(header.version == "3.40.1" && header.size == 12_288)
        let large = try SQLiteHeader(parsing: Self.header(pageSize: 1, pages: .max))
        #expect(large.size == 65_536 * UInt64(UInt32.max))
    }

    @Test("What an old SQLite left out is left out")
    func old() throws {
        #expect(try SQLiteHeader(parsing: Self.header(valid: 6)).size == nil)
        #expect(try SQLiteHeader(parsing: Self.header(pages: 0)).size == nil)
        #expect(try SQLiteHeader(parsing: Self.header(release: 0)).version == nil)
        #expect(try SQLiteHeader(parsing: Self.header(release: .max)).version == nil)
    }

    @Test(
        "What is no header is refused",
        arguments: [
            [], Array("SQLite format 3\0".utf8), Array(header().prefix(99)),
            header(magic: "SQLite format 4\0"), header(pageSize: 0), header(pageSize: 3),
            header(pageSize: 256), header(pageSize: 4_097),
            [UInt8](repeating: 0xFF, count: 100),
        ] as [[UInt8]])
    func refused(bytes: [UInt8]) {
        #expect(throws: DatabaseProblem.self) { try SQLiteHeader(parsing: bytes) }
    }

    @Test(
        "A real file shows its size, and nothing appears beside it",
        .enabled(if: ServerProcess.isUsable(program)), arguments: ["DELETE", "WAL"])
    func real(mode: String) async throws {
        let folder = try TemporaryDirectory()
        let script = try folder.write(
            "script",
            """
            PRAGMA journal_mode=\(mode); CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(50000));
            PRAGMA wal_checkpoint(TRUNCATE);
            """)
        try ServerProcess.run(
            Self.program, ["\(folder.path)/site.sqlite"], input: script,
            output: try folder.write("log", ""))
        let before = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        let state = await DatabaseStatus(.sqlite(path: "site.sqlite"), root: folder.path).read()
        let after = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(before == after)
        #expect(state.version?.hasPrefix("SQLite 3.") == true && state.problem == nil)
        let attributes = try FileManager.default.attributesOfItem(
            atPath: "\(folder.path)/site.sqlite")
        #expect(state.sizeBytes == attributes[.size] as? UInt64)
        #expect((state.sizeBytes ?? 0) > 50_000)
    }

    @Test("What is no database file is named")
    func trouble() async throws {
        let folder = try TemporaryDirectory()
        try folder.write("empty", "")
        try folder.write("text", String(repeating: "text ", count: 100))
        #expect(mkfifo("\(folder.path)/pipe", 0o600) == 0)
        for (path, words) in [
            ("missing", "No such file"), ("empty", "an empty file"), ("text", "something else"),
            ("pipe", "no regular file"), (".", "no regular file"), ("a\n\u{1B}[2J", "No such file"),
        ] {
            let state = await DatabaseStatus(.sqlite(path: path), root: folder.path).read()
            #expect(state.version == nil && state.sizeBytes == nil)
            #expect(state.problem?.contains(words) == true, "\(state)")
            #expect(state.problem?.unicodeScalars.allSatisfy(PrintableText.isPrintable) == true)
        }
    }
}
