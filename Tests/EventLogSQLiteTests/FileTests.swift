// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import EventLogSQLite
import Foundation
import NodeRuntime
import NodeRuntimeTesting
import Testing

@Suite("The log's file") struct FileTests {
    @Test("All its files are the owner's alone")
    func modes() async throws {
        let directory = try TemporaryDirectory()
        let log = try await directory.open()
        try await log.append(Sample.batches(of: Sample.log(1), count: 1))
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
        #expect(
            names == ["events.lock", "events.sqlite", "events.sqlite-shm", "events.sqlite-wal"])
        for name in names {
            let attributes = try FileManager.default.attributesOfItem(
                atPath: directory.path + "/" + name)
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
        }
        await log.close()
    }

    @Test("A missing state directory is made; one that cannot be is named")
    func directories() async throws {
        let directory = try TemporaryDirectory()
        let log = try SQLiteEventLog(directory: directory.path + "/state")
        await log.close()
        let error = #expect(throws: EventLogError.self) {
            try SQLiteEventLog(directory: directory.path + "/no/such/state")
        }
        #expect(error?.code == .inputOutput)
        #expect(error?.operation.contains("/no/such/state") == true)
    }

    @Test("A second opener is told that the log is busy, until the first closes")
    func secondOpener() async throws {
        let directory = try TemporaryDirectory()
        let log = try await directory.open()
        let error = #expect(throws: EventLogError.self) {
            try SQLiteEventLog(directory: directory.path)
        }
        #expect(error?.code == .busy)
        try await log.append(Sample.batches(of: Sample.log(1), count: 1))
        await log.close()
        let next = try await directory.open()
        #expect(try await next.statistics().eventCount == 1)
        await next.close()
    }

    @Test(
        "A file of another version is refused and left alone",
        arguments: [
            (UInt8(4), EventLogError.Code.schemaTooNew, "expected schema 3 or older, found 4"),
            (2, .schemaTooOld, "expected schema 3, found 2"),
        ])
    func otherSchema(version: UInt8, code: EventLogError.Code, detail: String) async throws {
        let directory = try TemporaryDirectory()
        try await directory.filled(batchCount: 1)
        // The header's user version. Source: sqlite.org/fileformat2.html, 1.3.
        try directory.overwrite(at: 60, with: [0, 0, 0, version])
        let before = try directory.contents()
        let error = #expect(throws: EventLogError.self) {
            try SQLiteEventLog(directory: directory.path)
        }
        #expect(error?.code == code)
        #expect(error?.detail == detail)
        #expect(try directory.contents() == before)
    }

    /// What a disk, an editor or an attacker may leave behind.
    enum Damage: CaseIterable {
        case foreignApplication, text, halfHeader, tornEnd, zeroedPage, emptiedBesideJournal
    }

    @Test("A damaged or foreign file is refused as corrupt", arguments: Damage.allCases)
    func damage(_ damage: Damage) async throws {
        let directory = try TemporaryDirectory()
        try await directory.filled(batchCount: 200)
        let size = try directory.contents().count
        switch damage {
        case .foreignApplication: try directory.overwrite(at: 68, with: [1, 2, 3, 4])
        case .text: try directory.overwrite(at: 0, with: Array("SQLite? No, a letter".utf8))
        case .halfHeader: try directory.truncate(to: 50)
        case .tornEnd: try directory.truncate(to: size / 2 + 700)
        case .zeroedPage:
            // Page 2 is the root of the first table.
            try directory.overwrite(at: 4_096, with: [UInt8](repeating: 0, count: 4_096))
        case .emptiedBesideJournal:
            try directory.truncate(to: 0)
            try Data([1]).write(to: URL(filePath: directory.file + "-wal"))
        }
        let error = #expect(throws: EventLogError.self) {
            try SQLiteEventLog(directory: directory.path)
        }
        #expect(error?.code == .corrupt)
    }

    @Test("What is found damaged while reading is reported, not believed")
    func damageBeyondTheCheck() async throws {
        let directory = try TemporaryDirectory()
        try await directory.filled(batchCount: 200)
        let size = try directory.contents().count
        for page in (size / 8_192)..<(size / 8_192 + 20) {
            try directory.overwrite(
                at: page * 4_096, with: [UInt8](repeating: 0xff, count: 4_096))
        }
        let log = try SQLiteEventLog(directory: directory.path, checkLimit: 0)
        let error = await #expect(throws: EventLogError.self) {
            try await log.batches(afterPosition: 0, limit: 1_000)
        }
        #expect(error?.code == .corrupt)
        await log.close()
    }

    @Test("The write-ahead log is moved away under load, and empty after closing")
    func checkpoints() async throws {
        let directory = try TemporaryDirectory()
        let log = try await directory.open()
        let batches = Sample.batches(
            of: Sample.log(1), count: 200, size: 1, bodyByteCount: 262_144)
        try await log.append(batches)
        let wal = try FileManager.default.attributesOfItem(atPath: directory.file + "-wal")
        #expect(try #require(wal[.size] as? Int) < 40 << 20)
        await log.close()
        let left = try FileManager.default.attributesOfItem(atPath: directory.file + "-wal")
        #expect(left[.size] as? Int == 0)
        #expect(try directory.contents().count > 50 << 20)
    }
}
